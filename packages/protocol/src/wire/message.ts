// A message is a list of fields: fixed ones first, variable ones behind, and behind a variable one that has no length
// field perhaps fixed ones again (they are found from the end of the body). Decoder, encoder, total size, TypeScript
// type and the page in PROTOCOL.md come from that one list, so they cannot disagree.
import { FdfsError } from "../errors.ts";
import type { AnyField, ComputedField, FixedField, LengthField, RecordShape, VariableField } from "./fields.ts";

export type Fields = Record<string, AnyField>;

type ValueOf<F> = F extends FixedField<infer T> ? T : F extends VariableField<infer T> ? T : never;

/** The value of a message: its fields without the computed ones (lengths, counts, padding). */
export type ShapeOf<F extends Fields> = {
  -readonly [K in keyof F as F[K] extends ComputedField ? never : K]: ValueOf<F[K]>;
};

export type MessageOf<M> = M extends Message<infer T> ? T : never;

export interface Message<T> extends RecordShape<T> {
  readonly name: string;
  readonly fields: Fields;
  /** Bytes of the fixed part. */
  readonly fixedSize: number;
  /** Smallest and largest body (without file content) that can be valid. */
  readonly minSize: number;
  readonly maxSize: number;
  /** Decodes a whole body. Throws FdfsError BAD_REQUEST if it is too short, too long or a length does not add up. */
  decode(body: Buffer): T;
  /**
   * Bytes of the message at the start of a longer body that goes on with file content, computed from the fixed part
   * (`fixedSize` bytes must be there). Only for messages whose variable parts all have a length field.
   */
  headSize(from: Buffer): number;
  /** Encodes into a fresh buffer. Throws FdfsError BAD_REQUEST if a value does not fit its field. */
  encode(value: T): Buffer;
  /** Bytes that `encode` of this value takes. */
  sizeOf(value: T): number;
}

interface FixedRow {
  readonly name: string;
  readonly offset: number;
  readonly field: FixedField<unknown> | ComputedField;
}

interface VariableRow {
  readonly name: string;
  readonly field: VariableField<unknown>;
  /** The field that says how long this part is; without one it runs to the end of the body. */
  readonly length: (LengthField & { readonly offset: number }) | undefined;
}

/** Builds a message from its table of fields. Throws a TypeError if the table itself is wrong. */
export function message<const F extends Fields>(name: string, fields: F): Message<ShapeOf<F>> {
  const { fixedRows, variableRows, trailingRows, fixedSize, trailingSize } = layOut(name, fields);
  const { minSize, maxSize } = bounds(variableRows, fixedSize + trailingSize);

  const decodeFixed = (from: Buffer, at: number): Record<string, unknown> => {
    const out: Record<string, unknown> = {};
    readRows(fixedRows, from, at, out);
    return out;
  };

  const self: Message<Record<string, unknown>> = {
    name,
    fields,
    fixedSize,
    minSize,
    maxSize,

    decode(body) {
      if (body.length < minSize || body.length > maxSize) {
        throw malformed(
          name,
          `${body.length} bytes, but ${minSize === maxSize ? minSize : `${minSize} to ${maxSize}`} are possible`,
        );
      }
      const out = decodeFixed(body, 0);
      const end = body.length - trailingSize;
      let at = fixedSize;
      for (const row of variableRows) {
        const length = row.length === undefined ? end - at : readLength(name, row.length, body);
        if (at + length > end || length < row.field.min || length > row.field.max) {
          throw malformed(name, `${row.name} of ${length} bytes does not fit`);
        }
        out[row.name] = row.field.read(body, at, length);
        at += length;
      }
      if (at !== end) throw malformed(name, `${end - at} bytes too many`);
      readRows(trailingRows, body, end, out);
      checkCounts(name, fixedRows, body, out);
      return out;
    },

    headSize(from) {
      let size = fixedSize;
      for (const row of variableRows) {
        if (row.length === undefined) throw new TypeError(`${name}.${row.name} has no length field`);
        size += readLength(name, row.length, from);
      }
      return size;
    },

    decodeAt(from, at) {
      if (from.length < at + fixedSize) throw malformed(name, "cut short");
      return decodeFixed(from, at);
    },

    sizeOf(value) {
      let size = fixedSize + trailingSize;
      for (const row of variableRows) size += row.field.measure(value[row.name]);
      return size;
    },

    encode(value) {
      const out = Buffer.allocUnsafe(self.sizeOf(value));
      self.encodeInto(out, 0, value);
      return out;
    },

    encodeInto(into, at, value) {
      writeRows(fixedRows, into, at, value);
      let end = at + fixedSize;
      for (const row of variableRows) {
        const length = row.field.measure(value[row.name]);
        if (length < row.field.min || length > row.field.max)
          throw malformed(name, `${row.name} of ${length} bytes does not fit`);
        if (row.length !== undefined) {
          into.writeInt32BE(0, at + row.length.offset);
          into.writeUInt32BE(length, at + row.length.offset + 4);
        }
        row.field.write(into, end, value[row.name]);
        end += length;
      }
      writeRows(trailingRows, into, end, value);
    },
  };
  return self as unknown as Message<ShapeOf<F>>;
}

