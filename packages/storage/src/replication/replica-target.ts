// Names in records that peers push, and giving a file such a name.
import { FdfsError, METADATA_SUFFIX } from "@fastdfs-ts/protocol";
import { systemErrorCode } from "@fastdfs-ts/runtime";
import { dirname } from "node:path";

import type { FileStore } from "../files/file-store.ts";
import { type ResolvedName, resolveName } from "../files/resolve-name.ts";
import { after, type Awaitable, rescue } from "../store/awaitable.ts";

/** A name with one of these would break the log line that it is written to. */

const BREAKS_LINES = /[\0-\x20\x7f]/;

/**
 * The file here that a pushed name stands for. Throws FdfsError BAD_REQUEST for names that no file can have and for store
 * paths that are not here: the members of a group must have the same number of them.
 */
export function resolveReplica(store: FileStore, logicalName: string): ResolvedName {
  const target = resolveName(store, logicalName);
  if (BREAKS_LINES.test(logicalName)) {
    throw new FdfsError("BAD_REQUEST", {
      fileName: logicalName,
      reason: "the name has a blank or a control character",
    });
  }
  return target;
}

/**
 * Runs `place`, which gives something the name of `target`. If its hash directory is not there, because the sender has
 * more of them (`subdir_count_per_path`), it is made.
 */
export function placeAt(target: ResolvedName, place: () => Awaitable<void>): Awaitable<void> {
  return rescue(place, (error) => {
    if (systemErrorCode(error) !== "ENOENT") throw error;
    return after(target.storePath.disk.makeDirectory(dirname(target.path)), place);
  });
}

/** What to lock for a change of the target: metadata changes under the lock of its file, also for clients. */
export function lockOf({ path }: ResolvedName): string {
  return path.endsWith(METADATA_SUFFIX) ? path.slice(0, -METADATA_SUFFIX.length) : path;
}
