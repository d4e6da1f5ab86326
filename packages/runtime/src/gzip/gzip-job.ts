// Compresses one file that nobody writes to any more, piece by piece between other work: the event loop is held up for a
// millisecond or two at a time, and at most a tenth of the time is spent on it. Each piece is a gzip member of its own,
// which every gunzip reads as one file (RFC 1952 §2.2); so nothing but a synchronous, pure function of node:zlib is
// needed, and a simulated world gets the same bytes at the same time.
// eslint-disable-next-line no-restricted-imports
import { gzipSync } from "node:zlib";
import { dirname } from "node:path";

import type { Clock, Timer } from "../ports/clock.ts";
import type { Disk, DiskFile } from "../ports/disk.ts";

/** Takes about 1 ms for lines of an access log; larger pieces would hardly become smaller by it. */
const pieceBytes = 128 * 1024;
/** Time to rest for each time of work. */
const restFactor = 9;
const restMsMin = 1;

export const gzipSuffix = ".gz";
/** Not complete yet; what a killed process leaves is overwritten by the next attempt. */
const unfinishedSuffix = ".gz.tmp";

export interface GzipJobOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  /** Becomes `<path>.gz`, with the same modification time. */
  readonly path: string;
  /** Called once, in a later turn, unless the job is cancelled. After an error the file is as it was. */
  readonly onEnd: (error: unknown) => void;
}

export class GzipJob {
  readonly #options: GzipJobOptions;
  readonly #piece = Buffer.allocUnsafe(pieceBytes);
  #files: { readonly from: DiskFile; readonly to: DiskFile } | undefined;
  #timer: Timer | undefined;
  #readBytes = 0;
  #writtenBytes = 0;

  private constructor(options: GzipJobOptions) {
    this.#options = options;
  }

  static start(options: GzipJobOptions): GzipJob {
    const job = new GzipJob(options);
    job.#after(restMsMin, () => job.#open());
    return job;
  }

  /** Stops, and removes what was written. May be called twice, and after the end. */
  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#files === undefined) return;
    this.#closeFiles();
    this.#options.disk.unlink(this.#unfinishedPath);
  }

  get #unfinishedPath(): string {
    return this.#options.path + unfinishedSuffix;
  }

  #after(delayMs: number, step: () => void): void {
    this.#timer = this.#options.clock.after(delayMs, () => {
      this.#timer = undefined;
      this.#attempt(step);
    });
  }

  #attempt(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#fail(error);
    }
  }

  #open(): void {
    const { disk, path } = this.#options;
    const from = disk.open(path, "read");
    try {
      this.#files = { from, to: disk.open(this.#unfinishedPath, "replace") };
    } catch (error) {
      from.close();
      throw error;
    }
    this.#compressPiece();
  }

  #compressPiece(): void {
    const { clock } = this.#options;
    const startMs = clock.monotonic();
    const { from, to } = this.#files!;
    const bytes = from.read(this.#piece, 0, pieceBytes, this.#readBytes);
    const isEmptyFile = this.#readBytes === 0 && bytes === 0;
    if (bytes > 0 || isEmptyFile) {
      const member = gzipSync(this.#piece.subarray(0, bytes));
      to.write(member, 0, member.length, this.#writtenBytes);
      this.#readBytes += bytes;
      this.#writtenBytes += member.length;
    }
    if (bytes === 0) {
      this.#sync();
      return;
    }
    const restMs = Math.max(restMsMin, restFactor * (clock.monotonic() - startMs));
    this.#after(restMs, () => this.#compressPiece());
  }

  /** The original goes only when the copy is on the disk. */
  #sync(): void {
    const files = this.#files!;
    files.to.setTimes(Math.floor(files.from.stat().modifiedMs / 1000));
    files.to.syncInBackground().then(
      () => {
        if (this.#files === files) this.#attempt(() => this.#finish());
      },
      (error: unknown) => {
        if (this.#files === files) this.#fail(error);
      },
    );
  }

  #finish(): void {
    const { disk, path, onEnd } = this.#options;
    disk.rename(this.#unfinishedPath, path + gzipSuffix);
    // Or a power cut could undo the new name and keep the removal.
    disk.syncDirectory(dirname(path));
    this.#closeFiles();
    disk.unlink(path);
    onEnd(undefined);
  }

  #fail(error: unknown): void {
    try {
      this.cancel();
    } catch {
      // The first failure is the one to tell.
    }
    this.#options.onEnd(error);
  }

  #closeFiles(): void {
    const files = this.#files;
    this.#files = undefined;
    files?.from.close();
    files?.to.close();
  }
}

/** Runs a job to its end. Throws the disk's error, or the signal's reason; then the file is as it was. */
export function gzipFile(disk: Disk, clock: Clock, path: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const onAbort = () => {
      job.cancel();
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- a signal's reason may be anything
      reject(signal.reason);
    };
    const onEnd = (error: unknown) => {
      signal.removeEventListener("abort", onAbort);
      if (error === undefined) resolve();
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what the disk threw
      else reject(error);
    };
    const job = GzipJob.start({ disk, clock, path, onEnd });
    signal.addEventListener("abort", onAbort, { once: true });
  });
}
