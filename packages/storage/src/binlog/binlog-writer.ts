// Appends to the operation log. A record is in the file (not only in memory) before its client is answered, so a killed
// process loses none; C keeps up to 16 KiB in memory and loses them (cluster-behaviour.md §11.1, W2, W3). Power loss is
// covered as in C: the file is synced every `sync_binlog_buff_interval`.
import { FdfsError, MAX_BINLOG_LINE_BYTES, TOGETHER_REQUESTS_MAX } from "@fastdfs-ts/protocol";
import { type Disk, type DiskFile, invariant, type Logger, type World } from "@fastdfs-ts/runtime";

import { type BinlogIndex, readBinlogIndex, writeBinlogIndex } from "../formats/binlog-index-file.ts";
import { type BinlogPosition, binlogPartPath, comparePositions, logStart } from "./binlog-position.ts";
import { type BinlogOp, type BinlogRecord, printBinlogRecord } from "./binlog-record.ts";
import { LogTail } from "./log-tail.ts";

/** A part that has reached this size is closed (storage-formats.md §2.6.2). */
const PART_BYTES = 1024 * 1024 * 1024;
const TAIL_BYTES = 4096;
/** As many as peers send together. */
const RECORDS_AT_ONCE_MAX = TOGETHER_REQUESTS_MAX;

/** A record that stands in the log from `at` to `after` now. */
export type AppendListener = (record: BinlogRecord, at: BinlogPosition, after: BinlogPosition) => void;

export class BinlogWriter {
  readonly folder: string;
  readonly tail: LogTail;
  private readonly disk: Disk;
  private readonly log: Logger;
  private readonly partBytes: number;
  private index: BinlogIndex;
  private file: DiskFile;
  /** Where the next record goes. */
  private end: BinlogPosition;
  /** Everything before is on the disk for certain. What an earlier process wrote may not be. */
  private synced: BinlogPosition = logStart;
  private syncing: Promise<void> | undefined;
  private readonly listeners = new Set<AppendListener>();
  private isClosed = false;
  private readonly lines = Buffer.allocUnsafeSlow(RECORDS_AT_ONCE_MAX * MAX_BINLOG_LINE_BYTES);

  private constructor(world: World, folder: string, log: Logger, partBytes: number, tail: LogTail) {
    this.tail = tail;
    this.disk = world.disk;
    this.folder = folder;
    this.log = log;
    this.partBytes = partBytes;
    this.index = readBinlogIndex(world.disk, folder, log) ?? { currentWrite: 0, currentCompress: 0 };
    this.file = world.disk.open(binlogPartPath(folder, this.index.currentWrite), "open");
    this.end = { part: this.index.currentWrite, offset: this.file.stat().sizeBytes };
  }

  /** Opens the current part for appending. A line that a crash cut short is cut off, because the next would be glued to it. */
  static open(world: World, folder: string, log: Logger, partBytes = PART_BYTES, tail = new LogTail()): BinlogWriter {
    world.disk.makeDirectory(folder);
    const writer = new BinlogWriter(world, folder, log, partBytes, tail);
    writer.cutTornLine();
    writeBinlogIndex(world.disk, folder, writer.index);
    return writer;
  }

  /** Where the next record goes. */
  get position(): BinlogPosition {
    return this.end;
  }

  /** Everything before this survives a power cut. */
  get syncedPosition(): BinlogPosition {
    return this.synced;
  }

  /** The first part that is not compressed yet. */
  get firstPlainPart(): number {
    return this.index.currentCompress;
  }

  /** All parts before `part` are compressed. Throws FdfsError. */
  noteCompressed(part: number): void {
    const index = { ...this.index, currentCompress: part };
    writeBinlogIndex(this.disk, this.folder, index);
    this.index = index;
  }

