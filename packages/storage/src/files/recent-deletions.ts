// Names that were deleted, given up for another one, or given anew here, as far as our log tells of late. Members push in the order of their
// own logs only, so a creation can arrive behind the deletion that another member took, and must then have no effect
// (docs/decisions/0011-deletions-win.md). Nor may such a file be fetched from who has not heard of it yet (replication/read-through.ts).
import { METADATA_SUFFIX } from "@fastdfs-ts/protocol";
import type { Disk } from "@fastdfs-ts/runtime";

import { type BinlogPosition, binlogPartPath } from "../binlog/binlog-position.ts";
import { BinlogReader } from "../binlog/binlog-reader.ts";
import type { BinlogRecord } from "../binlog/binlog-record.ts";
import type { BinlogWriter } from "../binlog/binlog-writer.ts";
import { isGivenOnce } from "./given-once.ts";
import { RecentNames } from "./recent-names.ts";

/** So many deleted names are remembered at least; twice as many take about 15 MB. */
const DELETIONS = 50_000;
/** Names of slaves and metadata that were stored. */
const CREATIONS = 10_000;
/** So much of the end of the log is read at a start: more than `DELETIONS` records of deletions and creations. */
const LOG_BYTES = 8 * 1024 * 1024;

export class RecentDeletions {
  /**
   * By name: the Unix time of the deletion, from which on a creation is a later one. Half a second more if a creation of that
   * second was here before.
   */
  private readonly deleted: RecentNames;
  /** Names that can be given anew, and the Unix times of the last records of their files. */
  private readonly stored = new RecentNames(CREATIONS);

  constructor(limit = DELETIONS) {
    this.deleted = new RecentNames(limit);
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
        // What a client deletes in the second in which it was created may be pushed here once more, and must not look like a later
        // one. What a member pushes comes in the order in which it was done there.
        this.noteDeletion(logicalName, seconds === this.stored.get(logicalName) ? seconds + 0.5 : seconds);
        return;
      case "d":
        this.noteDeletion(logicalName, seconds);
        return;
      case "R":
      case "r":
        if (extra !== undefined) this.noteDeletion(extra, seconds);
        return;
      default:
        if (isGivenOnce(logicalName) || (op.toUpperCase() === "U" && !isUpdatedByClients(logicalName))) return;
        this.deleted.delete(logicalName);
        this.stored.set(logicalName, Math.max(seconds, this.stored.get(logicalName) ?? 0));
    }
  }

  has(logicalName: string): boolean {
    return this.deleted.get(logicalName) !== undefined;
  }

  /** At most `count` names that were not given anew, those deleted last. */
  lastDeleted(count: number): string[] {
    return this.deleted.youngest(count);
  }

  /** Unix time of a deletion after which the name was not given anew. */
  deletedSeconds(logicalName: string): number | undefined {
    const seconds = this.deleted.get(logicalName);
    return seconds === undefined ? undefined : Math.floor(seconds);
  }

  /**
   * Whether a record of this Unix time that creates the file, or replaces it ("u"), is void. Names of slaves and metadata can be
   * given anew: there the later record counts. Metadata goes with its file.
   */
  forbid(logicalName: string, seconds: number, op: "c" | "u" = "c"): boolean {
    const laterSeconds = this.deleted.get(logicalName);
    if (laterSeconds !== undefined) {
      const isNothingNew = isGivenOnce(logicalName) || (op === "u" && !isUpdatedByClients(logicalName));
      if (isNothingNew || seconds < laterSeconds) return true;
    }
    return logicalName.endsWith(METADATA_SUFFIX) && this.forbid(logicalName.slice(0, -METADATA_SUFFIX.length), seconds);
  }

  /** Unix time of the last record of a file that can be given anew, if it was not deleted since. */
  storedSeconds(logicalName: string): number | undefined {
    return this.stored.get(logicalName);
  }

  /** When a repair hears of the deletion of a name that was given anew since, it logs it as well: that deletes nothing. */
  private noteDeletion(logicalName: string, seconds: number): void {
    if (seconds < (this.stored.get(logicalName) ?? 0)) return;
    this.deleted.set(logicalName, Math.max(seconds, this.deleted.get(logicalName) ?? 0));
    this.stored.delete(logicalName);
  }
}

/** Slaves are updated by the repair after a power cut only, at any time, and are the same afterwards. */
function isUpdatedByClients(logicalName: string): boolean {
  return logicalName.endsWith(METADATA_SUFFIX);
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
