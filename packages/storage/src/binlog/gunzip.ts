// Reads gzip files (RFC 1951, 1952) piece by piece, in the turn of whoever reads. Node's own can do that whole, which for a
// part of the log is a gigabyte, or in threads, which the simulation has none of; so this is ours.
import { crc32, FdfsError } from "@fastdfs-ts/protocol";

/** Fills `into` with the next bytes of the file. Returns how many there were, 0 at the end. */
export type ReadNext = (into: Uint8Array) => number;

const INPUT_BYTES = 64 * 1024;
/** How far back a repetition may reach. */
const HISTORY_BYTES = 32 * 1024;
/** Handed out at a time. */
const PIECE_BYTES = 64 * 1024;
const LONGEST_MATCH = 258;
const LONGEST_CODE = 15;

export class Gunzip {
  private readonly pieces: Generator<Buffer, void, void>;

  constructor(readNext: ReadNext) {
    this.pieces = inflateMembers(new BitReader(readNext));
  }

  /** The next piece of content, undefined at the end. Throws FdfsError IO_FAILED for a file that is damaged or cut short. */
  next(): Buffer | undefined {
    const step = this.pieces.next();
    return step.done === true ? undefined : step.value;
  }
}

/** A file is one member after the other. */
function* inflateMembers(bits: BitReader): Generator<Buffer, void, void> {
  do {
    skipHeader(bits);
    let checksum = 0;
    let bytes = 0;
    for (const piece of inflate(bits)) {
      checksum = crc32(checksum, piece);
      bytes += piece.length;
      yield piece;
    }
    bits.alignToByte();
    const isSound = bits.uint32() === checksum >>> 0 && bits.uint32() === bytes % 2 ** 32;
    if (!isSound) throw damaged("the checksum does not fit");
  } while (!bits.isAtEnd);
}

function skipHeader(bits: BitReader): void {
  if (bits.take(8) !== 0x1f || bits.take(8) !== 0x8b || bits.take(8) !== 8) throw damaged("this is no gzip file");
  const flags = bits.take(8);
  for (let i = 0; i < 6; i++) bits.take(8);
  if ((flags & 4) !== 0) for (let left = bits.take(16); left > 0; left--) bits.take(8);
  // A name and a comment, each ended by a NUL.
  for (const flag of [8, 16]) if ((flags & flag) !== 0) while (bits.take(8) !== 0);
  if ((flags & 2) !== 0) bits.take(16);
}

/** The blocks of one member. */
function* inflate(bits: BitReader): Generator<Buffer, void, void> {
  const output = new Output();
  for (let isLast = false; !isLast;) {
    isLast = bits.take(1) === 1;
    const kind = bits.take(2);
    if (kind === 3) throw damaged("an unknown kind of block");
    if (kind === 0) yield* copyStored(bits, output);
    else yield* expand(bits, output, kind === 1 ? fixedCodes : readCodes(bits));
  }
  const rest = output.takePiece();
  if (rest.length > 0) yield rest;
}

function* copyStored(bits: BitReader, output: Output): Generator<Buffer, void, void> {
  bits.alignToByte();
  const length = bits.take(16);
  if ((length ^ 0xffff) !== bits.take(16)) throw damaged("a length does not fit");
  for (let left = length; left > 0; left--) {
    if (output.isFull) yield output.takePiece();
    output.put(bits.take(8));
  }
}

function* expand(bits: BitReader, output: Output, { literals, distances }: Codes): Generator<Buffer, void, void> {
  for (;;) {
    if (output.isFull) yield output.takePiece();
    const symbol = bits.symbol(literals);
    if (symbol < 256) output.put(symbol);
    else if (symbol === 256) return;
    else {
      const at = symbol - 257;
      if (at >= lengthBases.length) throw damaged("an unknown length");
      const length = lengthBases[at]! + bits.take(lengthExtraBits[at]!);
      const far = bits.symbol(distances);
      if (far >= distanceBases.length) throw damaged("an unknown distance");
      output.repeat(distanceBases[far]! + bits.take(distanceExtraBits[far]!), length);
    }
  }
}

/** What was expanded: the last 32 KiB may be repeated, what comes behind was not handed out yet. */
class Output {
  private readonly memory = Buffer.allocUnsafeSlow(HISTORY_BYTES + PIECE_BYTES + LONGEST_MATCH);
  private taken = 0;
  private end = 0;

  get isFull(): boolean {
    return this.end - this.taken >= PIECE_BYTES;
  }

  put(byte: number): void {
    this.memory[this.end++] = byte;
  }

  repeat(distance: number, length: number): void {
    if (distance > this.end) throw damaged("a repetition of what was not there");
    for (let i = 0; i < length; i++) this.memory[this.end] = this.memory[this.end++ - distance]!;
  }

  takePiece(): Buffer {
    const piece = Buffer.from(this.memory.subarray(this.taken, this.end));
    const from = Math.max(0, this.end - HISTORY_BYTES);
    this.memory.copyWithin(0, from, this.end);
    this.end -= from;
    this.taken = this.end;
    return piece;
  }
}

class BitReader {
  private readonly readNext: ReadNext;
  private readonly input = Buffer.allocUnsafeSlow(INPUT_BYTES);
  private at = 0;
  private end = 0;
  private bits = 0;
  private count = 0;

