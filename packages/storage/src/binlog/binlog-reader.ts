// Reads the operation log from a place on, record by record, and goes on with what is appended later. A line is handed
// out once its line feed is there: what a writer is in the middle of, or what a crash cut short, is not a record.
import { FdfsError, MAX_BINLOG_LINE_BYTES } from "@fastdfs-ts/protocol";
import type { Disk } from "@fastdfs-ts/runtime";

import { type BinlogPart, binlogPartNumbers, hasBinlogPart, openBinlogPart } from "./binlog-part.ts";
import type { BinlogPosition } from "./binlog-position.ts";
import { type BinlogRecord, parseBinlogRecord } from "./binlog-record.ts";

/** Read at once. */
const PIECE_BYTES = 256 * 1024;
const LINE_FEED = 0x0a;

interface Place {
  readonly at: BinlogPosition;
  /** Where the next line begins. */
  readonly after: BinlogPosition;
}

export type BinlogEntry =
  | (Place & { readonly kind: "record"; readonly record: BinlogRecord })
  /** Something else than a record; `reason` says what, with the beginning of the line. */
  | (Place & { readonly kind: "unreadable"; readonly reason: string });

export class BinlogReader {
  private readonly disk: Disk;
  private readonly folder: string;
  private part: BinlogPart | undefined;
  private partNumber: number;
  /** In the part: where the next line begins. */
  private offset: number;
  /** The parts that there were at the start: from then on each follows the one before. */
  private readonly numbersAtStart: readonly number[];
  private readonly piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
  /** What `piece` holds of the part: from `offset` on, `pieceAt` to `pieceEnd`. */
  private pieceAt = 0;
  private pieceEnd = 0;

  private constructor(disk: Disk, folder: string, partNumber: number, offset: number) {
    this.disk = disk;
    this.folder = folder;
    this.partNumber = partNumber;
    this.offset = offset;
    this.numbersAtStart = binlogPartNumbers(disk, folder);
  }

  /**
   * A reader of the log in `folder` that begins at `position`. In the middle of a line it begins with that line, behind
   * the end of the log (which lost its tail in a power cut) at the end. Throws FdfsError IO_FAILED.
   */
  static open(disk: Disk, folder: string, position: BinlogPosition): BinlogReader {
    try {
      const reader = new BinlogReader(disk, folder, position.part, position.offset);
      reader.findStart();
      return reader;
    } catch (error) {
      throw FdfsError.fromUnknown(error, { path: folder });
    }
  }

  /** Where the entry begins that `next` hands out next. */
  get position(): BinlogPosition {
    return { part: this.partNumber, offset: this.offset };
  }

  /** Goes on at `position`, the beginning of a line that is not before the present one: what lies between is known. */
  goTo({ part, offset }: BinlogPosition): void {
    if (part !== this.partNumber) this.moveTo(part);
    if (offset === this.offset) return;
    this.offset = offset;
    this.pieceAt = 0;
    this.pieceEnd = 0;
  }

  /**
   * The next entry, or undefined at the end of what is written; later calls see what was appended. Throws FdfsError
   * IO_FAILED; then the place stays.
   */
  next(): BinlogEntry | undefined {
    for (;;) {
      const end = this.pieceAt < this.pieceEnd ? this.piece.indexOf(LINE_FEED, this.pieceAt) : -1;
      if (end >= 0 && end < this.pieceEnd) return this.take(end);
      const more = this.reading(() => this.fill());
      if (more === "read") continue;
      if (more === "end") return undefined;
      return more;
    }
  }

  /** May be called twice. */
  close(): void {
    this.part?.close();
    this.part = undefined;
  }

  /** The line that ends at `end` in the piece. */
  private take(end: number): BinlogEntry {
    const from = this.pieceAt;
    const at = this.position;
    this.offset += end + 1 - from;
    this.pieceAt = end + 1;
    const place = { at, after: this.position };
    // What cannot be a record may be as long as the piece.
    const line = this.piece.toString("latin1", from, Math.min(end, from + MAX_BINLOG_LINE_BYTES));
    try {
      return { kind: "record", ...place, record: parseBinlogRecord(line) };
    } catch (error) {
      return { kind: "unreadable", ...place, reason: FdfsError.fromUnknown(error).facts.reason ?? "no record" };
    }
  }

  /**
   * Reads on from the beginning of the next line. Anew from there at each time, because the writer replaces what it could
   * not write whole.
   */
  private fill(): "read" | "end" | BinlogEntry {
    this.part ??= openBinlogPart(this.disk, this.folder, this.partNumber);
    if (this.part === undefined) return this.skipTo(this.followingPart(), "this part of the log is missing");
    const bytes = this.part.read(this.piece, this.offset);
    this.pieceAt = 0;
    this.pieceEnd = bytes;
    if (this.piece.subarray(0, bytes).includes(LINE_FEED)) return "read";
    if (bytes === this.piece.length) return this.skipPiece();
    const next = this.followingPart();
    if (next === undefined) {
      this.pieceEnd = 0;
      return "end";
    }
    if (bytes > 0) return this.skipTo(next, "the last line of this part is cut short");
    this.moveTo(next);
    return "read";
  }

  /** More without a line feed than any line is long. */
  private skipPiece(): BinlogEntry {
    const at = this.position;
    this.offset += this.pieceEnd;
    this.pieceEnd = 0;
    return { kind: "unreadable", at, after: this.position, reason: `${this.piece.length} bytes without a line feed` };
  }

  private skipTo(part: number | undefined, reason: string): "end" | BinlogEntry {
    if (part === undefined) return "end";
    const at = this.position;
    this.moveTo(part);
    return { kind: "unreadable", at, after: this.position, reason };
  }

  private moveTo(part: number): void {
    this.close();
    this.partNumber = part;
    this.offset = 0;
    this.pieceAt = 0;
    this.pieceEnd = 0;
  }

  /** The part behind this one, once it has been begun: then this one does not grow any more. */
  private followingPart(): number | undefined {
    const number = this.numbersAtStart.find((each) => each > this.partNumber) ?? this.partNumber + 1;
    return hasBinlogPart(this.disk, this.folder, number) ? number : undefined;
  }

  /** Puts a start that is no beginning of a line right. */
  private findStart(): void {
    const last = this.numbersAtStart.at(-1) ?? 0;
    const isBehindAll = this.partNumber > last;
    if (isBehindAll) this.partNumber = last;
    if (this.offset === 0 && !isBehindAll) return;
    this.part = openBinlogPart(this.disk, this.folder, this.partNumber);
    if (this.part === undefined) this.offset = 0;
    else this.offset = lineStart(this.part, isBehindAll ? this.part.end() : this.offset, this.piece);
  }

  private reading<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw FdfsError.fromUnknown(error, { path: `${this.folder}, part ${this.partNumber} of the binlog` });
    }
  }
}

/** The beginning of the line in which `offset` lies; behind the end of the part, the end. */
function lineStart(part: BinlogPart, offset: number, into: Buffer): number {
  const from = Math.max(0, offset - MAX_BINLOG_LINE_BYTES);
  const before = into.subarray(0, part.read(into.subarray(0, offset - from), from));
  // Only now, because finding the end of a compressed part takes long.
  if (from + before.length < offset) return lineStart(part, part.end(), into);
  const feed = before.lastIndexOf(LINE_FEED);
  // No line is that long: what begins here is unreadable, wherever it begins.
  return feed < 0 && from > 0 ? offset : from + feed + 1;
}
