// The copies that a rotating log file leaves behind: compressed and deleted when the date in their names says so
// (storage-formats.md §6.6, §7.1). Never throws; what the disk refuses is told, and tried again the next day.
import { basename, dirname, join } from "node:path";
import type { LogFileConfig } from "../config/server-config.ts";
import type { Clock } from "../ports/clock.ts";
import type { Disk } from "../ports/disk.ts";
import { GzipJob, gzipSuffix } from "../gzip/gzip-job.ts";
import { dayStamp } from "./local-time.ts";

const dayMs = 86_400_000;

export interface OldLogFilesOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  /** The file that is written; copies lie beside it. */
  readonly path: string;
  readonly config: Pick<LogFileConfig, "compressOld" | "compressDaysBefore" | "keepDays">;
  readonly onError: (error: unknown) => void;
}

interface Copy {
  readonly path: string;
  /** "20261122" */
  readonly day: string;
  /** Neither compressed nor being compressed. */
  readonly isPlain: boolean;
}

export class OldLogFiles {
  readonly #options: OldLogFilesOptions;
  #job: GzipJob | undefined;

  constructor(options: OldLogFilesOptions) {
    this.#options = options;
  }

  /** Whether a copy of that name would not replace one that is there, compressed or not. */
  isFree(path: string): boolean {
    const { disk } = this.#options;
    return disk.linkStat(path) === undefined && disk.linkStat(path + gzipSuffix) === undefined;
  }

  /** Deletes the copies that are `keepDays` days old, unless that is 0. */
  delete(): void {
    const { disk, config } = this.#options;
    if (config.keepDays <= 0) return;
    const oldest = this.#dayBefore(config.keepDays);
    this.#attempt(() => {
      for (const { path, day } of this.#copies()) if (day < oldest) disk.unlink(path);
    });
  }

  /** Begins to compress those that are `compressDaysBefore` days old, one after the other, unless that is under way. */
  compress(): void {
    if (!this.#options.config.compressOld || this.#job !== undefined) return;
    this.#attempt(() => this.#compressNext());
  }

  /** May be called twice. */
  close(): void {
    const job = this.#job;
    this.#job = undefined;
    this.#attempt(() => job?.cancel());
  }

  #compressNext(): void {
    const { disk, clock, config } = this.#options;
    const newest = this.#dayBefore(config.compressDaysBefore);
    const next = this.#copies().find(({ day, isPlain }) => isPlain && day <= newest);
    if (next === undefined) return;
    this.#job = GzipJob.start({
      disk,
      clock,
      path: next.path,
      onEnd: (error) => {
        this.#job = undefined;
        if (error === undefined) this.compress();
        else this.#options.onError(error);
      },
    });
  }

  /** All copies, oldest first as far as their names tell. */
  #copies(): Copy[] {
    const { disk, path } = this.#options;
    const folder = dirname(path);
    const prefix = `${basename(path)}.`;
    return disk
      .readDirectory(folder)
      .filter((name) => name.startsWith(prefix))
      .flatMap((name) => {
        const stamp = /^(\d{8})(?:_\d{6})?(\.gz(?:\.tmp)?)?$/.exec(name.slice(prefix.length));
        return stamp === null ? [] : [{ path: join(folder, name), day: stamp[1]!, isPlain: stamp[2] === undefined }];
      });
  }

  #dayBefore(days: number): string {
    return dayStamp(this.#options.clock.now() - days * dayMs);
  }

  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.onError(error);
    }
  }
}
