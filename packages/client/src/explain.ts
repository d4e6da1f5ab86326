// Why is each storage in the state it is in? Trackers of ours tell (121). Others refuse the question (22); then what they
// list (92) is put into words as far as it goes.
import {
  type ClusterExplanation,
  EXPLANATION_VERSION,
  FdfsError,
  type GroupExplanation,
  parseExplanation,
  rwModes,
  type StorageExplanation,
  type StorageRecord,
  type StorageStatus,
  storageStatusOf,
  trackerCommands,
} from "@fastdfs-ts/protocol";

import { askExplaining } from "./ask-explaining.ts";
import type { Session } from "./session.ts";

export interface ExplainedCluster extends ClusterExplanation {
  /** False where the reasons are guessed from the status, because no tracker that was asked can tell. */
  readonly isFromTracker: boolean;
}

/** Of one group, or of all. Throws NOT_FOUND for an unknown group, and what the trackers' trouble is if none answers. */
export async function explain(
  session: Session,
  groupName: string | undefined,
  signal: AbortSignal,
): Promise<ExplainedCluster> {
  const told = await askTracker(session, groupName ?? "", signal);
  if (told !== undefined) return { ...told, isFromTracker: true };
  // A tracker of ours refuses as well, if the explanation of all groups is too long.
  const names = groupName === undefined ? await groupNames(session, signal) : [groupName];
  const groups: GroupExplanation[] = [];
  let takenSeconds = Math.floor(session.world.clock.now() / 1000);
  let isFromTracker = names.length > 0;
  for (const name of names) {
    const one = groupName === undefined ? await askTracker(session, name, signal) : undefined;
    if (one !== undefined) {
      takenSeconds = one.takenSeconds;
      groups.push(...one.groups);
    } else {
      isFromTracker = false;
      groups.push(await guessGroup(session, name, takenSeconds, signal));
    }
  }
  return { version: EXPLANATION_VERSION, takenSeconds, groups, isFromTracker };
}

/** `undefined`: no tracker understands the question. */
async function askTracker(
  session: Session,
  groupName: string,
  signal: AbortSignal,
): Promise<ClusterExplanation | undefined> {
  const json = await askExplaining(session, trackerCommands.explainStorages, { groupName }, signal);
  return json && parseExplanation(json);
}

async function groupNames({ trackers }: Session, signal: AbortSignal): Promise<string[]> {
  const { groups } = await trackers.ask(trackerCommands.listGroups, {}, signal);
  return groups.map(({ groupName }) => groupName);
}

async function guessGroup(
  { trackers }: Session,
  groupName: string,
  nowSeconds: number,
  signal: AbortSignal,
): Promise<GroupExplanation> {
  const { storages } = await trackers.ask(trackerCommands.listStorages, { groupName, storageId: "" }, signal);
  return {
    groupName,
    storages: storages.map((record) => guessStorage(record, nowSeconds)),
    replication: [],
    removed: [],
  };
}

function guessStorage(record: StorageRecord, nowSeconds: number): StorageExplanation {
  const status = storageStatusOf(record.status);
  if (status === undefined) {
    throw new FdfsError("BAD_ANSWER", {
      reason: `storage ${record.storageId} has the unknown status ${record.status}`,
    });
  }
  const { lastHeartbeatSeconds } = record.statistics;
  const serves = (bit: number) => status === "ACTIVE" && (record.rwMode & bit) !== 0;
  return {
    storageId: record.storageId,
    address: record.storageIp,
    port: record.storagePort,
    status,
    reason: usualReasons[status],
    sinceSeconds: 0,
    sourceId: record.sourceStorageId,
    untilSeconds: 0,
    progress: undefined,
    estimatedEndSeconds: undefined,
    lastBeatSecondsAgo: lastHeartbeatSeconds === 0 ? undefined : Math.max(0, nowSeconds - lastHeartbeatSeconds),
    isReadable: serves(rwModes.readOnly),
    isWritable: serves(rwModes.writeOnly),
    reportsReplication: false,
  };
}

/** What usually lies behind a status (cluster-behaviour.md §2.1). */
const usualReasons: Readonly<Record<StorageStatus, string>> = {
  INIT: "joined; nobody is assigned yet to copy old files to it",
  WAIT_SYNC: "waits until its source begins to copy old files to it",
  SYNCING: "old files are being copied to it",
  IP_CHANGED: "its storage has another address now",
  DELETED: "removed by an administrator",
  OFFLINE: "not connected to this tracker",
  ONLINE: "connected; its first report is still missing",
  ACTIVE: "in service",
  RECOVERY: "rebuilds the files of a disk",
  NONE: "unknown",
};
