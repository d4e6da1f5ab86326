// Compresses a file beside the work of a server: piece by piece, each in a turn of its own, so it needs no thread and runs on
// virtual time. The result is a gzip file of many members, which every program reads as one; it is about a percent larger.
// The function of node:zlib is pure and synchronous, so it is no door to the world.
// eslint-disable-next-line no-restricted-imports
import { gzipSync } from "node:zlib";

import { sleep } from "../concurrency/sleep.ts";
import type { Clock } from "../ports/clock.ts";
import type { Disk } from "../ports/disk.ts";

/** Compressed at once, about 5 ms. */
const PIECE_BYTES = 256 * 1024;
/** Between two pieces, so that it takes at most a fifth of the time of a busy server. */
const PAUSE_MS = 20;

/**
 * Compresses `path` to `path.gz`, which is on the disk for good before the original is removed. A run that was cut off is
 * begun anew. Throws the disk's error, or the signal's reason; then the original is still there.
 */
export async function gzipFile(disk: Disk, clock: Clock, path: string, signal: AbortSignal): Promise<void> {
  const target = `${path}.gz`;
  const beside = `${target}.tmp`;
  const source = disk.open(path, "read");
  try {
    const output = disk.open(beside, "replace");
    try {
      const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
      let written = 0;
      for (let at = 0; ;) {
        const bytes = source.read(piece, 0, piece.length, at);
        if (bytes === 0 && at > 0) break;
        const member = gzipSync(piece.subarray(0, bytes));
        output.write(member, 0, member.length, written);
        written += member.length;
        at += bytes;
        if (bytes === 0) break;
        await sleep(clock, PAUSE_MS, signal);
      }
      await output.syncInBackground();
    } finally {
      output.close();
    }
  } finally {
    source.close();
  }
  disk.rename(beside, target);
  disk.syncDirectory(path.slice(0, path.lastIndexOf("/")));
  disk.unlink(path);
}
