// What a storage has received so far, read from its operation log: a line per file, complete when it is written.
import { closeSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const PIECE_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;
const LOOK_MS = 2;
/** Longer than that, and it will not come any more. */
const SILENCE_MS = 60_000;

export class FollowerLog {
  private readonly folder: string;
  private readonly piece = Buffer.allocUnsafe(PIECE_BYTES);
  private part = 0;
  private position = 0;
  private lines = 0;

  /** `basePath` of the storage. */
  constructor(basePath: string) {
    this.folder = join(basePath, "data/sync");
  }

  /** Records that are there now. */
  count(): number {
    for (;;) {
      const before = this.lines;
      this.readOn();
      if (this.lines !== before) continue;
      if (!readdirSync(this.folder).includes(partName(this.part + 1))) return this.lines;
      this.part++;
      this.position = 0;
    }
  }

  /** Waits until there are so many records. Returns when the last one was seen (`performance.now()`). */
  async until(count: number, signal: AbortSignal): Promise<number> {
    let seen = this.count();
    let movedMs = performance.now();
    while (seen < count) {
      signal.throwIfAborted();
      await sleep(LOOK_MS);
      const now = this.count();
      if (now !== seen) movedMs = performance.now();
      else if (performance.now() - movedMs > SILENCE_MS) {
        throw new Error(`only ${seen} of ${count} records have arrived, and nothing more comes`);
      }
      seen = now;
    }
    return performance.now();
  }

  private readOn(): void {
    const fd = openSync(join(this.folder, partName(this.part)), "r");
    try {
      for (;;) {
        const bytes = readSync(fd, this.piece, 0, PIECE_BYTES, this.position);
        if (bytes === 0) return;
        this.position += bytes;
        for (let at = this.piece.indexOf(NEWLINE); at >= 0 && at < bytes; at = this.piece.indexOf(NEWLINE, at + 1)) {
          this.lines++;
        }
      }
    } finally {
      closeSync(fd);
    }
  }
}

function partName(part: number): string {
  return `binlog.${String(part).padStart(3, "0")}`;
}
