// Before it may join, a storage that has lost something asks the trackers who is in its group and what they think of
// itself (wire-protocol.md §5.5). Each tracker has an opinion of its own; the best one counts, as in C.
import {
  compareStorageStatuses,
  FdfsError,
  rwModes,
  type StorageRecord,
  type StorageStatus,
  storageStatusOf,
  trackerCommands,
} from "@fastdfs-ts/protocol";
import { type Clock, type Endpoint, type Logger, sleep } from "@fastdfs-ts/runtime";

import type { StorageIdentity } from "../identity.ts";
import { logWaiting, type TrackerQuestions } from "../tracker-link/tracker-questions.ts";

export interface GroupMember {
  readonly storageId: string;
  readonly endpoint: Endpoint;
  readonly status: StorageStatus;
  readonly isReadable: boolean;
  readonly storePathCount: number;
}

export interface GroupPicture {
  /** The best that any tracker says of this storage; undefined if none knows it. */
  readonly ownStatus: StorageStatus | undefined;
  /** When this storage first started, as the trackers remember it. */
  readonly ownJoinSeconds: number | undefined;
  readonly others: readonly GroupMember[];
}

/** Statuses of members that hold the group's files, whether they can be reached or not. */
const complete: ReadonlySet<StorageStatus> = new Set(["OFFLINE", "ONLINE", "ACTIVE", "RECOVERY"]);

/** Whether the trackers count a member as holding everything. */
export function isComplete(status: StorageStatus | undefined): boolean {
  return status !== undefined && complete.has(status);
}

/** Whether a member is about to hold everything: another one is giving it the group's files. */
export function isBeingFilled(status: StorageStatus): boolean {
  return status === "WAIT_SYNC" || status === "SYNCING";
}

/** Whether files can be copied from a member now. */
export function canGiveFiles({ status, isReadable }: GroupMember): boolean {
  return status === "ACTIVE" && isReadable;
}

export interface GroupPictureOptions {
  readonly questions: TrackerQuestions;
  readonly identity: StorageIdentity;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal?: AbortSignal | undefined;
}

const PAUSE_MS = 2000;

/** Asks until at least one tracker has answered. Throws the signal's reason. */
export async function askForGroup(options: GroupPictureOptions): Promise<GroupPicture> {
  const { questions, identity, clock, log, signal } = options;
  for (let round = 0; ; round++) {
    const request = { groupName: identity.groupName, storageId: "" };
    const outcomes = await questions.askEachOnce(trackerCommands.listStorages, request);
    const lists = outcomes.flatMap((outcome) => {
      if ("answer" in outcome) return [outcome.answer.storages];
      return isUnknownGroup(outcome.error) ? [[]] : [];
    });
    if (lists.length > 0) return pictureOf(lists.flat(), identity.storageId);
    if (round === 0) logWaiting(log, "members of my group", (outcomes[0] as { error: FdfsError }).error);
    await sleep(clock, PAUSE_MS, signal);
  }
}

/** A tracker that has never heard of the group has answered, too. */
const isUnknownGroup = ({ kind }: FdfsError): boolean => kind === "NOT_FOUND";

function pictureOf(records: readonly StorageRecord[], ownId: string): GroupPicture {
  const best = new Map<string, { member: GroupMember; joinSeconds: number }>();
  for (const record of records) {
    const status = storageStatusOf(record.status);
    if (status === undefined) continue;
    const known = best.get(record.storageId)?.member.status;
    if (known !== undefined && compareStorageStatuses(known, status) >= 0) continue;
    best.set(record.storageId, { member: memberOf(record, status), joinSeconds: record.joinTimeSeconds });
  }
  const own = best.get(ownId);
  best.delete(ownId);
  return {
    ownStatus: own?.member.status,
    ownJoinSeconds: own?.joinSeconds,
    others: [...best.values()].map(({ member }) => member),
  };
}

function memberOf(record: StorageRecord, status: StorageStatus): GroupMember {
  return {
    storageId: record.storageId,
    endpoint: { host: record.storageIp, port: record.storagePort },
    status,
    isReadable: (record.rwMode & rwModes.readOnly) !== 0,
    storePathCount: record.storePathCount,
  };
}
