// What kind of configuration file something is, and the loader for it.
import { basename } from "node:path";

import {
  type ClientConfig,
  type ConfigWarning,
  type Disk,
  loadClientConfig,
  loadStorageConfig,
  loadTrackerConfig,
  readStorageIds,
  type StorageConfig,
  type StorageIdEntry,
  systemErrorCode,
  type TrackerConfig,
} from "@fastdfs-ts/runtime";

export const configKinds = ["tracker", "storage", "client", "storage-ids"] as const;
export type ConfigKind = (typeof configKinds)[number];

/** A configuration that can be used, told apart by its kind. */
export type AnyConfig =
  | { readonly kind: "tracker"; readonly config: TrackerConfig; readonly warnings: readonly ConfigWarning[] }
  | { readonly kind: "storage"; readonly config: StorageConfig; readonly warnings: readonly ConfigWarning[] }
  | { readonly kind: "client"; readonly config: ClientConfig; readonly warnings: readonly ConfigWarning[] }
  | { readonly kind: "storage-ids"; readonly config: readonly StorageIdEntry[]; readonly warnings: readonly [] };

/** Throws ConfigError with everything that is wrong. */
export function loadConfig(disk: Disk, path: string, kind: ConfigKind): AnyConfig {
  if (kind === "tracker") return { kind, ...loadTrackerConfig(disk, path) };
  if (kind === "storage") return { kind, ...loadStorageConfig(disk, path) };
  if (kind === "client") return { kind, ...loadClientConfig(disk, path) };
  return { kind, config: readStorageIds(disk, path), warnings: [] };
}

/** Keys that only one kind of file has, the most telling first. */
const tellingKeys: readonly (readonly [ConfigKind, RegExp])[] = [
  ["storage", /^(?:store_path_count|store_path\d+|group_name|subdir_count_per_path|heart_beat_interval)$/],
  ["tracker", /^(?:store_lookup|store_server|store_path|download_server|reserved_storage_space|use_trunk_file)$/],
  ["client", /^(?:tracker_server|load_fdfs_parameters_from_tracker)$/],
  ["tracker", /^(?:port|base_path|max_connections)$/],
];

/** The kind of a file, by its name if that says it, else by its keys. A file that says nothing counts as a client's. */
export function kindOfConfig(disk: Disk, path: string): ConfigKind {
  const name = basename(path);
  if (name.startsWith("storage_ids")) return "storage-ids";
  const byName = configKinds.find((kind) => name.startsWith(kind));
  if (byName !== undefined) return byName;
  const keys = keysOf(disk, path);
  return tellingKeys.find(([, pattern]) => keys.some((key) => pattern.test(key)))?.[0] ?? "client";
}

function keysOf(disk: Disk, path: string): string[] {
  try {
    const text = disk.readFile(path).toString("utf8");
    return [...text.matchAll(/^[ \t]*([^#=\s][^=\n]*?)[ \t]*=/gm)].map((match) => match[1]!);
  } catch (error) {
    // The loader says in full what is wrong with a file that cannot be read.
    if (systemErrorCode(error) !== undefined) return [];
    throw error;
  }
}
