// The kinds of fields that messages are made of. A field knows its size, how it is read and how it is written; the
// encoder, the decoder, the TypeScript type, the manual and the property tests all follow from it.
import { FdfsError } from "../errors.ts";
import { MAX_BODY_BYTES } from "../limits.ts";

/** A field of known size. */
export interface FixedField<T> {
  readonly part: "fixed";
  readonly kind: string;
  readonly size: number;
  readonly doc: string;
  /** The record this field consists of, if it is one. */
  readonly record?: RecordShape<unknown>;
  read(from: Buffer, at: number): T;
  write(into: Buffer, at: number, value: T): void;
}

/** The i64 that carries the length of a variable part. It is computed, so it is not part of the message's type. */
export interface LengthField {
  readonly part: "length";
  readonly kind: string;
  readonly size: 8;
  readonly of: string;
  readonly min: number;
  readonly max: number;
  readonly doc: string;
}

/** The number of items of the list named `of`. Computed like a length; a count that does not add up is refused. */
export interface CountField {
  readonly part: "count";
  readonly kind: string;
  readonly size: 1 | 4 | 8;
  readonly of: string;
  readonly doc: string;
  read(from: Buffer, at: number): number;
  write(into: Buffer, at: number, value: number): void;
}

/** Bytes without a meaning: written as zeros, ignored when read, not part of the message's type. */
export interface PaddingField {
  readonly part: "padding";
  readonly kind: string;
  readonly size: number;
  readonly doc: string;
}

/** A part behind the fixed fields whose length is given by a LengthField, or that runs to the end of the body. */
export interface VariableField<T> {
  readonly part: "variable";
  readonly kind: string;
  readonly doc: string;
  /** Allowed number of bytes. Other lengths are a malformed request. */
  readonly min: number;
  readonly max: number;
  /** The record this field repeats or may hold, if any. */
  readonly record?: RecordShape<unknown>;
  measure(value: T): number;
  read(from: Buffer, at: number, length: number): T;
  write(into: Buffer, at: number, value: T): void;
}

/** Fields that the encoder fills in by itself. */
export type ComputedField = LengthField | CountField | PaddingField;

export type AnyField = FixedField<unknown> | ComputedField | VariableField<unknown>;

export const u8 = (doc: string): FixedField<number> => ({
  part: "fixed",
  kind: "u8",
  size: 1,
  doc,
  read: (from, at) => from[at] ?? 0,
  write: (into, at, value) => void into.writeUInt8(inRange(value, 0, 0xff), at),
});

export const i8 = (doc: string): FixedField<number> => ({
  part: "fixed",
  kind: "i8",
  size: 1,
  doc,
  read: (from, at) => from.readInt8(at),
  write: (into, at, value) => void into.writeInt8(inRange(value, -0x80, 0x7f), at),
});

/** One byte, 0 or 1; any other value reads as true. */
export const flag = (doc: string): FixedField<boolean> => ({
  part: "fixed",
  kind: "flag",
  size: 1,
  doc,
  read: (from, at) => from[at] !== 0,
  write: (into, at, value) => void into.writeUInt8(value ? 1 : 0, at),
});

/** One ASCII character. */
export const letter = (doc: string): FixedField<string> => ({
  part: "fixed",
  kind: "letter",
  size: 1,
  doc,
  read: (from, at) => String.fromCharCode(from[at] ?? 0),
  write: (into, at, value) => void into.writeUInt8(value.charCodeAt(0) & 0xff, at),
});

export const i32 = (doc: string): FixedField<number> => ({
  part: "fixed",
  kind: "i32",
  size: 4,
  doc,
  read: (from, at) => from.readInt32BE(at),
  write: (into, at, value) => void into.writeInt32BE(inRange(value, -0x8000_0000, 0x7fff_ffff), at),
});

/**
 * A 64-bit number as a JavaScript number. Two 32-bit words: going through BigInt doubles the cost of a header. Values
 * beyond 2^53 lose their low bits, which no check of a length or count minds; the size word of a file name is never
 * read this way.
 */
export function readI64(from: Buffer, at: number): number {
  return from.readInt32BE(at) * 0x1_0000_0000 + from.readUInt32BE(at + 4);
}

