// An appender to which we appended what others do not have yet: what they have should be its beginning.
import { fileCrc32 } from "../files/file-crc32.ts";
import type { FileStore } from "../files/file-store.ts";
import type { ResolvedName } from "../files/resolve-name.ts";
import { infoOrNot } from "./compare-file.ts";
import type { PeerClient } from "./peer-client.ts";
import { restoreFile } from "./restore-file.ts";

const PIECE_BYTES = 256 * 1024;

/**
 * same     ours begins with what the member has
 * mended   it did not, because old pages came back: the beginning is the member's now, our end behind it
 * shorter  the member has more than we
 */
export type Beginning = "same" | "mended" | "shorter";

/** Throws FdfsError if the member cannot be asked, or the disk fails. */
export async function mendBeginning(store: FileStore, target: ResolvedName, client: PeerClient): Promise<Beginning> {
  const { disk } = target.storePath;
  const torn = await disk.open(target.path, "read");
  try {
    const theirs = await infoOrNot(client, target.logicalName);
    if (theirs === undefined) return "same";
    const { sizeBytes, modifiedMs } = await torn.stat();
    if (theirs.fileBytes > sizeBytes) return "shorter";
    if ((await fileCrc32(torn, theirs.fileBytes, store.clock)) === theirs.crc32) return "same";
    const { kind } = await restoreFile(client, target, Math.floor(modifiedMs / 1000));
    if (kind !== "restored") return "same";
    // The old file has no name any more; it is still open.
    const mended = await disk.open(target.path, "write");
    try {
      const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
      for (let at = theirs.fileBytes; at < sizeBytes;) {
        const bytes = await torn.read(piece, 0, piece.length, at);
        if (bytes === 0) break;
        await mended.write(piece, 0, bytes, at);
        at += bytes;
      }
      await mended.sync();
    } finally {
      await mended.close();
    }
    store.log.notice("repair.beginning-mended", { file: target.logicalName, bytes: theirs.fileBytes });
    return "mended";
  } finally {
    await torn.close();
  }
}
