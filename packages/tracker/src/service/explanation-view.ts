// Why is each storage in the state it is in, and how far has each source fed each peer? The answer to 121 (ours).
import {
  EXPLANATION_VERSION,
  type GroupExplanation,
  isStanding,
  printExplanation,
  type Progress,
  type ReplicationLink,
  replicatorStateOf,
  type StorageExplanation,
  trackerCommands,
} from "@fastdfs-ts/protocol";
import { answer, type Route } from "@fastdfs-ts/rpc";

import type { Cluster } from "../cluster/cluster.ts";
import type { Group } from "../cluster/group.ts";
import type { PeerFeed, StorageNode } from "../cluster/storage-node.ts";
import { isTombstone } from "../cluster/storage-status.ts";
import { suitedAddress } from "../cluster/suited-address.ts";
import { jsonAnswer } from "./json-answer.ts";

/** Longer than this a copy has to be watched before its speed says when it ends. */
const SPEED_KNOWN_SECONDS = 2;

export function explanationRoute(cluster: Cluster): Route {
  return answer(trackerCommands.explainStorages, ({ groupName }, session) => {
    const groups = groupName === "" ? cluster.groups : [cluster.group(groupName)];
    const json = printExplanation({
      version: EXPLANATION_VERSION,
      takenSeconds: cluster.now(),
      groups: groups.map((group) => explainGroup(cluster, group, session.remote.host)),
    });
    return jsonAnswer(json);
  });
}

function explainGroup(cluster: Cluster, group: Group, peer: string): GroupExplanation {
  const members = group.sorted.filter(({ status }) => !isTombstone(status));
  return {
    groupName: group.name,
    storages: group.sorted.map((node) => explainStorage(cluster, node, peer)),
    replication: members.flatMap((source) =>
      members.filter((node) => node !== source).map((node) => explainLink(cluster, source, node)),
    ),
    removed: cluster.removals
      .of(group.name)
      .filter(isStanding)
      .map(({ storageId, removedSeconds }) => ({ storageId, removedSeconds })),
  };
}

function explainStorage(cluster: Cluster, node: StorageNode, peer: string): StorageExplanation {
  const feed = node.syncSource?.feeds.get(node.id);
  return {
    storageId: node.id,
    address: suitedAddress(node.addresses, peer),
    port: node.port,
    status: node.status,
    reason: node.reason,
    sinceSeconds: node.statusSince,
    sourceId: node.syncSource?.id ?? "",
    untilSeconds: node.syncUntil,
    progress: feed && progressOf(feed),
    estimatedEndSeconds: feed && estimatedEnd(cluster, feed),
    lastBeatSecondsAgo:
      node.lastAlive === 0 ? undefined : Math.max(0, Math.floor(cluster.monotonicSeconds() - node.lastAlive)),
    isReadable: node.isReadable,
    isWritable: node.isWritable,
    reportsReplication: node.reportsReplication,
  };
}

function progressOf({ report }: PeerFeed): Progress | undefined {
  if (report.backfillBytes <= 0) return undefined;
  return { doneBytes: report.backfillDoneBytes, totalBytes: report.backfillBytes };
}

function estimatedEnd(cluster: Cluster, { report, backfillBegin }: PeerFeed): number | undefined {
  if (backfillBegin === undefined) return undefined;
  const seconds = cluster.monotonicSeconds() - backfillBegin.monotonicSeconds;
  const bytes = report.backfillDoneBytes - backfillBegin.doneBytes;
  if (seconds < SPEED_KNOWN_SECONDS || bytes <= 0) return undefined;
  const left = Math.max(0, report.backfillBytes - report.backfillDoneBytes);
  return cluster.now() + Math.ceil((left * seconds) / bytes);
}

function explainLink(cluster: Cluster, source: StorageNode, peer: StorageNode): ReplicationLink {
  const report = source.feeds.get(peer.id)?.report;
  const names = { sourceId: source.id, peerId: peer.id };
  if (report === undefined) {
    return {
      ...names,
      state: undefined,
      reason: source.reportsReplication ? "not begun yet" : "this storage does not tell; what the peer reported",
      sinceSeconds: 0,
      lagSeconds: lagByStamp(source, peer),
      lagBytes: undefined,
      parkedRecords: 0,
    };
  }
  const isCaughtUp = report.pendingBytes <= 0 && report.parkedRecords <= 0;
  const behind = report.confirmedSeconds > 0 ? Math.max(0, cluster.now() - report.confirmedSeconds) : undefined;
  return {
    ...names,
    state: replicatorStateOf(report.state),
    reason: report.reason,
    sinceSeconds: report.sinceSeconds,
    lagSeconds: isCaughtUp ? 0 : behind,
    lagBytes: Math.max(0, report.pendingBytes),
    parkedRecords: Math.max(0, report.parkedRecords),
  };
}

/** From what the peer said it got (89), and when the source last changed something itself (83). */
function lagByStamp(source: StorageNode, peer: StorageNode): number | undefined {
  const stamp = source.group.sync.get(source.slot, peer.slot);
  if (stamp === 0) return undefined;
  return Math.max(0, source.statistics.lastSourceUpdateSeconds - stamp);
}