/** Writes an integer between -2^63 and 2^63 as 8 bytes. */
export function writeI64(into: Buffer, at: number, value: number): void {
  const high = Math.floor(value / 0x1_0000_0000);
  into.writeInt32BE(high, at);
  into.writeUInt32BE(value - high * 0x1_0000_0000, at + 4);
}

export const i64 = (doc: string): FixedField<number> => ({
  part: "fixed",
  kind: "i64",
  size: 8,
  doc,
  read: readI64,
  write: (into, at, value) => writeI64(into, at, inRange(value, -(2 ** 63), 2 ** 63 - 1024)),
});

/** An i64 that holds a size or an offset: a negative one is a malformed message. */
export const size64 = (doc: string): FixedField<number> => ({
  part: "fixed",
  kind: "i64 >= 0",
  size: 8,
  doc,
  read: (from, at) => inRange(readI64(from, at), 0, 2 ** 63),
  write: (into, at, value) => writeI64(into, at, inRange(value, 0, 2 ** 63 - 1024)),
});

/** A CRC32 as C sends it: 32 bits, sign-extended to an i64. Read and written as an unsigned number. */
export const crc64 = (doc: string): FixedField<number> => ({
  part: "fixed",
  kind: "crc32 in i64",
  size: 8,
  doc,
  read: (from, at) => from.readUInt32BE(at + 4),
  write(into, at, value) {
    into.writeUInt32BE(inRange(value, 0, 0xffff_ffff), at + 4);
    into.writeInt32BE(value > 0x7fff_ffff ? -1 : 0, at);
  },
});

/** `size` bytes without a meaning. */
export const padding = (size: number, doc: string): PaddingField => ({
  part: "padding",
  kind: `padding(${size})`,
  size,
  doc,
});

/** Text in a field of `size` bytes, cut at the first NUL when read, zero-filled when written (wire-protocol.md §1.2). */
export const text = (size: number, doc: string): FixedField<string> => ({
  part: "fixed",
  kind: `text(${size})`,
  size,
  doc,
  read: (from, at) => readText(from, at, size),
  write(into, at, value) {
    // Refuse rather than cut: a silently shortened group name is another group.
    if (value.length > size) throw badText(`"${value}" is longer than ${size} bytes`);
    into.fill(0, at + writeLatin1(into, at, value), at + size);
  },
});

/** Reads the text of a fixed field: everything before the first NUL. */
export function readText(from: Buffer, at: number, size: number): string {
  let end = at;
  while (end < at + size && from[end] !== 0) end++;
  return from.toString("latin1", at, end);
}

/** The length in bytes of the variable part named `of`. Lengths outside min..max are refused when decoding. */
export const lengthOf = (of: string, doc: string, min = 0, max = MAX_BODY_BYTES): LengthField => ({
  part: "length",
  kind: "i64",
  size: 8,
  of,
  min,
  max,
  doc,
});

/** How many items the list named `of` has, as a u8, i32 or i64. */
export const countOf = (of: string, size: 1 | 4 | 8, doc: string): CountField => {
  const number = size === 1 ? u8(doc) : size === 4 ? i32(doc) : i64(doc);
  const read = (from: Buffer, at: number): number => number.read(from, at);
  const write = (into: Buffer, at: number, value: number): void => number.write(into, at, value);
  return { part: "count", kind: number.kind, size, of, doc, read, write };
};

/** Text that runs to the end of the body, or as far as its LengthField says. One byte per character (latin1). */
export const variableText = (doc: string, min = 0, max = MAX_BODY_BYTES): VariableField<string> => ({
  part: "variable",
  kind: "text",
  doc,
  min,
  max,
  measure: (value) => value.length,
  read: (from, at, length) => from.toString("latin1", at, at + length),
  write: (into, at, value) => void writeLatin1(into, at, value),
});

/** Bytes that run to the end of the body, or as far as their LengthField says. Copied: the memory of a frame is only lent. */
export const variableBytes = (doc: string, min = 0, max = MAX_BODY_BYTES): VariableField<Buffer> => ({
  part: "variable",
  kind: "bytes",
  doc,
  min,
  max,
  measure: (value) => value.length,
  read: (from, at, length) => Buffer.from(from.subarray(at, at + length)),
  write: (into, at, value) => into.set(value, at),
});

