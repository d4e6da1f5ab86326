// The CRC32 of a whole file, for names that do not carry it. Other connections go on meanwhile.
import { crc32, FdfsError } from "@fastdfs-ts/protocol";
import type { Clock } from "@fastdfs-ts/runtime";

import type { StoreFile } from "../store/store-disk.ts";

const PIECE_BYTES = 256 * 1024;
/** After this many bytes other connections get their turn. */
const TURN_BYTES = 4 * 1024 * 1024;

export async function fileCrc32(file: StoreFile, bytes: number, clock: Clock): Promise<number> {
  const piece = Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, Math.max(bytes, 1)));
  let checksum = 0;
  for (let at = 0; at < bytes;) {
    const read = await file.read(piece, 0, Math.min(piece.length, bytes - at), at);
    if (read === 0) throw new FdfsError("IO_FAILED", { reason: "the file became shorter while it was read" });
    checksum = crc32(checksum, piece, 0, read);
    at += read;
    if (at % TURN_BYTES === 0) await new Promise<void>((resolve) => clock.after(0, resolve));
  }
  return checksum;
}
