// The methods that are compared.
import type { TrackerConfig } from "@fastdfs-ts/runtime";

type SchedulingKeys = Pick<
  TrackerConfig,
  "groupChoice" | "uploadStorageChoice" | "downloadStorageChoice" | "storePathChoice"
>;

export interface Method {
  readonly name: string;
  /** A group whose members report no load, as C storages. */
  readonly groupOfC?: string;
  /** As in tracker.conf: store_lookup, store_server, download_server. */
  readonly keys: string;
  readonly config: Partial<SchedulingKeys>;
}

const byLoad = {
  groupChoice: "least-loaded",
  uploadStorageChoice: "least-loaded",
  downloadStorageChoice: "least-loaded",
} as const;

export const methods: readonly Method[] = [
  {
    name: "round robin (C)",
    keys: "store_lookup 0, store_server 0, download_server 0",
    config: { groupChoice: "round-robin", uploadStorageChoice: "round-robin", downloadStorageChoice: "round-robin" },
  },
  {
    name: "most free space (C)",
    keys: "store_lookup 2, store_server 0, download_server 0",
    config: { groupChoice: "most-free", uploadStorageChoice: "round-robin", downloadStorageChoice: "round-robin" },
  },
  {
    name: "by load",
    keys: "store_lookup 3, store_server 3, download_server 3",
    config: byLoad,
  },
  {
    name: "by load, group9 of C storages",
    keys: "the same",
    config: byLoad,
    groupOfC: "group9",
  },
];