/** A body that must be empty. */
export const Empty = message("Empty", {});

function layOut(name: string, fields: Fields) {
  const fixedRows: FixedRow[] = [];
  const variableRows: VariableRow[] = [];
  const trailingRows: FixedRow[] = [];
  const lengths = new Map<string, LengthField & { offset: number }>();
  let fixedSize = 0;
  let trailingSize = 0;
  for (const [key, field] of Object.entries(fields)) {
    if (field.part === "variable") {
      if (trailingRows.length > 0) throw new TypeError(`${name}.${key}: a variable field behind a trailing one`);
      variableRows.push({ name: key, field, length: lengths.get(key) });
      lengths.delete(key);
    } else if (variableRows.length === 0) {
      if (field.part === "length") lengths.set(field.of, { ...field, offset: fixedSize });
      fixedRows.push({ name: key, offset: fixedSize, field });
      fixedSize += field.size;
    } else {
      if (field.part === "length" || field.part === "count") throw new TypeError(`${name}.${key}: must come first`);
      trailingRows.push({ name: key, offset: trailingSize, field });
      trailingSize += field.size;
    }
  }
  if (lengths.size > 0) throw new TypeError(`${name}: length of unknown field ${[...lengths.keys()].join(", ")}`);
  if (variableRows.slice(0, -1).some((row) => row.length === undefined)) {
    throw new TypeError(`${name}: only the last variable field may run to the end`);
  }
  for (const { field } of fixedRows) {
    if (field.part === "count" && fields[field.of]?.part !== "variable") {
      throw new TypeError(`${name}: count of unknown list ${field.of}`);
    }
  }
  return { fixedRows, variableRows, trailingRows, fixedSize, trailingSize };
}

function readRows(rows: readonly FixedRow[], from: Buffer, at: number, out: Record<string, unknown>): void {
  for (const { name, offset, field } of rows) {
    if (field.part === "fixed") out[name] = field.read(from, at + offset);
  }
}

function writeRows(rows: readonly FixedRow[], into: Buffer, at: number, value: Record<string, unknown>): void {
  for (const { name, offset, field } of rows) {
    if (field.part === "fixed") field.write(into, at + offset, value[name]);
    else if (field.part === "count") field.write(into, at + offset, (value[field.of] as unknown[]).length);
    else if (field.part === "padding") into.fill(0, at + offset, at + offset + field.size);
  }
}

function checkCounts(name: string, rows: readonly FixedRow[], from: Buffer, out: Record<string, unknown>): void {
  for (const { offset, field } of rows) {
    if (field.part !== "count") continue;
    const said = field.read(from, offset);
    const found = (out[field.of] as unknown[]).length;
    if (said !== found) throw malformed(name, `${said} ${field.of} are announced, ${found} are there`);
  }
}

function bounds(variableRows: VariableRow[], fixedSize: number) {
  let minSize = fixedSize;
  let maxSize = fixedSize;
  for (const { field, length } of variableRows) {
    minSize += Math.max(field.min, length?.min ?? 0);
    maxSize += Math.min(field.max, length?.max ?? Infinity);
  }
  return { minSize, maxSize };
}

function readLength(name: string, field: LengthField & { offset: number }, from: Buffer): number {
  const length = from.readInt32BE(field.offset) * 0x1_0000_0000 + from.readUInt32BE(field.offset + 4);
  if (length < field.min || length > field.max) {
    throw malformed(name, `${field.of} is said to have ${length} bytes, ${field.min} to ${field.max} are possible`);
  }
  return length;
}

function malformed(name: string, reason: string): FdfsError {
  return new FdfsError("BAD_REQUEST", { reason: `${name}: ${reason}` });
}