  /** Calls `listener` with every record that was written; it must be quick. Returns how to stop it. */
  onAppend(listener: AppendListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * Writes one record. Throws FdfsError (NO_SPACE, IO_FAILED …, BAD_REQUEST for names that no line can hold) if it could
   * not be written; the log then ends where it ended before, and the operation must not be acknowledged.
   */
  append(seconds: number, op: BinlogOp, logicalName: string, extra?: string): void {
    this.appendAll([{ seconds, op, logicalName, extra }]);
  }

  /** As `append`, several records with one write: all of them or none. At most `RECORDS_AT_ONCE_MAX`. */
  appendAll(records: readonly BinlogRecord[]): void {
    if (records.length === 0) return;
    invariant(records.length <= RECORDS_AT_ONCE_MAX, "the lines fit into their buffer");
    if (this.end.offset >= this.partBytes) this.startNextPart();
    let bytes = 0;
    const ends: number[] = [];
    for (const record of records) {
      bytes += this.lines.write(printLine(record), bytes, "latin1");
      ends.push(bytes);
    }
    const { part, offset } = this.end;
    try {
      this.file.write(this.lines, 0, bytes, offset);
    } catch (error) {
      this.takeBackTornLine();
      throw FdfsError.fromUnknown(error, { path: binlogPartPath(this.folder, part) });
    }
    const places: BinlogPosition[] = [this.end];
    for (const [index, record] of records.entries()) {
      const at = this.end;
      this.end = { part, offset: offset + ends[index]! };
      places.push(this.end);
      if (this.tail.isFollowed) this.tail.note(at, this.end, record);
    }
    for (const [index, record] of records.entries()) {
      for (const listener of this.listeners) listener(record, places[index]!, places[index + 1]!);
    }
  }

  /**
   * Makes what was appended before the call survive a power cut, or logs why it could not (`syncedPosition` tells). Does not
   * block the event loop.
   */
  async sync(): Promise<void> {
    // One that is under way may have begun before the last records came.
    while (this.syncing !== undefined) await this.syncing;
    if (comparePositions(this.synced, this.position) === 0) return;
    this.syncing = this.syncFile(this.file, this.position).finally(() => (this.syncing = undefined));
    await this.syncing;
  }

  /** May be called twice. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.file.sync();
    this.file.close();
  }

  private async syncFile(file: DiskFile, position: BinlogPosition): Promise<void> {
    try {
      await file.syncInBackground();
      if (comparePositions(this.synced, position) < 0) this.synced = position;
    } catch (error) {
      // A part that was closed meanwhile was synced before.
      if (comparePositions(this.synced, position) >= 0) return;
      this.log.error("binlog.sync-failed", { path: binlogPartPath(this.folder, position.part), error: String(error) });
    }
  }

  private startNextPart(): void {
    const next = { ...this.index, currentWrite: this.index.currentWrite + 1 };
    const path = binlogPartPath(this.folder, next.currentWrite);
    this.file.sync();
    this.synced = this.position;
    // The index first, as C does: a part that the index does not name would be written over.
    writeBinlogIndex(this.disk, this.folder, next);
    const file = this.disk.open(path, "replace");
    this.file.close();
    this.index = next;
    this.file = file;
    this.end = { part: next.currentWrite, offset: 0 };
    this.log.info("binlog.rotated", { path });
  }

  private cutTornLine(): void {
    const { part, offset: size } = this.end;
    if (size === 0) return;
    const tail = Buffer.alloc(Math.min(TAIL_BYTES, size));
    this.file.read(tail, 0, tail.length, size - tail.length);
    const end = tail.lastIndexOf(0x0a);
    const torn = tail.length - 1 - end;
    if (torn === 0) return;
    this.end = { part, offset: size - torn };
    this.file.truncate(this.end.offset);
    this.log.warn("binlog.torn-line-cut", { path: binlogPartPath(this.folder, this.index.currentWrite), bytes: torn });
  }

  private takeBackTornLine(): void {
    try {
      this.file.truncate(this.end.offset);
    } catch (error) {
      // The next record is written at the same place in any case; a start cuts what is left.
      this.log.error("binlog.truncate-failed", { error: String(error) });
    }
  }
}

/** A line that readers cannot take would stop replication for ever. Only links and renames of very long names have one. */
function printLine(record: BinlogRecord): string {
  const text = printBinlogRecord(record);
  if (text.length < MAX_BINLOG_LINE_BYTES) return text;
  const fileName = record.logicalName;
  throw new FdfsError("BAD_REQUEST", { fileName, reason: "the names are too long for one log line" });
}
