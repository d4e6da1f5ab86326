// The methods of the settings in words, and which settings a choice depends on.
import type { ChoicePurpose, ChoiceSetting } from "@fastdfs-ts/protocol";

import type { SchedulingPolicy } from "./cluster-picture.ts";
import { printReserve } from "./space-reserve.ts";

interface Method {
  /** As in tracker.conf. */
  readonly value: string;
  readonly meaning: string;
  /** What can be said of the one that was chosen. */
  readonly chosen: string;
}

type Methods<Name extends string> = Readonly<Record<Name, Method>>;

const groupMethods: Methods<SchedulingPolicy["groupChoice"]> = {
  "round-robin": { value: "0", meaning: "groups by turns", chosen: "the next in turn that has space" },
  "fixed-group": { value: "1", meaning: "always store_group", chosen: "always this group" },
  "most-free": { value: "2", meaning: "the group with most free space", chosen: "most free space" },
  "least-loaded": {
    value: "3",
    meaning: "groups by disk usage and tasks",
    chosen: "the likeliest by disk usage and tasks",
  },
};

const storageMethods: Methods<SchedulingPolicy["uploadStorageChoice"]> = {
  "round-robin": { value: "0", meaning: "storages by turns", chosen: "the next in turn" },
  "first-by-address": { value: "1", meaning: "the first storage by address", chosen: "the first by address" },
  "lowest-priority": { value: "2", meaning: "the lowest upload_priority", chosen: "the lowest upload_priority" },
  "least-loaded": { value: "3", meaning: "storages by speed and load", chosen: "the likeliest by speed and load" },
};

const pathMethods: Methods<SchedulingPolicy["storePathChoice"]> = {
  "round-robin": { value: "0", meaning: "store paths by turns", chosen: "the next in turn that has space" },
  "most-free": {
    value: "2",
    meaning: "the store path with most free space",
    chosen: "most free space at the last report of the disks, or the next that has space",
  },
};

const downloadMethods: Methods<SchedulingPolicy["downloadStorageChoice"]> = {
  "round-robin": { value: "0", meaning: "storages by turns", chosen: "the next in turn that has the file" },
  "source-first": { value: "1", meaning: "the source of the file", chosen: "the source of the file" },
  "least-loaded": {
    value: "3",
    meaning: "storages by speed and load",
    chosen: "the likeliest by speed and load of those that have the file",
  },
};

interface SettingRow {
  readonly purposes: readonly ChoicePurpose[];
  /** Undefined where it has no effect. */
  readonly tell: (policy: SchedulingPolicy) => Omit<ChoiceSetting, "key"> | undefined;
}

/** In the order in which they come into a choice. */
const settings = {
  store_lookup: { purposes: ["upload"], tell: ({ groupChoice }) => told(groupMethods[groupChoice]) },
  store_group: {
    purposes: ["upload"],
    tell: ({ groupChoice, fixedGroup }) =>
      groupChoice === "fixed-group" ? { value: fixedGroup ?? "", meaning: "takes all uploads" } : undefined,
  },
  store_server: {
    purposes: ["upload", "change"],
    tell: ({ uploadStorageChoice }) => told(storageMethods[uploadStorageChoice]),
  },
  store_path: { purposes: ["upload"], tell: ({ storePathChoice }) => told(pathMethods[storePathChoice]) },
  reserved_storage_space: {
    purposes: ["upload"],
    tell: ({ reserve }) => ({ value: printReserve(reserve), meaning: "more than this has to be free" }),
  },
  use_trunk_file: {
    purposes: ["upload"],
    tell: ({ usesTrunkFiles }) =>
      usesTrunkFiles
        ? { value: "true", meaning: "free space inside trunk files counts as the second best" }
        : undefined,
  },
  disk_usage_weight: {
    purposes: ["upload"],
    tell: ({ groupChoice, diskWeight }) =>
      groupChoice === "least-loaded"
        ? { value: String(Math.round(diskWeight * 100)), meaning: "percent of a group's load that its disks are" }
        : undefined,
  },
  max_tasks_per_storage: {
    purposes: ["upload"],
    tell: ({ groupChoice, tasksMax }) =>
      groupChoice === "least-loaded" ? { value: String(tasksMax), meaning: "tasks that are a full load" } : undefined,
  },
  download_server: {
    purposes: ["download"],
    tell: ({ downloadStorageChoice }) => told(downloadMethods[downloadStorageChoice]),
  },
  storage_sync_file_max_delay: {
    purposes: ["download", "change"],
    tell: ({ syncMaxDelaySeconds }) => ({
      value: String(syncMaxDelaySeconds),
      meaning: "seconds after which a file of a C storage counts as replicated",
    }),
  },
  storage_sync_file_max_time: {
    purposes: ["download", "change"],
    tell: ({ syncMaxTimeSeconds }) => ({
      value: String(syncMaxTimeSeconds),
      meaning: "the same, once replication has come to the file",
    }),
  },
} as const satisfies Record<string, SettingRow>;

function told({ value, meaning }: Method): Omit<ChoiceSetting, "key"> {
  return { value, meaning };
}

export function settingsFor(purpose: ChoicePurpose, policy: SchedulingPolicy): ChoiceSetting[] {
  return Object.entries<SettingRow>(settings).flatMap(([key, { purposes, tell }]) => {
    const setting = purposes.includes(purpose) ? tell(policy) : undefined;
    return setting === undefined ? [] : [{ key, ...setting }];
  });
}

/** Why this one: "store_server 0: the next in turn". */
export const methodReasons = {
  group: ({ groupChoice }: SchedulingPolicy) => reason("store_lookup", groupMethods[groupChoice]),
  storage: ({ uploadStorageChoice }: SchedulingPolicy) => reason("store_server", storageMethods[uploadStorageChoice]),
  path: ({ storePathChoice }: SchedulingPolicy) => reason("store_path", pathMethods[storePathChoice]),
  download: ({ downloadStorageChoice }: SchedulingPolicy) =>
    reason("download_server", downloadMethods[downloadStorageChoice]),
} as const;

function reason(key: keyof typeof settings, { value, chosen }: Method): string {
  return `${key} ${value}: ${chosen}`;
}
