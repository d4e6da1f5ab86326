// Names that were deleted or given up for another one here, as far as our log tells of late. Members push in the order of their
// own logs only, so a creation can arrive behind the deletion that another member took, and must then have no effect
// (docs/decisions/0011-deletions-win.md). Nor may such a file be fetched from who has not heard of it yet (replication/read-through.ts).
import { METADATA_SUFFIX } from "@fastdfs-ts/protocol";
import type { Disk } from "@fastdfs-ts/runtime";

import { type BinlogPosition, binlogPartPath } from "../binlog/binlog-position.ts";
import { BinlogReader } from "../binlog/binlog-reader.ts";
import type { BinlogRecord } from "../binlog/binlog-record.ts";
import type { BinlogWriter } from "../binlog/binlog-writer.ts";
import { isGivenOnce } from "./given-once.ts";

/** Twice so many names are remembered at most, about 15 MB. */
const NAMES = 50_000;
/** Only those of the last second matter. */
const CREATIONS = 4096;
/** So much of the end of the log is read at a start: more than `NAMES` records of deletions and creations. */
const LOG_BYTES = 8 * 1024 * 1024;

export class RecentDeletions {
  private readonly limit: number;
  /**
   * By name: the Unix time of the deletion, from which on a creation is a later one. Half a second more if a creation of that
   * second was here before.
   */
  private young = new Map<string, number>();
  private old = new Map<string, number>();
  /** Names that can be given anew, and the Unix times of their last creations. */
  private readonly created = new Map<string, number>();

  constructor(limit = NAMES) {
    this.limit = limit;
  }

  /** What the end of our log tells. Throws FdfsError IO_FAILED if it cannot be read. */
  static fromLog(disk: Disk, binlog: BinlogWriter): RecentDeletions {
    const deletions = new RecentDeletions();
    const reader = BinlogReader.open(disk, binlog.folder, someBytesBefore(disk, binlog));
    try {
      for (let entry = reader.next(); entry !== undefined; entry = reader.next()) {
        if (entry.kind === "record") deletions.follow(entry.record);
      }
    } finally {
      reader.close();
    }
    binlog.onAppend((record) => deletions.follow(record));
    return deletions;
  }

  /** A record was written to our log. */
  follow({ op, seconds, logicalName, extra }: BinlogRecord): void {
    switch (op) {
      case "D":
        this.note(logicalName, Math.max(seconds, (this.created.get(logicalName) ?? 0) + 0.5));
        return;
      case "d":
        this.note(logicalName, seconds);
        return;
      case "R":
      case "r":
        if (extra !== undefined) this.note(extra, seconds);
        return;
      default:
        if (isGivenOnce(logicalName)) return;
        if (this.has(logicalName)) this.forget(logicalName);
        this.noteCreation(logicalName, seconds);
    }
  }

  has(logicalName: string): boolean {
    return this.young.has(logicalName) || this.old.has(logicalName);
  }

  /** Unix time of a deletion after which the name was not given anew. */
  secondsOf(logicalName: string): number | undefined {
    const seconds = this.young.get(logicalName) ?? this.old.get(logicalName);
    return seconds === undefined ? undefined : Math.floor(seconds);
  }

  /**
   * Whether a record of this Unix time that creates or replaces the file is void. Names of slaves and metadata can be given
   * anew: there the later record counts. Metadata goes with its file.
   */
  forbid(logicalName: string, seconds: number): boolean {
    const laterSeconds = this.young.get(logicalName) ?? this.old.get(logicalName);
    if (laterSeconds !== undefined && (isGivenOnce(logicalName) || seconds < laterSeconds)) return true;
    return logicalName.endsWith(METADATA_SUFFIX) && this.forbid(logicalName.slice(0, -METADATA_SUFFIX.length), seconds);
  }

  private note(logicalName: string, seconds: number): void {
    if (this.young.size >= this.limit && !this.young.has(logicalName)) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(logicalName, seconds);
  }

  /**
   * For what a client deletes here in the second in which it was created: the creation may be pushed here once more, and must
   * not look like a later one. What a member pushes comes in the order in which it was done there.
   */
  private noteCreation(logicalName: string, seconds: number): void {
    if (this.created.size >= CREATIONS) this.created.clear();
    this.created.set(logicalName, seconds);
  }

  private forget(logicalName: string): void {
    this.young.delete(logicalName);
    this.old.delete(logicalName);
  }
}

/** A place near the end of the log, in this part or the one before; compressed ones are too old to matter. */
function someBytesBefore(disk: Disk, { folder, position, firstPlainPart }: BinlogWriter): BinlogPosition {
  const { part, offset } = position;
  if (offset >= LOG_BYTES || part === 0 || part - 1 < firstPlainPart) {
    return { part, offset: Math.max(0, offset - LOG_BYTES) };
  }
  const before = disk.stat(binlogPartPath(folder, part - 1));
  if (before === undefined) return { part, offset: 0 };
  return { part: part - 1, offset: Math.max(0, before.sizeBytes - (LOG_BYTES - offset)) };
}