  constructor(readNext: ReadNext) {
    this.readNext = readNext;
  }

  /** Between members: whether nothing follows. Zeros at the end of a file are filling. */
  get isAtEnd(): boolean {
    for (;;) {
      if (this.at === this.end && !this.fill()) return true;
      if (this.input[this.at] !== 0) return false;
      this.at++;
    }
  }

  /** `count` bits, at most 16, the first one lowest. */
  take(count: number): number {
    this.need(count);
    const value = this.bits & ((1 << count) - 1);
    this.bits >>>= count;
    this.count -= count;
    return value;
  }

  uint32(): number {
    const low = this.take(16);
    return low + this.take(16) * 0x1_0000;
  }

  /** Forgets the rest of a byte. */
  alignToByte(): void {
    this.take(this.count % 8);
    // Whole bytes that were looked at ahead belong to what follows.
    this.at -= this.count / 8;
    this.bits = 0;
    this.count = 0;
  }

  /** The next symbol of a code. */
  symbol(code: Code): number {
    // Near the end of the file a short code may be all there is.
    while (this.count < code.bits && this.addByte());
    const entry = code.table[this.bits & ((1 << code.bits) - 1)]!;
    const length = entry & 15;
    if (length === 0 || length > this.count) throw damaged(length === 0 ? "an unknown symbol" : "it is cut short");
    this.bits >>>= length;
    this.count -= length;
    return entry >> 4;
  }

  private need(count: number): void {
    while (this.count < count) if (!this.addByte()) throw damaged("it is cut short");
  }

  private addByte(): boolean {
    if (this.at === this.end && !this.fill()) return false;
    this.bits |= this.input[this.at++]! << this.count;
    this.count += 8;
    return true;
  }

  /** Keeps the last bytes, so that those looked at ahead can be given back. */
  private fill(): boolean {
    const kept = Math.min(this.end, 4);
    this.input.copyWithin(0, this.end - kept, this.end);
    const bytes = this.readNext(this.input.subarray(kept));
    this.at = kept;
    this.end = kept + bytes;
    return bytes > 0;
  }
}

/** A prefix code as a table: the next `bits` bits lead to symbol and length, 0 to no symbol. */
interface Code {
  readonly bits: number;
  readonly table: Uint16Array;
}

interface Codes {
  readonly literals: Code;
  readonly distances: Code;
}

/** The code whose symbols have these lengths (RFC 1951 §3.2.2). */
function codeOf(lengths: readonly number[]): Code {
  const bits = Math.max(1, ...lengths);
  const counts = new Array<number>(LONGEST_CODE + 2).fill(0);
  for (const length of lengths) if (length > 0) counts[length]!++;
  const next: number[] = [0, 0];
  for (let length = 1; length <= LONGEST_CODE; length++) {
    next[length + 1] = (next[length]! + counts[length]!) << 1;
    if (next[length]! + counts[length]! > 1 << length) throw damaged("a code with too many symbols");
  }
  const table = new Uint16Array(1 << bits);
  lengths.forEach((length, symbol) => {
    if (length === 0) return;
    const code = reversed(next[length]!++, length);
    for (let at = code; at < table.length; at += 1 << length) table[at] = (symbol << 4) | length;
  });
  return { bits, table };
}

function reversed(code: number, length: number): number {
  let result = 0;
  for (let i = 0; i < length; i++) result |= ((code >> i) & 1) << (length - 1 - i);
  return result;
}

/** The codes of a block that brings its own (RFC 1951 §3.2.7). */
function readCodes(bits: BitReader): Codes {
  const literals = bits.take(5) + 257;
  const distances = bits.take(5) + 1;
  const lengthCount = bits.take(4) + 4;
  const lengthLengths = new Array<number>(19).fill(0);
  for (let i = 0; i < lengthCount; i++) lengthLengths[lengthOrder[i]!] = bits.take(3);
  const code = codeOf(lengthLengths);
  const lengths: number[] = [];
  while (lengths.length < literals + distances) {
    const symbol = bits.symbol(code);
    if (symbol < 16) lengths.push(symbol);
    else {
      const before = symbol === 16 ? lengths.at(-1) : 0;
      if (before === undefined) throw damaged("a repetition of no length");
      const times = symbol === 16 ? 3 + bits.take(2) : symbol === 17 ? 3 + bits.take(3) : 11 + bits.take(7);
      for (let i = 0; i < times; i++) lengths.push(before);
    }
  }
  if (lengths.length > literals + distances) throw damaged("too many lengths");
  return { literals: codeOf(lengths.slice(0, literals)), distances: codeOf(lengths.slice(literals)) };
}

const lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15] as const;
// prettier-ignore
const lengthBases = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
// prettier-ignore
const lengthExtraBits = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
// prettier-ignore
const distanceBases = [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577];
// prettier-ignore
const distanceExtraBits = [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13];

const fixedCodes: Codes = {
  literals: codeOf(Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8))),
  distances: codeOf(new Array<number>(30).fill(5)),
};

function damaged(reason: string): FdfsError {
  return new FdfsError("IO_FAILED", { reason: `a compressed part of the log is damaged: ${reason}` });
}
