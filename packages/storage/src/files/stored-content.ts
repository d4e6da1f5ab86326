// Where the bytes of a stored file lie: in a file of their own, or in a slot of a trunk file. A file of its own is looked
// for first, because a slave of a trunk file can have a name that looks like one (storage-formats.md §9.7).
import { FdfsError, MAX_NAME_BYTES } from "@fastdfs-ts/protocol";
import { type FileStat, systemErrorCode } from "@fastdfs-ts/runtime";

import type { StoreFile } from "../store/store-disk.ts";
import type { FileStore } from "./file-store.ts";
import { type ResolvedName, resolveName } from "./resolve-name.ts";
import { openTrunkSlot, trunkSlotOf } from "./trunk-slot.ts";

/** Open content; whoever opened it closes the file. */
export interface StoredContent {
  readonly file: StoreFile;
  /** Where the content begins in the file. */
  readonly at: number;
  readonly bytes: number;
}

/**
 * Opens the content of a file, that of its target for a link. Throws FdfsError NOT_A_FILE, or NOT_FOUND and what else the
 * disk refuses as the disk's own error.
 */
export async function openContent(store: FileStore, target: ResolvedName, mayBeLink = true): Promise<StoredContent> {
  const slot = trunkSlotOf(target.pathInStore);
  let file: StoreFile;
  try {
    file = await target.storePath.disk.open(target.path, "read");
  } catch (error) {
    if (slot === undefined || systemErrorCode(error) !== "ENOENT") throw error;
    const opened = await openTrunkSlot(target, slot);
    if (opened === undefined) throw error;
    const content = { file: opened.file, at: opened.contentAt, bytes: opened.contentBytes };
    return opened.type === "link" ? followLink(store, target, content, mayBeLink) : content;
  }
  try {
    const stat = await file.stat();
    if (stat.kind !== "file") throw new FdfsError("NOT_A_FILE", { fileName: target.logicalName });
    return { file, at: 0, bytes: stat.sizeBytes };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function followLink(
  store: FileStore,
  target: ResolvedName,
  { file, at, bytes }: StoredContent,
  mayBeLink: boolean,
): Promise<StoredContent> {
  const name = Buffer.alloc(Math.min(bytes, MAX_NAME_BYTES));
  try {
    await file.read(name, 0, name.length, at);
  } finally {
    await file.close();
  }
  if (!mayBeLink) throw new FdfsError("NOT_FOUND", { fileName: target.logicalName, reason: "a link to a link" });
  return openContent(store, resolveName(store, name.toString("latin1")), false);
}

/** Kind, size and time of a file; undefined if it is not there. Links in the file system are followed. */
export async function statContent(target: ResolvedName): Promise<FileStat | undefined> {
  const stat = await target.storePath.disk.stat(target.path);
  const slot = stat === undefined ? trunkSlotOf(target.pathInStore) : undefined;
  if (slot === undefined) return stat;
  const opened = await openTrunkSlot(target, slot);
  if (opened === undefined) return undefined;
  await opened.file.close();
  const { createdSeconds } = slot.facts;
  return {
    kind: "file",
    sizeBytes: opened.contentBytes,
    modifiedMs: createdSeconds * 1000,
    changedMs: createdSeconds * 1000,
    inode: 0,
  };
}
