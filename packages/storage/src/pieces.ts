// C moves the content of files in pieces of its network buffer, the first of which also holds what stands in front of
// the content, and counts every piece as one read or write. Ours are of other sizes; C's are what is counted, so that
// the numbers of a group mean the same whichever implementation its members run.
import { HEADER_BYTES } from "@fastdfs-ts/protocol";
import type { StorageStatistics } from "./stats.ts";

/** C's default of buff_size. */
const PIECE_BYTES = 256 * 1024;

/** Into how many pieces C cuts `contentBytes` behind `frontBytes` of header and head. No content is one empty piece. */
function pieceCount(frontBytes: number, contentBytes: number): number {
  return Math.max(1, Math.ceil((frontBytes + contentBytes) / PIECE_BYTES));
}

/** Content on its way: which of C's pieces are complete. */
class Pieces {
  private readonly frontBytes: number;
  private readonly contentBytes: number;
  private complete = 0;

  constructor(frontBytes: number, contentBytes: number) {
    this.frontBytes = frontBytes;
    this.contentBytes = contentBytes;
  }

  /** How many more are complete now that the first `doneBytes` of the content are through. */
  advance(doneBytes: number): number {
    const before = this.complete;
    const { frontBytes, contentBytes } = this;
    this.complete =
      doneBytes === contentBytes
        ? pieceCount(frontBytes, contentBytes)
        : Math.floor((frontBytes + doneBytes) / PIECE_BYTES);
    return this.complete - before;
  }

  /** Whether none is complete yet. */
  get isFirst(): boolean {
    return this.complete === 0;
  }

  /** Bytes of content in the complete ones. */
  get completeBytes(): number {
    return Math.max(0, this.complete * PIECE_BYTES - this.frontBytes);
  }

  /** Where the piece under way ends, with everything in front of it. */
  get endBytes(): number {
    return Math.min((this.complete + 1) * PIECE_BYTES, this.frontBytes + this.contentBytes);
  }
}

/** Counts the writes of a file whose content comes in a request. C opens it when the first piece is there. */
export class CountedWrites extends Pieces {
  private readonly statistics: StorageStatistics;

  constructor(statistics: StorageStatistics, frontBytes: number, contentBytes: number) {
    super(frontBytes, contentBytes);
    this.statistics = statistics;
  }

  /** The first `doneBytes` of the content are written. */
  written(doneBytes: number): void {
    const { statistics, isFirst } = this;
    const more = this.advance(doneBytes);
    if (more === 0) return;
    if (isFirst) countOpen(statistics);
    statistics.totalFileWriteCount += more;
    statistics.successFileWriteCount += more;
  }

  /** The disk refused the piece under way. */
  failed(): void {
    if (this.isFirst) countOpen(this.statistics);
    this.statistics.totalFileWriteCount++;
  }
}

/** Counts the reads of a file that leaves piece by piece, once it is open. */
export class CountedReads extends Pieces {
  private readonly statistics: StorageStatistics;

  constructor(statistics: StorageStatistics, contentBytes: number) {
    super(HEADER_BYTES, contentBytes);
    this.statistics = statistics;
    countOpen(statistics);
  }

  /** The first `doneBytes` of the content are read. */
  read(doneBytes: number): void {
    countReads(this.statistics, this.advance(doneBytes));
  }

  /** The disk refused the piece under way. */
  failed(): void {
    this.statistics.totalFileReadCount++;
  }
}

/** A file was opened and read from its beginning to its end. */
export function countReadFile(statistics: StorageStatistics, bytes: number): void {
  countOpen(statistics);
  countReads(statistics, pieceCount(HEADER_BYTES, bytes));
}

export function countOpen(statistics: StorageStatistics): void {
  statistics.totalFileOpenCount++;
  statistics.successFileOpenCount++;
}

function countReads(statistics: StorageStatistics, pieces: number): void {
  statistics.totalFileReadCount += pieces;
  statistics.successFileReadCount += pieces;
}
