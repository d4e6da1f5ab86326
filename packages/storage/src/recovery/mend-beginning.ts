// An appender to which we appended what others do not have yet: what they have should be its beginning.
import { FdfsError } from "@fastdfs-ts/protocol";

import { fileCrc32 } from "../files/file-crc32.ts";
import type { FileStore } from "../files/file-store.ts";
import type { ResolvedName } from "../files/resolve-name.ts";
import type { StoreFile } from "../store/store-disk.ts";
import { infoOrNot } from "./compare-file.ts";
import type { PeerClient } from "./peer-client.ts";
import { rebuildFile } from "./rebuild-file.ts";

const PIECE_BYTES = 256 * 1024;

/**
 * same     ours begins with what the member has
 * mended   it did not, because old pages came back: the beginning is the member's now, our end behind it
 * shorter  the member has more than we
 */
export type Beginning = "same" | "mended" | "shorter";

/**
 * Call it under the lock of the file. Our end is here only, and acknowledged: until the mended file is whole and on the disk,
 * ours stays. Throws FdfsError if the member cannot be asked, or the disk fails.
 */
export async function mendBeginning(
  store: FileStore,
  target: ResolvedName,
  client: Pick<PeerClient, "info" | "download">,
): Promise<Beginning> {
  const { logicalName, storePath, path } = target;
  try {
    const torn = await storePath.disk.open(path, "read");
    try {
      const theirs = await infoOrNot(client, logicalName);
      if (theirs === undefined) return "same";
      const { sizeBytes, modifiedMs } = await torn.stat();
      if (theirs.fileBytes > sizeBytes) return "shorter";
      if ((await fileCrc32(torn, theirs.fileBytes, store.clock)) === theirs.crc32) return "same";
      const bytes = await rebuildFile(target, Math.floor(modifiedMs / 1000), async (mended) => {
        const begun = await receiveBeginning(client, logicalName, mended, sizeBytes);
        if (begun !== undefined) await copyEnd(torn, mended, begun, sizeBytes);
        return begun === undefined ? undefined : sizeBytes;
      });
      if (bytes === undefined) return "shorter";
      store.log.notice("repair.beginning-mended", { file: logicalName, bytes: theirs.fileBytes });
      return "mended";
    } finally {
      await torn.close();
    }
  } catch (error) {
    // The member has deleted it in between: the deletion is on its way.
    if (error instanceof FdfsError && error.kind === "NOT_FOUND") return "same";
    throw FdfsError.fromUnknown(error, { fileName: logicalName });
  }
}

/** Returns how much it is, undefined if that has become more than `mostBytes` since the member was asked. */
async function receiveBeginning(
  client: Pick<PeerClient, "download">,
  logicalName: string,
  into: StoreFile,
  mostBytes: number,
): Promise<number | undefined> {
  let bytes = 0;
  await client.download(logicalName, async (piece) => {
    if (bytes + piece.length <= mostBytes) await into.write(piece, 0, piece.length, bytes);
    bytes += piece.length;
  });
  return bytes <= mostBytes ? bytes : undefined;
}

async function copyEnd(from: StoreFile, into: StoreFile, start: number, end: number): Promise<void> {
  const piece = Buffer.allocUnsafeSlow(Math.max(1, Math.min(PIECE_BYTES, end - start)));
  for (let at = start; at < end;) {
    const bytes = await from.read(piece, 0, Math.min(piece.length, end - at), at);
    if (bytes === 0) throw new FdfsError("IO_FAILED", { reason: "the file became shorter while it was read" });
    await into.write(piece, 0, bytes, at);
    at += bytes;
  }
}
