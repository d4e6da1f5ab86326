// What a joined storage reports of itself: that it lives, its counters, its disks, how far replication has come
// (wire-protocol.md §6.5 to §6.7).
import {
  type DiskReport,
  FdfsError,
  type Heartbeat,
  type LoadReport,
  type PeerReplication,
  type ReplicationReport,
  type SyncReport,
  UNKNOWN_SHARE,
} from "@fastdfs-ts/protocol";

import { standingPathCursor } from "../scheduling/pick-store-path.ts";
import type { Cluster } from "./cluster.ts";
import { safeStatistics } from "./safe-number.ts";
import type { PeerFeed, StorageNode } from "./storage-node.ts";
import { isTombstone } from "./storage-status.ts";

/** Stamps are kept in files of C, whose times have 32 bits. */
const MAX_STAMP_SECONDS = 2 ** 31 - 1;
const PAUSE_DECAY = 0.8;
/** 16 EiB. */
const MAX_PATH_MIB = 2 ** 44;

/** 83: the member lives; counters come when one has changed. */
export function takeHeartbeat(cluster: Cluster, node: StorageNode, { statistics }: Heartbeat): void {
  if (statistics !== undefined) {
    node.statistics = safeStatistics(statistics);
    cluster.changed("statistics");
  }
  const now = cluster.monotonicSeconds();
  // One long pause is not expected for ever.
  if (node.lastBeat > 0) node.beatPause = Math.max(now - node.lastBeat, PAUSE_DECAY * node.beatPause);
  node.lastBeat = now;
  node.load.takeBeat(node.statistics, node.beatPause * 1000, cluster.monotonicMs());
  isAlive(cluster, node);
}

/** 126. Throws BAD_REQUEST for figures that cannot be. */
export function takeLoadReport(cluster: Cluster, node: StorageNode, report: LoadReport): void {
  const wrong = (Object.keys(report) as (keyof LoadReport)[]).find((name) => !isLoadFigure(name, report[name]));
  if (wrong !== undefined) {
    throw new FdfsError("BAD_REQUEST", {
      groupName: node.group.name,
      reason: `${node.id} reports ${wrong} ${report[wrong]}`,
    });
  }
  const nowMs = cluster.monotonicMs();
  node.load.takeReport(report, nowMs);
  node.group.refreshLoad(nowMs);
}

function isLoadFigure(name: keyof LoadReport, value: number): boolean {
  if (name.endsWith("Permille")) return value === UNKNOWN_SHARE || (value >= 0 && value <= 1000);
  return value >= 0 && value <= Number.MAX_SAFE_INTEGER;
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
  node.writePathCursor = standingPathCursor(node, cluster.settings.policy);
  isAlive(cluster, node);
  group.refreshSpace();
  cluster.spaceChanged();
  cluster.changed("statistics");
}

/**
 * 89: up to when each source has pushed its changes to `node`. Readers are sent by the matrix. C's one number is kept beside
 * it for files whose source is gone, and for lists: only sources that are ACTIVE now count; of their stamps the smallest
 * (with store_server 0), or the largest ever seen (1 and 2, where one server takes all uploads).
 */
export function takeSyncReport(cluster: Cluster, node: StorageNode, { stamps }: SyncReport): void {
  const { group } = node;
  let least = Infinity;
  let most = node.lastSyncedTimestamp;
  for (const { sourceStorageId, untilSeconds } of stamps) {
    const source = untilSeconds > 0 ? group.find(sourceStorageId) : undefined;
    if (source === undefined || isTombstone(source.status)) continue;
    group.sync.raise(source.slot, node.slot, untilSeconds);
    if (source.status !== "ACTIVE") continue;
    least = Math.min(least, untilSeconds);
    most = Math.max(most, untilSeconds);
  }
  cluster.changed("statistics");
  if (least === Infinity) return;
  node.lastSyncedTimestamp = cluster.settings.policy.uploadStorageChoice === "round-robin" ? least : most;
}

/**
 * 120: how far `node` has fed each of its peers. Every change of its own up to `confirmedSeconds` has arrived there, so the
 * peer has everything before the next second.
 */
export function takeReplicationReport(cluster: Cluster, node: StorageNode, { peers }: ReplicationReport): void {
  const { group } = node;
  node.reportsReplication = true;
  const before = new Map(node.feeds);
  node.feeds.clear();
  for (const report of peers) {
    const peer = group.find(report.storageId);
    if (peer === undefined || peer === node || isTombstone(peer.status)) continue;
    if (report.confirmedSeconds > 0 && report.confirmedSeconds < MAX_STAMP_SECONDS) {
      group.sync.raise(node.slot, peer.slot, report.confirmedSeconds + 1);
    }
    node.feeds.set(peer.id, {
      report,
      takenSeconds: cluster.now(),
      backfillBegin: backfillBegin(cluster, before.get(peer.id), report),
    });
  }
  cluster.changed("statistics");
}

/** Where the copy of old files stood when it was first heard of; it is another one if it has fallen back. */
function backfillBegin(
  cluster: Cluster,
  before: PeerFeed | undefined,
  report: PeerReplication,
): PeerFeed["backfillBegin"] {
  if (report.backfillBytes <= 0) return undefined;
  const begin = before?.backfillBegin;
  return begin !== undefined && report.backfillDoneBytes >= begin.doneBytes
    ? begin
    : { monotonicSeconds: cluster.monotonicSeconds(), doneBytes: report.backfillDoneBytes };
}

function isSpace(mib: number): boolean {
  return mib >= 0 && mib <= MAX_PATH_MIB;
}

/** Any report proves life, also for the liveness check; C counts only heartbeats there. */
function isAlive(cluster: Cluster, node: StorageNode): void {
  node.lastHeartbeat = cluster.now();
  node.lastAlive = cluster.monotonicSeconds();
  cluster.apply(node, "beat", "it is complete and reports");
}
