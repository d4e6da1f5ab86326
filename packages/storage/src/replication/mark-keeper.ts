// Keeps the mark of one peer on the disk: how far it has confirmed the log. A mark may be behind after a crash, then some
// records are pushed again; it is never ahead of what the peer confirmed, nor of what is certain to be in the log.
import { FdfsError } from "@fastdfs-ts/protocol";
import type { Clock, Disk, Logger, Timer } from "@fastdfs-ts/runtime";

import { comparePositions } from "../binlog/binlog-position.ts";
import type { BinlogWriter } from "../binlog/binlog-writer.ts";
import { parseSyncMark, printSyncMark, type SyncMark, syncMarkFileName } from "../formats/mark-file.ts";
import { StateFile } from "../formats/state-file.ts";

/** Saved at the latest so long after something was confirmed. */
const SAVE_MS = 1000;

export interface MarkKeeperOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Logger;
  readonly binlog: BinlogWriter;
  /** Of the peer's mark, from `markPath`. */
  readonly path: string;
  /** `write_mark_file_freq` */
  readonly everyRecords: number;
}

/** Path of a peer's mark in the folder of the log. */
export function markPath(folder: string, peer: Parameters<typeof syncMarkFileName>[0]): string {
  return `${folder}/${syncMarkFileName(peer)}`;
}

export class MarkKeeper {
  private readonly options: MarkKeeperOptions;
  private readonly file: StateFile;
  private current: (() => SyncMark) | undefined;
  private changes = 0;
  private timer: Timer | undefined;
  private saving: Promise<void> | undefined;
  private hasFailed = false;

  constructor(options: MarkKeeperOptions) {
    this.options = options;
    this.file = new StateFile(options.disk, options.path, { mayComeBack: true });
  }

  /** The saved mark, or undefined if there is none or it cannot be used, which is logged: then the trackers are asked. */
  load(): SyncMark | undefined {
    const text = this.file.read();
    if (text === undefined) return undefined;
    const mark = parseSyncMark(text);
    if (typeof mark !== "string") return mark;
    this.options.log.warn("replication.mark-unreadable", { path: this.file.path, reason: mark });
    return undefined;
  }

  /** From now on the mark is what `current` gives. */
  follow(current: () => SyncMark): void {
    this.current = current;
    this.changes = 0;
  }

  /** The mark has changed: it is saved soon. */
  touch(): void {
    this.changes++;
    if (this.changes >= this.options.everyRecords) void this.save();
    else this.timer ??= this.options.clock.after(SAVE_MS, () => void this.save());
  }

  /** Saves the mark, unless that is under way. Trouble is logged, once until it works again; the older mark stays. */
  private async save(): Promise<void> {
    if (this.saving !== undefined) return this.saving;
    this.timer?.cancel();
    this.timer = undefined;
    if (this.current === undefined || this.changes === 0) return;
    this.saving = this.write(this.current()).finally(() => {
      this.saving = undefined;
      // What was confirmed meanwhile.
      if (this.changes > 0) this.timer ??= this.options.clock.after(SAVE_MS, () => void this.save());
    });
    await this.saving;
  }

  /** Saves what is not saved yet; when it resolves the present mark is on the disk, or the trouble is logged. */
  async flush(): Promise<void> {
    await this.saving;
    await this.save();
  }

  /** Saves what is not saved yet, and rests. */
  async stop(): Promise<void> {
    await this.flush();
    this.timer?.cancel();
    this.timer = undefined;
    this.current = undefined;
  }

  private async write(mark: SyncMark): Promise<void> {
    const { binlog, log } = this.options;
    const changes = this.changes;
    this.changes = 0;
    try {
      await binlog.sync();
      const position = { part: mark.binlogIndex, offset: mark.binlogOffset };
      if (comparePositions(position, binlog.syncedPosition) > 0) {
        const reason = "the binlog before it could not be synced";
        throw new FdfsError("IO_FAILED", { path: this.file.path, reason });
      }
      await this.file.replaceInBackground(printSyncMark(mark));
      this.hasFailed = false;
    } catch (error) {
      this.changes += changes;
      if (!this.hasFailed) log.error("replication.mark-not-saved", { path: this.file.path, error });
      this.hasFailed = true;
    }
  }
}