/** What a list of records needs to know of a message. */
export interface RecordShape<T> {
  readonly name: string;
  readonly fixedSize: number;
  decodeAt(from: Buffer, at: number): T;
  encodeInto(into: Buffer, at: number, value: T): void;
}

/** Records of a fixed size, one after the other, to the end of the body. */
export const listOf = <T>(
  record: RecordShape<T>,
  doc: string,
  minCount = 0,
  maxCount = 65_535,
): VariableField<T[]> => ({
  part: "variable",
  kind: `list of ${record.name}`,
  doc,
  min: minCount * record.fixedSize,
  max: maxCount * record.fixedSize,
  record,
  measure: (value) => value.length * record.fixedSize,
  read(from, at, length) {
    if (length % record.fixedSize !== 0)
      throw badText(`${length} bytes are not a whole number of ${record.name} (${record.fixedSize} bytes each)`);
    const list: T[] = [];
    for (let offset = at; offset < at + length; offset += record.fixedSize) list.push(record.decodeAt(from, offset));
    return list;
  },
  write(into, at, value) {
    let offset = at;
    for (const item of value) {
      record.encodeInto(into, offset, item);
      offset += record.fixedSize;
    }
  },
});

/** One record or nothing at the end of the body. */
export const optional = <T>(record: RecordShape<T>, doc: string): VariableField<T | undefined> => ({
  part: "variable",
  kind: `${record.name} or nothing`,
  doc,
  min: 0,
  max: record.fixedSize,
  record,
  measure: (value) => (value === undefined ? 0 : record.fixedSize),
  read(from, at, length) {
    if (length === 0) return undefined;
    if (length !== record.fixedSize) throw badText(`${length} bytes for a ${record.name} of ${record.fixedSize}`);
    return record.decodeAt(from, at);
  },
  write(into, at, value) {
    if (value !== undefined) record.encodeInto(into, at, value);
  },
});

/** A flag at the end of the body that old peers leave out; without it the value is false. Always written. */
export const optionalFlag = (doc: string): VariableField<boolean> => ({
  part: "variable",
  kind: "flag or nothing",
  doc,
  min: 0,
  max: 1,
  measure: () => 1,
  read: (from, at, length) => length === 1 && from[at] !== 0,
  write: (into, at, value) => void into.writeUInt8(value ? 1 : 0, at),
});

/** Lines of text, each ended by a line feed. An unfinished last line is refused. */
export const lines = (doc: string, max = MAX_BODY_BYTES): VariableField<string[]> => ({
  part: "variable",
  kind: "lines",
  doc,
  min: 0,
  max,
  measure: (value) => value.reduce((sum, line) => sum + line.length + 1, 0),
  read(from, at, length) {
    const list = from.toString("latin1", at, at + length).split("\n");
    if (list.pop() !== "") throw badText("the last line has no line feed");
    return list;
  },
  write(into, at, value) {
    let offset = at;
    for (const line of value) {
      if (line.includes("\n")) throw badText(`"${line}" is more than one line`);
      offset += writeLatin1(into, offset, line);
      into[offset++] = 0x0a;
    }
  },
});

/** A record inside another message, as one field. */
export const nested = <T>(record: RecordShape<T>, doc: string): FixedField<T> => ({
  part: "fixed",
  kind: record.name,
  size: record.fixedSize,
  doc,
  record,
  read: (from, at) => record.decodeAt(from, at),
  write: (into, at, value) => record.encodeInto(into, at, value),
});

function writeLatin1(into: Buffer, at: number, value: string): number {
  for (let i = 0; i < value.length; i++) {
    if (value.charCodeAt(i) > 0xff) throw badText(`"${value}" has a character that is not one byte`);
  }
  return into.write(value, at, "latin1");
}

/** A wrong number from the caller must not surface as the RangeError of Buffer. */
function inRange(value: number, min: number, max: number): number {
  if (!Number.isInteger(value) || value < min || value > max) throw badText(`${value} does not fit ${min} to ${max}`);
  return value;
}

function badText(reason: string): FdfsError {
  return new FdfsError("BAD_REQUEST", { reason });
}
