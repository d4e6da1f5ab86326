// Reads the log from a place on and goes on with what is appended: from memory what was written a moment ago, the rest
// from the disk. Both give the same entries.
import type { Disk } from "@fastdfs-ts/runtime";

import { type BinlogPosition, comparePositions } from "./binlog-position.ts";
import { type BinlogEntry, BinlogReader } from "./binlog-reader.ts";
import type { BinlogWriter } from "./binlog-writer.ts";
import type { LogTail, TailRecord } from "./log-tail.ts";

export type FollowedEntry = TailRecord | (BinlogEntry & { readonly content?: undefined });

export class LogFollower {
  /** Where the entry begins that `next` hands out next. */
  position: BinlogPosition;
  private readonly tail: LogTail;
  private readonly reader: BinlogReader;
  /** In the tail: the record at `position`, if it was there. */
  private number: number | undefined;

  private constructor(tail: LogTail, reader: BinlogReader) {
    this.tail = tail;
    this.reader = reader;
    this.position = reader.position;
  }

  /** As `BinlogReader.open`, in the log of `binlog`. Throws FdfsError IO_FAILED. */
  static open(disk: Disk, binlog: BinlogWriter, from: BinlogPosition): LogFollower {
    return new LogFollower(binlog.tail, BinlogReader.open(disk, binlog.folder, from));
  }

  /** As `BinlogReader.next`. Throws FdfsError IO_FAILED; then the place stays. */
  next(): FollowedEntry | undefined {
    return this.fromTail() ?? this.fromDisk();
  }

  /** The record that begins at `at` is known: goes on behind it if it is the next one, and tells whether it was. */
  skip(at: BinlogPosition, after: BinlogPosition): boolean {
    if (comparePositions(this.position, at) !== 0) return false;
    this.position = after;
    if (this.number !== undefined) this.number++;
    return true;
  }

  /** May be called twice. */
  close(): void {
    this.reader.close();
  }

  private fromTail(): TailRecord | undefined {
    const entry = this.here(this.number) ?? this.here((this.number = this.tail.numberAt(this.position)));
    if (entry === undefined || this.number === undefined) return undefined;
    this.number++;
    this.position = entry.after;
    return entry;
  }

  /** The record with this number, unless it is gone or, after all were forgotten, another one. */
  private here(number: number | undefined): TailRecord | undefined {
    const entry = number === undefined ? undefined : this.tail.record(number);
    return entry !== undefined && comparePositions(entry.at, this.position) === 0 ? entry : undefined;
  }

  private fromDisk(): BinlogEntry | undefined {
    this.reader.goTo(this.position);
    const entry = this.reader.next();
    this.position = this.reader.position;
    return entry;
  }
}
