// From the name in a request to the file on this host.
import { FdfsError, parseLogicalName } from "@fastdfs-ts/protocol";

import type { StorePath } from "../store/store-path.ts";
import type { FileStore } from "./file-store.ts";

export interface ResolvedName {
  readonly logicalName: string;
  readonly storePath: StorePath;
  /** Such as "00/0C/CmIA…txt". */
  readonly pathInStore: string;
  /** The file on this host. */
  readonly path: string;
}

/** Throws FdfsError BAD_REQUEST for a name that no file here can have (wire-protocol.md §3.8). */
export function resolveName(store: Pick<FileStore, "paths">, logicalName: string): ResolvedName {
  const { storePathIndex, pathInStore } = parseLogicalName(logicalName, store.paths.count);
  // The shape alone lets the names of the hash directories themselves through.
  if (pathInStore.endsWith("/.") || pathInStore.endsWith("/..")) {
    throw new FdfsError("BAD_REQUEST", { fileName: logicalName, reason: "this is the name of a directory" });
  }
  const storePath = store.paths.all[storePathIndex]!;
  return { logicalName, storePath, pathInStore, path: storePath.fileAt(pathInStore) };
}

/** As `resolveName`, undefined for such a name. */
export function resolveNameOrNot(store: Pick<FileStore, "paths">, logicalName: string): ResolvedName | undefined {
  try {
    return resolveName(store, logicalName);
  } catch (error) {
    if (error instanceof FdfsError) return undefined;
    throw error;
  }
}
