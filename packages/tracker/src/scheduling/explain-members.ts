// Members with their numbers, and in words why one cannot be chosen.
import { type MemberCandidate, type ReportedLoad, UNKNOWN_SHARE } from "@fastdfs-ts/protocol";

import type { GroupPicture, SchedulingPolicy } from "./cluster-picture.ts";
import { memberCost } from "./pick-by-load.ts";
import { type Eligibility, type NameSight, syncedUntil } from "./pick-download-storage.ts";
import { choosePath } from "./pick-store-path.ts";
import { tellRwMode } from "./refusals.ts";
import type { WatchedGroup, WatchedMember } from "./watched-picture.ts";

/** What a choice makes of one member. */
export interface MemberVerdict {
  readonly ruledOut: string | undefined;
  readonly trouble: string | undefined;
  readonly hasFile: string | undefined;
  readonly chance: number;
}

/** `sight`: of a file. */
export function memberCandidate(
  group: WatchedGroup,
  member: WatchedMember,
  verdict: MemberVerdict,
  sight: NameSight<WatchedMember> | undefined,
  address: string,
  nowMs: number,
): MemberCandidate {
  const { load } = member;
  const capacity = load.capacity(nowMs, group.typical);
  const synced = sight === undefined || member === sight.source ? 0 : syncedUntil(group, member, sight);
  return {
    storageId: member.id,
    address,
    port: member.port,
    status: member.status,
    ...verdict,
    isSource: member === sight?.source,
    syncedSeconds: synced === 0 ? undefined : synced,
    totalMib: member.totalMib,
    freeMib: member.freeMib,
    uploadPriority: member.uploadPriority,
    tasks: load.tasks(nowMs),
    latencyMicros: load.latencyMicros,
    diskSpeed: load.diskSpeed,
    report: reportedLoad(member, nowMs),
    capacity,
    cost: memberCost(member, capacity, nowMs),
  };
}

function reportedLoad({ load }: WatchedMember, nowMs: number): ReportedLoad | undefined {
  const { report } = load;
  if (report === undefined) return undefined;
  const known = (permille: number) => (permille === UNKNOWN_SHARE ? undefined : permille);
  return {
    ageMs: load.ageMs(nowMs),
    cpuPermille: known(report.cpuPermille),
    memoryPermille: known(report.memoryPermille),
    diskPermille: known(report.diskPermille),
    diskBytesPerSecond: report.diskPermille === UNKNOWN_SHARE ? undefined : report.diskBytesPerSecond,
    networkPermille: known(report.networkPermille),
  };
}

/** Why clients are not sent there at all; undefined if they are. */
export function whyNotServing(member: WatchedMember, to: "read" | "write"): string | undefined {
  if (to === "read" ? member.isReadable : member.isWritable) return undefined;
  if (member.status !== "ACTIVE") return `it is ${member.status}: ${member.reason}`;
  return tellRwMode(member.rwMode);
}

/** Why an upload that is sent there is refused; it is sent there all the same. */
export function whyNoPath(group: GroupPicture, member: WatchedMember, policy: SchedulingPolicy): string | undefined {
  const path = choosePath(group, member, policy);
  return typeof path === "string" ? pathTroubles[path] : undefined;
}

const pathTroubles = {
  "no-paths": "the group has no store paths",
  "no-disk-report": "it has not reported its disks yet: uploads are refused",
  "paths-full": "all of its store paths are full: uploads are refused",
} as const;

/** Why a member counts as having a file. */
export const eligibilities: Readonly<Record<Eligibility, string>> = {
  source: "it took the upload",
  replicated: "it has all that was stored until then",
  "max-delay": "older than storage_sync_file_max_delay",
  "max-time": "replication has come to it, and it is older than storage_sync_file_max_time",
};

/** By how much a member is behind a file that it does not count as having. */
export function whyNotThere(group: WatchedGroup, member: WatchedMember, sight: NameSight<WatchedMember>): string {
  const { source, createdAt } = sight;
  const whose = source === undefined ? "its source" : source.id;
  if (createdAt === Infinity) return "the name says neither source nor time of the file";
  const synced = syncedUntil(group, member, sight);
  if (synced === 0) return `does not have the file yet: nothing of ${whose} is known to have come to it`;
  if (synced === createdAt) return `does not have the file yet: it has all of ${whose} until the second of the file`;
  return `does not have the file yet: what it has of ${whose} ends ${createdAt - synced} s before the file`;
}
