// The story of one storage in words: its state, why, how far it is, who is behind whom, and what to do.
import type { ExplainedCluster } from "@fastdfs-ts/client";
import type {
  GroupExplanation,
  RemovedStorage,
  ReplicationLink,
  StorageExplanation,
  StorageStatus,
} from "@fastdfs-ts/protocol";

import { plural, printBytes, printDuration, printPercent, printTime } from "../terminal/units.ts";

interface FoundStorage {
  readonly groupName: string;
  /** `undefined`: removed, and no longer listed. */
  readonly storage: StorageExplanation | undefined;
  readonly removed: RemovedStorage | undefined;
  /** What it feeds, and what feeds it. */
  readonly replication: readonly ReplicationLink[];
}

/** The storages with this id, address, or address and port; removed ones by their id. */
export function findStorages({ groups }: ExplainedCluster, wanted: string): FoundStorage[] {
  return groups.flatMap((group) => {
    const storages = group.storages.filter(({ storageId, address, port }) =>
      [storageId, address, `${address}:${port}`].includes(wanted),
    );
    if (storages.length > 0) return storages.map((storage) => found(group, storage.storageId, storage));
    const removed = group.removed.some(({ storageId }) => storageId === wanted);
    return removed ? [found(group, wanted, undefined)] : [];
  });
}

function found(group: GroupExplanation, storageId: string, storage: StorageExplanation | undefined): FoundStorage {
  return {
    groupName: group.groupName,
    storage,
    removed: group.removed.find((one) => one.storageId === storageId),
    replication: group.replication.filter(({ sourceId, peerId }) => sourceId === storageId || peerId === storageId),
  };
}

/** What is the matter with a storage, in sentences, and what to do about it. */
export function tellStory(found: FoundStorage, explained: ExplainedCluster): string {
  const { storage, groupName, removed } = found;
  if (storage === undefined) {
    return [
      `Storage of ${groupName}, removed at ${printTime(removed!.removedSeconds)} by an administrator.`,
      `What to do: ${advice.DELETED}`,
    ].join("\n");
  }
  const { takenSeconds } = explained;
  const { storageId, address, port, status, reason, sinceSeconds } = storage;
  const since = sinceSeconds === 0 ? "" : `, for ${printDuration(Math.max(0, takenSeconds - sinceSeconds) * 1000)}`;
  const lines = [
    `Storage ${storageId} of ${groupName} at ${address}:${port} is ${status}${since}.`,
    `Why: ${reason}.`,
    ...(explained.isFromTracker ? [] : ["(A guess: the trackers do not tell reasons.)"]),
    ...(removed === undefined ? [] : [`It was removed at ${printTime(removed.removedSeconds)}.`]),
    ...tellCopy(storage),
    servesWhat(storage),
    tellBeat(storage),
    ...found.replication.flatMap((link) => tellLink(link, storageId)),
    `What to do: ${advice[status]}`,
  ];
  return lines.join("\n");
}

function tellCopy({ sourceId, progress, estimatedEndSeconds, status }: StorageExplanation): string[] {
  if (sourceId === "" || (status !== "WAIT_SYNC" && status !== "SYNCING")) return [];
  const done =
    progress === undefined
      ? ""
      : `, ${printPercent(progress.doneBytes, progress.totalBytes)} done (${printBytes(progress.doneBytes)} of ${printBytes(progress.totalBytes)} of its log)`;
  const end = estimatedEndSeconds === undefined ? "" : `, about finished at ${printTime(estimatedEndSeconds)}`;
  return [`Old files come from ${sourceId}${done}${end}.`];
}

function servesWhat({ isReadable, isWritable }: StorageExplanation): string {
  if (isReadable && isWritable) return "Clients read from it and write to it.";
  if (isReadable) return "Clients only read from it.";
  return isWritable ? "Clients only write to it." : "Trackers send no clients to it.";
}

function tellBeat({ lastBeatSecondsAgo }: StorageExplanation): string {
  return lastBeatSecondsAgo === undefined
    ? "It has not reported since the tracker started."
    : `Its last report came ${printDuration(lastBeatSecondsAgo * 1000)} ago.`;
}

/** Only what is not as it should be. */
function tellLink(
  { sourceId, peerId, state, reason, lagSeconds, lagBytes, parkedRecords }: ReplicationLink,
  storageId: string,
): string[] {
  const isBehind = (lagSeconds ?? 0) > 0 || (lagBytes ?? 0) > 0;
  if (!isBehind && parkedRecords === 0) return [];
  const who = sourceId === storageId ? `${peerId} is behind it` : `It is behind ${sourceId}`;
  const bytes = lagBytes === undefined ? "" : `, ${printBytes(lagBytes)} of the log`;
  const what = state === undefined ? "" : ` (${state}${reason === "" ? "" : `: ${reason}`})`;
  const parked =
    parkedRecords === 0 ? "" : `; ${plural(parkedRecords, "record")} refused, tried again from time to time`;
  return [
    `${who} by ${lagSeconds === undefined ? "an unknown time" : printDuration(lagSeconds * 1000)}${bytes}${what}${parked}.`,
  ];
}

const advice: Readonly<Record<StorageStatus, string>> = {
  INIT: "wait: it asks for a source with each beat. If it stays so, no member of the group is active and writable: start one.",
  WAIT_SYNC: "start the storage that old files come from, or look into its log; if it is lost for good, remove it.",
  SYNCING: "wait. It serves when everything is copied; uploads to the group go on meanwhile.",
  IP_CHANGED: "nothing: its storage goes on under the new address, this entry vanishes when the tracker restarts.",
  DELETED:
    "nothing, if that was intended: its data stays on its disks. To use the server again, start it with " +
    "fdfs storage CONF --rejoin: the old data is set aside, and it joins as a new member.",
  OFFLINE:
    "see whether the server runs and reaches the trackers (its log, fdfs doctor). If it will not come back, remove it: " +
    "fdfs delete-storage GROUP ID",
  ONLINE: "wait for its first report, which takes a moment.",
  ACTIVE: "nothing, it is in service.",
  RECOVERY: "wait: it fetches the files of a lost disk from another member, and serves again when it has them.",
  NONE: "nothing is known of it.",
};
