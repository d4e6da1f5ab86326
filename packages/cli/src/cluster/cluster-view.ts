// What `monitor` shows: one picture of groups, storages and trackers, taken at one moment.
import { type ExplainedCluster, type FastDfsClient, FdfsError } from "@fastdfs-ts/client";
import { type GroupRecord, type StorageRecord, storageStatusOf, type TrackerStat } from "@fastdfs-ts/protocol";

export interface StorageView extends StorageRecord {
  readonly groupName: string;
  /** "ACTIVE" …, or the number of a status that no release uses. */
  readonly statusName: string;
}

export interface ClusterView {
  /** Milliseconds since 1970. */
  readonly takenMs: number;
  /** "host:port", or undefined if there is none or the trackers are too old to say. */
  readonly leader: string | undefined;
  /** Empty if the trackers do not tell (before 6.15.5). */
  readonly trackers: readonly TrackerStat[];
  readonly groups: readonly GroupRecord[];
  readonly storages: readonly StorageView[];
  /** Why they are as they are; undefined if the trackers could not say for a reason of their own. */
  readonly explanation: ExplainedCluster | undefined;
}

export interface ClusterFilter {
  readonly group: string | undefined;
  readonly storage: string | undefined;
  readonly signal: AbortSignal;
}

/** Asks the trackers. Throws what the client throws if none answers, NOT_FOUND for an unknown group or storage. */
export async function viewCluster(client: FastDfsClient, nowMs: number, filter: ClusterFilter): Promise<ClusterView> {
  const { signal, group, storage } = filter;
  const { cluster } = client;
  const groups = group === undefined ? await cluster.listGroups({ signal }) : [await cluster.group(group, { signal })];
  const storages: StorageView[] = [];
  for (const { groupName } of groups) {
    const members =
      storage === undefined || group === undefined
        ? await cluster.listStorages(groupName, { signal })
        : [await cluster.storage(groupName, storage, { signal })];
    storages.push(...members.map((member) => ({ ...member, groupName, statusName: statusNameOf(member.status) })));
  }
  const trackers = (await unlessUnknown(cluster.trackerStat({ signal }))) ?? [];
  const leader = await unlessUnknown(cluster.leader({ signal }));
  const explanation = await unlessUnknown(client.explain(group, { signal }));
  return { takenMs: nowMs, leader, trackers, groups, storages, explanation };
}

/** `undefined` where a tracker of an older release, or one without a leader, has no answer. */
async function unlessUnknown<T>(question: Promise<T>): Promise<T | undefined> {
  try {
    return await question;
  } catch (error) {
    if (error instanceof FdfsError && error.kind !== "ABORTED") return undefined;
    throw error;
  }
}

/** "ACTIVE" …, or the number of a status that no release uses. */
export function statusNameOf(status: number): string {
  return storageStatusOf(status) ?? String(status);
}
