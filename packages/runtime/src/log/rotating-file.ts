// A log file that is written in batches and renamed daily or by size with C's names (storage-formats.md §6.6, §7.1). A
// disk that fails costs lines, which are counted, never the server.
import { dirname } from "node:path";
import type { LogFileConfig } from "../config/server-config.ts";
import type { Clock, Timer } from "../ports/clock.ts";
import type { Disk, DiskFile } from "../ports/disk.ts";
import { systemErrorCode } from "../ports/system-error.ts";
import { dayStamp, lastDaily, nextDaily, secondStamp } from "./local-time.ts";
import { OldLogFiles } from "./old-log-files.ts";

/** Text in memory at which a batch is written early; also what a failing disk can cost at once. */
const bufferedCharactersMax = 64 * 1024;

export interface RotatingFileOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly path: string;
  readonly config: LogFileConfig;
  /** First text of every new file. */
  readonly header?: (timeMs: number) => string;
  /**
   * "lines": called once when writing begins to fail, and again after it had worked in between. "old files": at each
   * attempt to compress or delete old copies that fails; the next one is made a day later.
   */
  readonly onError?: (error: unknown, concerns: LogFileTrouble) => void;
}

export type LogFileTrouble = "lines" | "old files";

export class RotatingFile {
  readonly #options: RotatingFileOptions;
  readonly #timer: Timer;
  readonly #oldFiles: OldLogFiles;
  #lines: string[] = [];
  #characters = 0;
  #file: DiskFile | undefined;
  #sizeBytes = 0;
  #rotateAtMs: number;
  #deleteAtMs: number;
  #lostLines = 0;
  #isFailing = false;
  #isClosed = false;

  private constructor(options: RotatingFileOptions) {
    this.#options = options;
    const { clock, config } = options;
    const now = clock.now();
    this.#rotateAtMs = nextDaily(now, config.rotateTime);
    this.#deleteAtMs = nextDaily(now, config.deleteOldTime);
    this.#oldFiles = new OldLogFiles({ ...options, onError: (error) => this.#tell(error, "old files") });
    this.#timer = clock.every(config.flushIntervalMs, () => this.#tick());
  }

  /**
   * Opens the file for appending, its directory is created if missing. One that was last written before the latest
   * daily rotation is rotated first: a server that is stopped every night would never rotate otherwise.
   * @throws the system error if the file cannot be opened.
   */
  static open(options: RotatingFileOptions): RotatingFile {
    const { disk, path, config, clock } = options;
    disk.makeDirectory(dirname(path));
    const file = new RotatingFile(options);
    try {
      const stat = disk.stat(path);
      const rotation = lastDaily(clock.now(), config.rotateTime);
      if (config.rotateDaily && stat !== undefined && stat.sizeBytes > 0 && stat.modifiedMs < rotation) {
        file.#renameAway(stat.modifiedMs);
      }
      file.#reopen();
    } catch (error) {
      file.#timer.cancel();
      throw error;
    }
    // A server that never runs at that time of the day would keep everything.
    file.#tidy();
    return file;
  }

  /** Lines that could not be written so far. */
  get lostLines(): number {
    return this.#lostLines;
  }

  /** Adds one line, line end included. It is written with the next batch. */
  append(line: string): void {
    if (this.#isClosed) return;
    this.#lines.push(line);
    this.#characters += line.length;
    if (this.#characters >= bufferedCharactersMax) this.flush();
  }

  /** Writes what is in memory. Never throws. */
  flush(): void {
    if (this.#lines.length === 0) return;
    const lines = this.#lines;
    this.#lines = [];
    this.#characters = 0;
    try {
      this.#writeText(lines.join(""));
      this.#isFailing = false;
    } catch (error) {
      this.#lostLines += lines.length;
      this.#failed(error);
    }
    this.#rotateIfLarge();
  }

  /** Writes what is in memory and closes. May be called twice. */
  close(): void {
    if (this.#isClosed) return;
    this.flush();
    this.#isClosed = true;
    this.#timer.cancel();
    this.#oldFiles.close();
    this.#closeFile();
  }

  #tick(): void {
    this.flush();
    const { clock, config } = this.#options;
    const now = clock.now();
    if (now >= this.#rotateAtMs) {
      // The lines in there are from before: at midnight the copy bears the date of the day that ended.
      if (config.rotateDaily) this.#rotate(this.#rotateAtMs - 1000);
      this.#rotateAtMs = nextDaily(now, config.rotateTime);
    }
    if (now >= this.#deleteAtMs) {
      this.#tidy();
      this.#deleteAtMs = nextDaily(now, config.deleteOldTime);
    }
  }

  #tidy(): void {
    this.#oldFiles.delete();
    this.#oldFiles.compress();
  }

  #writeText(text: string): void {
    if (this.#file === undefined) this.#reopen();
    const bytes = Buffer.from(text);
    this.#file!.write(bytes, 0, bytes.length, this.#sizeBytes);
    this.#sizeBytes += bytes.length;
  }

  #reopen(): void {
    this.#closeFile();
    const { disk, path, header, clock } = this.#options;
    this.#file = disk.open(path, "append");
    this.#sizeBytes = this.#file.stat().sizeBytes;
    if (this.#sizeBytes === 0 && header !== undefined) this.#writeText(header(clock.now()));
  }

  #closeFile(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  #rotateIfLarge(): void {
    const limit = this.#options.config.rotateOnSizeBytes;
    if (limit > 0 && this.#sizeBytes >= limit) this.#rotate(this.#options.clock.now());
  }

  /** Never throws; if the file cannot be renamed, it goes on growing. */
  #rotate(timeMs: number): void {
    if (this.#sizeBytes === 0) return;
    try {
      this.#closeFile();
      this.#renameAway(timeMs);
      this.#reopen();
    } catch (error) {
      this.#failed(error);
    }
    this.#oldFiles.compress();
  }

  #renameAway(timeMs: number): void {
    const { disk, path, config, clock } = this.#options;
    const byDay = `${path}.${dayStamp(timeMs)}`;
    // A copy that exists is never replaced: the second one of a day bears the time, too.
    const useDay = config.rotateOnSizeBytes === 0 && this.#oldFiles.isFree(byDay);
    const target = useDay ? byDay : `${path}.${secondStamp(clock.now())}`;
    // Twice in a second: wait for the next batch rather than overwrite.
    if (this.#oldFiles.isFree(target)) disk.rename(path, target);
  }

  #failed(error: unknown): void {
    if (!this.#isFailing) this.#tell(error, "lines");
    this.#isFailing = true;
  }

  #tell(error: unknown, concerns: LogFileTrouble): void {
    // Only the disk can fail here; anything else is a mistake of ours and must not hide in a log.
    if (systemErrorCode(error) === undefined) throw error;
    this.#options.onError?.(error, concerns);
  }
}
