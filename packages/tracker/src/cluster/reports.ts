// What a joined storage reports of itself: that it lives, its counters, its disks, how far replication has come
// (wire-protocol.md §6.5 to §6.7).
import { type DiskReport, FdfsError, type Heartbeat, type SyncReport } from "@fastdfs-ts/protocol";

import { roomiestPath } from "../scheduling/pick-store-path.ts";
import type { Cluster } from "./cluster.ts";
import { safeStatistics } from "./safe-number.ts";
import type { StorageNode } from "./storage-node.ts";

/** 16 EiB. */
const MAX_PATH_MIB = 2 ** 44;

/** 83: the member lives; counters come when one has changed. */
export function takeHeartbeat(cluster: Cluster, node: StorageNode, { statistics }: Heartbeat): void {
  if (statistics !== undefined) {
    node.statistics = safeStatistics(statistics);
    cluster.changed("statistics");
  }
  isAlive(cluster, node, "heartbeat");
}

/** 84: space of all store paths. Throws BAD_REQUEST if there is not one entry per store path of the group, or a negative one. */
export function takeDiskReport(cluster: Cluster, node: StorageNode, { storePaths }: DiskReport): void {
  const { group } = node;
  if (storePaths.length !== group.storePathCount) {
    throw new FdfsError("BAD_REQUEST", {
      groupName: group.name,
      reason: `${node.id} reports ${storePaths.length} store paths, the group has ${group.storePathCount}`,
    });
  }
  if (!storePaths.every(({ totalMib, freeMib }) => isSpace(totalMib) && isSpace(freeMib))) {
    throw new FdfsError("BAD_REQUEST", { groupName: group.name, reason: `${node.id} reports impossible space` });
  }
  node.paths = storePaths;
  node.totalMib = storePaths.reduce((sum, path) => sum + path.totalMib, 0);
  node.freeMib = storePaths.reduce((sum, path) => sum + path.freeMib, 0);
  if (cluster.settings.policy.storePathChoice === "most-free") node.writePathCursor = roomiestPath(storePaths);
  isAlive(cluster, node, "disk report");
  group.refreshSpace();
  cluster.spaceChanged();
  cluster.changed("statistics");
}

/**
 * 89: up to when each source has pushed its changes to `node`. Only sources that are ACTIVE now count; of their stamps
 * the smallest tells up to when the member has everything (with store_server 0), or the largest ever seen (1 and 2, where
 * one server takes all uploads).
 */
export function takeSyncReport(cluster: Cluster, node: StorageNode, { stamps }: SyncReport): void {
  const { group } = node;
  let least = Infinity;
  let most = node.lastSyncedTimestamp;
  for (const { sourceStorageId, untilSeconds } of stamps) {
    if (untilSeconds <= 0 || group.find(sourceStorageId)?.status !== "ACTIVE") continue;
    group.sync.set(sourceStorageId, node.id, untilSeconds);
    least = Math.min(least, untilSeconds);
    most = Math.max(most, untilSeconds);
  }
  if (least === Infinity) return;
  node.lastSyncedTimestamp = cluster.settings.policy.uploadStorageChoice === "round-robin" ? least : most;
  cluster.changed("statistics");
}

function isSpace(mib: number): boolean {
  return mib >= 0 && mib <= MAX_PATH_MIB;
}

/** Any report proves life, also for the liveness check; C counts only heartbeats there. */
function isAlive(cluster: Cluster, node: StorageNode, what: string): void {
  node.lastHeartbeat = cluster.now();
  node.lastAlive = cluster.monotonicSeconds();
  cluster.apply(node, "beat", what);
}
