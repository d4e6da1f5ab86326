// A virtual machine may give free memory back to its host, and then pays for every page of a new file again: ten times what
// writing it costs. Who comes first takes what is warm, so the one that needs more memory would seem to cost more.
import { closeSync, fstatSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

const PIECE_BYTES = 2 ** 20;

/** Has so much memory been in use a moment ago, for files of `count` × `sizeBytes` in `folder`. */
export function warmMemory(folder: string, count: number, sizeBytes: number): void {
  const path = join(folder, "warm");
  const piece = Buffer.alloc(PIECE_BYTES, 1);
  const fd = openSync(path, "wx");
  try {
    const pageBytes = fstatSync(fd).blksize;
    const bytes = count * Math.ceil(sizeBytes / pageBytes) * pageBytes;
    for (let at = 0; at < bytes; at += PIECE_BYTES) writeSync(fd, piece, 0, PIECE_BYTES, at);
  } finally {
    closeSync(fd);
    rmSync(path);
  }
}
