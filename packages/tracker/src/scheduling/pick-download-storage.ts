// Which member of a group a reader of a file is sent to (wire-protocol.md §5.3, cluster-behaviour.md §5). The
// tracker knows no files: it decides by what the name says about source and time, and by how far replication has come.
import type { GroupPicture, MemberPicture, Moment, SchedulingPolicy } from "./cluster-picture.ts";
import { memberCost, pickLeastLoadedMember } from "./pick-by-load.ts";

/** What a query's file name says. */
export interface NameSight<Member> {
  /** The member of the group that took the upload, if it is one. */
  readonly source: Member | undefined;
  /** Create time in seconds, by the source's clock. */
  readonly createdAt: number;
  /** Neither appender nor slave: its content never changes after the upload, so a replica that has it may serve it. */
  readonly isNormal: boolean;
}

/** Why a member counts as having a file. */
export type Eligibility =
  /** It took the upload. */
  | "source"
  /** It has everything of the source until after the file. */
  | "replicated"
  /** The file is older than storage_sync_file_max_delay. */
  | "max-delay"
  /** It has everything until just before the file, which is older than storage_sync_file_max_time. */
  | "max-time";

/**
 * Whether `member` has the file as it was created, and why. Its source has it. Of a source that reports its replication (ours) the
 * matrix knows everything: a member that it does not vouch for counts as without the file, however old the file is. Of
 * another source (C) what the matrix does not vouch for counts as replicated after the times of C's rule
 * (cluster-behaviour.md §5.1). Where the source is gone, C's rule with C's one number per member is all there is.
 */
export function eligibility<Member extends MemberPicture>(
  group: GroupPicture<Member>,
  member: Member,
  sight: NameSight<Member>,
  nowSeconds: number,
  policy: SchedulingPolicy,
): Eligibility | undefined {
  if (member === sight.source) return "source";
  const { createdAt } = sight;
  const synced = syncedUntil(group, member, sight);
  // Strictly later: several files can share a second, and only a later change proves that all of them have arrived.
  if (synced > createdAt) return "replicated";
  if (sight.source?.reportsReplication === true) return undefined;
  if (createdAt < nowSeconds - policy.syncMaxDelaySeconds) return "max-delay";
  return synced + 1 >= createdAt && nowSeconds - createdAt > policy.syncMaxTimeSeconds ? "max-time" : undefined;
}

export function isEligible<Member extends MemberPicture>(
  group: GroupPicture<Member>,
  member: Member,
  sight: NameSight<Member>,
  nowSeconds: number,
  policy: SchedulingPolicy,
): boolean {
  return eligibility(group, member, sight, nowSeconds, policy) !== undefined;
}

/** Before which second `member` has everything of the file's source. */
export function syncedUntil<Member extends MemberPicture>(
  { sync }: GroupPicture<Member>,
  member: Member,
  { source }: NameSight<Member>,
): number {
  return source === undefined ? member.lastSyncedTimestamp : sync.get(source.slot, member.slot);
}

/** The source, where it has to be asked: for files that may change, and for all with download_server 1. */
export function pickSource<Member extends MemberPicture>(
  sight: NameSight<Member>,
  policy: SchedulingPolicy,
): Member | undefined {
  if (sight.isNormal && policy.downloadStorageChoice !== "source-first") return undefined;
  return sight.source?.isReadable === true ? sight.source : undefined;
}

/**
 * Index into `group.readable` of the member to read from; -1 if none can have the file. For a normal file the next one in
 * turn that has it, or with download_server 3 one that has it and little to do; for one that may have changed the one that
 * is nearest to its source.
 */
export function pickReplica<Member extends MemberPicture>(
  group: GroupPicture<Member>,
  sight: NameSight<Member>,
  nowSeconds: number,
  policy: SchedulingPolicy,
  moment: Moment,
): number {
  const { readable, typical } = group;
  if (!sight.isNormal) return nearestEligible(group, sight, nowSeconds, policy);
  if (policy.downloadStorageChoice !== "least-loaded") {
    return nextEligible(group, readable, group.readCursor, sight, nowSeconds, policy);
  }
  const hasFile = (member: Member) => isEligible(group, member, sight, nowSeconds, policy);
  return pickLeastLoadedMember(readable, hasFile, typical, moment);
}

/** Index into `group.writable` of the next member in turn that has the file, for a change of it (103); -1 if none has. */
export function pickUpdateReplica<Member extends MemberPicture>(
  group: GroupPicture<Member>,
  sight: NameSight<Member>,
  nowSeconds: number,
  policy: SchedulingPolicy,
): number {
  return nextEligible(group, group.writable, group.writeCursor, sight, nowSeconds, policy);
}

/**
 * All members to read from (105): of a normal file all that have it, in id order, or with download_server 3 the least
 * loaded first; of one that may have changed its source, or else those that have it, the one nearest to the source first.
 */
export function listDownloadStorages<Member extends MemberPicture>(
  group: GroupPicture<Member>,
  sight: NameSight<Member>,
  nowSeconds: number,
  policy: SchedulingPolicy,
  moment: Moment,
): readonly Member[] {
  if (!sight.isNormal && sight.source?.isReadable === true) return [sight.source];
  const found = group.readable.filter((member) => isEligible(group, member, sight, nowSeconds, policy));
  if (sight.isNormal) {
    if (policy.downloadStorageChoice !== "least-loaded") return found;
    const nowMs = moment.monotonicMs();
    const cost = (member: Member) => memberCost(member, member.load.capacity(nowMs, group.typical), nowMs);
    return found.sort((a, b) => cost(a) - cost(b));
  }
  return found.sort((a, b) => syncedUntil(group, b, sight) - syncedUntil(group, a, sight));
}

function nextEligible<Member extends MemberPicture>(
  group: GroupPicture<Member>,
  members: readonly Member[],
  cursor: number,
  sight: NameSight<Member>,
  nowSeconds: number,
  policy: SchedulingPolicy,
): number {
  const count = members.length;
  const start = cursor < count ? cursor : 0;
  for (let step = 0; step < count; step++) {
    const index = start + step < count ? start + step : start + step - count;
    if (isEligible(group, members[index]!, sight, nowSeconds, policy)) return index;
  }
  return -1;
}

function nearestEligible<Member extends MemberPicture>(
  group: GroupPicture<Member>,
  sight: NameSight<Member>,
  nowSeconds: number,
  policy: SchedulingPolicy,
): number {
  const { readable } = group;
  let best = -1;
  for (let index = 0; index < readable.length; index++) {
    const member = readable[index]!;
    if (!isEligible(group, member, sight, nowSeconds, policy)) continue;
    if (best < 0 || syncedUntil(group, member, sight) > syncedUntil(group, readable[best]!, sight)) best = index;
  }
  return best;
}
