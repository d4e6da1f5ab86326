export { type Cluster } from "./cluster/cluster.ts";
export type { Group } from "./cluster/group.ts";
export type { StorageNode } from "./cluster/storage-node.ts";
export { storageStatusTable } from "./cluster/storage-status.ts";
export type { ReloadOutcome } from "./config-reload.ts";
export { openTracker, type TrackerModules, TrackerServer } from "./tracker-server.ts";
