// Where a file lies on the disk of a storage (wire-protocol.md §3.9, §10.8).
import { METADATA_SUFFIX } from "../limits.ts";
import type { LogicalName } from "./logical-name.ts";
import { trunkFileName } from "./trunk-name.ts";

/** Path of a plain file below the folder of its store path. Files inside a trunk file have none of their own. */
export function localPath(storePath: string, name: Pick<LogicalName, "pathInStore">): string {
  return `${storePath}/data/${name.pathInStore}`;
}

/** Path of the trunk file that holds a file: it lies in the directories of the file's name. */
export function trunkFilePath(storePath: string, name: Pick<LogicalName, "pathInStore">, trunkFileId: number): string {
  return `${storePath}/data/${name.pathInStore.slice(0, "HH/HH/".length)}${trunkFileName(trunkFileId)}`;
}

/** Logical name under which the metadata of a file is kept and replicated. */
export function metadataName(logicalName: string): string {
  return logicalName + METADATA_SUFFIX;
}
