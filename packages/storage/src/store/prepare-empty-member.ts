// The first members of a brand-new, empty group need nobody to copy old files from. Saying so beforehand lets several of
// them start at once: each one is then complete from its first join on (cluster-behaviour.md §2.3 #2).
import { join } from "node:path";

import { FdfsError } from "@fastdfs-ts/protocol";
import type { Disk } from "@fastdfs-ts/runtime";

import { hasBinlogRecords } from "../formats/binlog-index-file.ts";
import { dataInitFlagPath } from "../formats/data-init-file.ts";
import { newDataInitFlag, printDataInitFlag } from "../formats/data-init-flag.ts";
import { StateFile } from "../formats/state-file.ts";
import { readPathMark } from "./path-mark.ts";

/**
 * Writes a `.data_init_flag` that says "complete" for a storage that has never run, creating `<basePath>/data`. Tells
 * whether it did: a storage that has run before is left as it is. Throws FdfsError ALREADY_EXISTS if there is no flag but
 * there are files, a mark or a binlog: then this is not a new storage, and calling it complete could lose files.
 */
export function prepareEmptyMember(
  disk: Disk,
  basePath: string,
  storePaths: readonly string[],
  nowSeconds: number,
): boolean {
  const file = new StateFile(disk, dataInitFlagPath(basePath));
  // Prepared before, or in use; a damaged flag is reported when the storage starts.
  if (file.read() !== undefined) return false;
  const occupied = whatIsThere(disk, basePath, storePaths);
  if (occupied !== undefined) {
    throw new FdfsError("ALREADY_EXISTS", {
      path: occupied,
      reason: `this is not a new storage, but ${file.path} is missing. Restore that file, or use another directory`,
    });
  }
  disk.makeDirectory(join(basePath, "data"));
  file.replace(printDataInitFlag({ ...newDataInitFlag(nowSeconds), isSyncOldDone: true }));
  disk.syncDirectory(basePath);
  return true;
}

/** The first thing that shows that somebody has stored here. */
function whatIsThere(disk: Disk, basePath: string, storePaths: readonly string[]): string | undefined {
  const syncFolder = join(basePath, "data", "sync");
  if (hasBinlogRecords(disk, syncFolder)) return syncFolder;
  for (const storePath of storePaths) {
    if (readPathMark(disk, storePath) !== undefined) return join(storePath, "data", ".fastdfs_vars");
    const stored = firstStoredFile(disk, join(storePath, "data"));
    if (stored !== undefined) return stored;
  }
  return undefined;
}

function firstStoredFile(disk: Disk, dataPath: string): string | undefined {
  for (const high of hashDirectories(disk, dataPath)) {
    for (const low of hashDirectories(disk, high)) {
      const name = disk.readDirectory(low)[0];
      if (name !== undefined) return join(low, name);
    }
  }
  return undefined;
}

function hashDirectories(disk: Disk, parent: string): string[] {
  if (disk.stat(parent)?.kind !== "directory") return [];
  return disk
    .readDirectory(parent)
    .filter((name) => /^[0-9A-F]{2}$/.test(name))
    .map((name) => join(parent, name))
    .filter((path) => disk.stat(path)?.kind === "directory");
}
