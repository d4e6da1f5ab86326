// Puts one file of another member in its place here, checked against its name before it can be seen.
import { crc32, FdfsError, trunkFileName, TRUE_PATH_BYTES } from "@fastdfs-ts/protocol";
import { systemErrorCode } from "@fastdfs-ts/runtime";

import type { BinlogRecord } from "../binlog/binlog-record.ts";
import type { FileStore } from "../files/file-store.ts";
import { type ResolvedName, resolveNameOrNot } from "../files/resolve-name.ts";
import { statedContent } from "../files/stated-content.ts";
import { trunkSlotOf } from "../files/trunk-slot.ts";
import type { PeerClient } from "./peer-client.ts";
import { rebuildFile } from "./rebuild-file.ts";

/** damaged: what the member has is not what the name says. */
export type RestoreOutcome =
  { readonly kind: "restored"; readonly bytes: number } | { readonly kind: "missing" | "damaged" };

/**
 * Copies a file, replacing one that is here. Its time becomes that of the record. `nameThere` is another name that it may
 * still have at the member. Throws FdfsError if the member cannot be asked or the disk fails.
 */
export async function restoreFile(
  peer: Pick<PeerClient, "download">,
  target: ResolvedName,
  seconds: number,
  nameThere = target.logicalName,
): Promise<RestoreOutcome> {
  const { logicalName } = target;
  const stated = statedContent(logicalName);
  try {
    const restored = await rebuildFile(target, seconds, async (file) => {
      let checksum = 0;
      let bytes = 0;
      // An empty file cannot be read from another member.
      if (stated?.bytes !== 0) {
        await peer.download(nameThere, async (piece) => {
          if (stated !== undefined) checksum = crc32(checksum, piece);
          await file.write(piece, 0, piece.length, bytes);
          bytes += piece.length;
        });
      }
      const isDamaged = stated !== undefined && (stated.bytes !== bytes || stated.crc32 !== checksum);
      return isDamaged ? undefined : bytes;
    });
    return restored === undefined ? { kind: "damaged" } : { kind: "restored", bytes: restored };
  } catch (error) {
    if (error instanceof FdfsError && error.kind === "NOT_FOUND") return { kind: "missing" };
    throw FdfsError.fromUnknown(error, { fileName: logicalName });
  }
}

/** Makes a link to where the target lies here. An existing link is fine. Throws FdfsError. */
export async function restoreLink(target: ResolvedName, leadsTo: ResolvedName): Promise<RestoreOutcome> {
  try {
    await target.storePath.disk.symlink(leadsTo.path, target.path);
  } catch (error) {
    if (systemErrorCode(error) !== "EEXIST") throw FdfsError.fromUnknown(error, { fileName: target.logicalName });
  }
  return { kind: "restored", bytes: 0 };
}

/**
 * What has to be fetched for a record: the file itself, or the whole trunk file that it lies in. Undefined if no file here
 * can have the name.
 */
export function restoredName(
  store: Pick<FileStore, "paths">,
  { logicalName }: Pick<BinlogRecord, "logicalName">,
): ResolvedName | undefined {
  const target = resolveNameOrNot(store, logicalName);
  const slot = target === undefined ? undefined : trunkSlotOf(target.pathInStore);
  if (slot === undefined) return target;
  const folder = logicalName.slice(0, "Mxx/".length + TRUE_PATH_BYTES);
  return resolveNameOrNot(store, folder + trunkFileName(slot.slice.trunkFileId));
}
