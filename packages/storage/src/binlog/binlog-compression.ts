// Compresses the parts of the log that nobody reads any more, once a day (`compress_binlog`, storage-formats.md §2.6.4).
// Readers take either form of a part.
import { FdfsError } from "@fastdfs-ts/protocol";
import { type Clock, type Disk, gzipFile, type Logger, nextDaily, sleep, type TimeOfDay } from "@fastdfs-ts/runtime";

import { hasBinlogPart } from "./binlog-part.ts";
import { binlogPartPath } from "./binlog-position.ts";
import type { BinlogWriter } from "./binlog-writer.ts";

export interface BinlogCompressionOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Logger;
  readonly binlog: BinlogWriter;
  /** `compress_binlog_time` */
  readonly time: TimeOfDay;
  /** The first part that some peer may still need; it and all behind it stay as they are. */
  readonly firstNeededPart: () => number;
}

export class BinlogCompression {
  private readonly options: BinlogCompressionOptions;
  private readonly stopping = new AbortController();
  private readonly ended: Promise<void>;

  private constructor(options: BinlogCompressionOptions) {
    this.options = options;
    this.ended = this.run(this.stopping.signal);
  }

  static start(options: BinlogCompressionOptions): BinlogCompression {
    return new BinlogCompression(options);
  }

  /** A part under way is begun anew the next time. May be called twice. */
  async stop(): Promise<void> {
    this.stopping.abort(new FdfsError("ABORTED", { reason: "the storage is stopping" }));
    await this.ended;
  }

  private async run(signal: AbortSignal): Promise<void> {
    const { clock, log, time } = this.options;
    const isStopping = (): boolean => signal.aborted;
    while (!isStopping()) {
      const now = clock.now();
      await sleep(clock, nextDaily(now, time) - now, signal).catch(() => undefined);
      if (isStopping()) return;
      try {
        await compressParts(this.options, signal);
      } catch (error) {
        if (!isStopping()) log.error("binlog.compress-failed", { error });
      }
    }
  }
}

/** Compresses what may be. Throws the disk's error; parts that are done stay done. */
export async function compressParts(options: BinlogCompressionOptions, signal: AbortSignal): Promise<void> {
  const { disk, clock, log, binlog, firstNeededPart } = options;
  for (let part = binlog.firstPlainPart; part < Math.min(binlog.position.part, firstNeededPart()); part++) {
    const path = binlogPartPath(binlog.folder, part);
    // It may be compressed already, by C or by a run that could not note it, or be gone.
    if (disk.stat(path) !== undefined) await gzipFile(disk, clock, path, signal);
    binlog.noteCompressed(part + 1);
    if (hasBinlogPart(disk, binlog.folder, part)) log.info("binlog.compressed", { path: `${path}.gz` });
  }
}
