// Is a file what it should be? Compared with the copy of another member, and with what our log says of it.
import { FdfsError, type FileInfo, METADATA_SUFFIX } from "@fastdfs-ts/protocol";

import { fileCrc32 } from "../files/file-crc32.ts";
import type { FileStore } from "../files/file-store.ts";
import type { ResolvedName } from "../files/resolve-name.ts";
import { statedContent } from "../files/stated-content.ts";
import type { LoggedSize } from "./name-history.ts";
import type { PeerClient } from "./peer-client.ts";

/**
 * Whether our file is the member's. A normal file that is here was held to its name before; links are what they are; others
 * are compared by size and CRC32 (22). One that the member has not got any more is not compared: its deletion is on the way.
 */
export async function isAsAt(store: FileStore, target: ResolvedName, client: PeerClient): Promise<boolean> {
  if (!(await mayDiffer(target))) return true;
  const theirs = await infoOrNot(client, target.logicalName);
  if (theirs === undefined) return true;
  const file = await target.storePath.disk.open(target.path, "read");
  try {
    const { sizeBytes } = await file.stat();
    if (theirs.fileBytes !== sizeBytes) return false;
    return (await fileCrc32(file, sizeBytes, store.clock)) === theirs.crc32;
  } finally {
    await file.close();
  }
}

/** Size, time and CRC32 of a file at another member (22), undefined if it has it not. Throws FdfsError. */
export async function infoOrNot(client: Pick<PeerClient, "info">, logicalName: string): Promise<FileInfo | undefined> {
  try {
    return await client.info(logicalName);
  } catch (error) {
    if (error instanceof FdfsError && error.kind === "NOT_FOUND") return undefined;
    throw error;
  }
}

/** Whether two members can have different contents under this name: not if the name states the content. */
export async function mayDiffer({ storePath, path, logicalName }: ResolvedName): Promise<boolean> {
  if (statedContent(logicalName) !== undefined) return false;
  return (await storePath.disk.linkStat(path))?.kind === "file";
}

/** Whether a file of so many bytes can be the one that the log tells of. */
export function hasSize(fileBytes: number, { bytes, isExact }: LoggedSize): boolean {
  return isExact ? fileBytes === bytes : fileBytes >= bytes;
}

/** What our log says: of appenders the size tells, of metadata whether it is text. */
export async function isAsLogged(target: ResolvedName, size: LoggedSize | undefined): Promise<boolean> {
  const { disk } = target.storePath;
  const stat = await disk.linkStat(target.path);
  if (size !== undefined && stat !== undefined) return hasSize(stat.sizeBytes, size);
  if (stat?.kind !== "file" || !target.logicalName.endsWith(METADATA_SUFFIX)) return true;
  const first = Buffer.alloc(1);
  return (await disk.readStart(target.path, first, 0, 1)) === 1 && first[0] !== 0;
}
