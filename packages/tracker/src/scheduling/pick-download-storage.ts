// Which member of a group a reader of a file is sent to (wire-protocol.md §5.3, cluster-behaviour.md §5). The
// tracker knows no files: it decides by what the name says about source and time.
import type { GroupPicture, MemberPicture, SchedulingPolicy } from "./cluster-picture.ts";

/** What a query's file name says. */
export interface NameSight<Member> {
  /** The member of the group that took the upload, if it is one. */
  readonly source: Member | undefined;
  /** Create time in seconds, by the source's clock. */
  readonly createdAt: number;
  /** Neither appender nor slave: its content never changes after the upload, so a replica that has it may serve it. */
  readonly isNormal: boolean;
}

/** Whether `member` certainly has a normal file: the source has it, and others by time (cluster-behaviour.md §5.1). */
export function isEligible<Member extends MemberPicture>(
  member: Member,
  sight: NameSight<Member>,
  nowSeconds: number,
  policy: SchedulingPolicy,
): boolean {
  if (member === sight.source) return true;
  const { createdAt } = sight;
  const synced = member.lastSyncedTimestamp;
  return (
    createdAt < nowSeconds - policy.syncMaxDelaySeconds ||
    // Strictly later: several files can share a second, and only a later record proves that all of them have arrived.
    synced > createdAt ||
    (synced + 1 >= createdAt && nowSeconds - createdAt > policy.syncMaxTimeSeconds)
  );
}

/** The source, where it has to be asked: for files that may change, and for all with download_server 1. */
export function pickSource<Member extends MemberPicture>(
  sight: NameSight<Member>,
  policy: SchedulingPolicy,
): Member | undefined {
  if (sight.isNormal && policy.downloadStorageChoice !== "source-first") return undefined;
  return sight.source?.isReadable === true ? sight.source : undefined;
}

/** Index into `group.readable` of the next member in turn that has the file; -1 if none has, or it is not a normal file. */
export function pickReplica<Member extends MemberPicture>(
  group: GroupPicture<Member>,
  sight: NameSight<Member>,
  nowSeconds: number,
  policy: SchedulingPolicy,
): number {
  if (!sight.isNormal) return -1;
  const { readable } = group;
  const count = readable.length;
  const start = group.readCursor < count ? group.readCursor : 0;
  for (let step = 0; step < count; step++) {
    const index = start + step < count ? start + step : start + step - count;
    if (isEligible(readable[index]!, sight, nowSeconds, policy)) return index;
  }
  return -1;
}

/** All members to read from, in id order (105). */
export function listDownloadStorages<Member extends MemberPicture>(
  group: GroupPicture<Member>,
  sight: NameSight<Member>,
  nowSeconds: number,
  policy: SchedulingPolicy,
): readonly Member[] {
  const found = sight.isNormal
    ? group.readable.filter((member) => isEligible(member, sight, nowSeconds, policy))
    : sight.source?.isReadable === true
      ? [sight.source]
      : [];
  if (found.length > 0) return found;
  const substitute = lastResort(group);
  return substitute === undefined ? [] : [substitute];
}

/** C answers the store server without looking at its sync state; a reader may get "no such file" from it and try others. */
export function lastResort<Member extends MemberPicture>(group: GroupPicture<Member>): Member | undefined {
  return group.storeServer?.isReadable === true ? group.storeServer : undefined;
}
