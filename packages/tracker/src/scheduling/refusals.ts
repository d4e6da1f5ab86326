// Why a client cannot be sent anywhere: what it is answered, and for the log and for explanations what is in the way.
import { rwModes } from "@fastdfs-ts/protocol";

import type { SchedulingPolicy } from "./cluster-picture.ts";
import { type GroupRefusal, mostFreeGroup } from "./pick-group.ts";
import { type PathRefusal, roomiestPath } from "./pick-store-path.ts";
import { fullestMember, pathReservedMib, printReserve, reservedMib } from "./space-reserve.ts";
import type { WatchedGroup, WatchedMember } from "./watched-picture.ts";

export type Refusal = GroupRefusal | PathRefusal | "group-not-readable" | "nobody-has-it";

/** What a refusal is about, as far as the choice had come. */
export interface RefusalScene {
  readonly groups: readonly WatchedGroup[];
  readonly groupName: string | undefined;
  readonly group: WatchedGroup | undefined;
  readonly member: WatchedMember | undefined;
}

interface RefusalFacts {
  /** A sentence without a full stop. */
  readonly reason: string;
  readonly groupName?: string | undefined;
  readonly storageId?: string | undefined;
  /** Of a storage that is full as a whole the fullest one; where every path is full the one with most free space. */
  readonly storePathIndex?: number | undefined;
  /** What was compared with `limitMib`: more than this limit has to be free. */
  readonly freeMib?: number | undefined;
  readonly limitMib?: number | undefined;
  /** Key in tracker.conf that decides. */
  readonly setting?: string | undefined;
}

interface RefusalRow {
  readonly kind: "NOT_FOUND" | "NO_SPACE";
  /** Names that clients invent are no trouble of the cluster. */
  readonly level: "info" | "warn";
  readonly tell: (scene: RefusalScene, policy: SchedulingPolicy) => RefusalFacts;
}

export const refusals: Readonly<Record<Refusal, RefusalRow>> = {
  "no-groups": {
    kind: "NOT_FOUND",
    level: "warn",
    tell: () => ({ reason: "no storage has joined this tracker yet" }),
  },
  "unknown-group": {
    kind: "NOT_FOUND",
    level: "info",
    tell: ({ groupName }, { groupChoice, fixedGroup }) => {
      const isFixed = groupChoice === "fixed-group" && groupName === fixedGroup;
      return { reason: "unknown group", groupName, setting: isFixed ? "store_group" : undefined };
    },
  },
  "group-not-writable": {
    kind: "NOT_FOUND",
    level: "warn",
    tell: ({ group }) => ({
      reason: `the group has no active and writable storage${tellMembers(group)}`,
      groupName: group?.name,
    }),
  },
  "no-writable-group": {
    kind: "NOT_FOUND",
    level: "warn",
    tell: ({ groups }) => ({ reason: `none of ${groups.length} groups has an active and writable storage` }),
  },
  "no-space": { kind: "NO_SPACE", level: "warn", tell: tellFullGroup },
  "no-paths": {
    kind: "NOT_FOUND",
    level: "warn",
    tell: ({ group }) => ({ reason: "the group has no store paths", groupName: group?.name }),
  },
  "no-disk-report": {
    kind: "NO_SPACE",
    level: "warn",
    tell: ({ group, member }) => ({
      reason: "the storage has not reported its disks yet",
      groupName: group?.name,
      storageId: member?.id,
    }),
  },
  "paths-full": { kind: "NO_SPACE", level: "warn", tell: tellFullPaths },
  "group-not-readable": {
    kind: "NOT_FOUND",
    level: "warn",
    tell: ({ group }) => ({
      reason: `the group has no active and readable storage${tellMembers(group)}`,
      groupName: group?.name,
    }),
  },
  "nobody-has-it": {
    kind: "NOT_FOUND",
    level: "info",
    tell: ({ group }) => ({ reason: "no readable storage of the group has this file", groupName: group?.name }),
  },
};

/** Of several groups the one with most free space is told of: nothing fits into the others either. */
function tellFullGroup({ groups, group }: RefusalScene, policy: SchedulingPolicy): RefusalFacts {
  const { reserve, usesTrunkFiles, groupChoice } = policy;
  const full = group ?? groups[mostFreeGroup(groups, policy) ?? 0];
  if (full === undefined) return { reason: "there is no group" };
  const member = fullestMember(full.writable);
  const all =
    group === undefined && groups.length > 1 ? `all ${groups.length} groups are full, ${full.name} the least: ` : "";
  const which = member === undefined ? "no storage has reported its disks" : `storage ${member.id} has the least space`;
  const trunk = usesTrunkFiles ? `, ${full.trunkFreeMib} MiB in trunk files of the group` : "";
  const promisedMib = group === undefined && groupChoice === "least-loaded" ? Math.round(full.promisedMib) : 0;
  const promised = promisedMib > 0 ? `, ${promisedMib} MiB promised to uploads since that was reported` : "";
  const limitMib = reservedMib(reserve, full.totalMib);
  return {
    reason: `${all}${which}, ${full.freeMib} of ${full.totalMib} MiB${trunk}${promised}; more than ${limitMib} MiB have to be free (${printReserve(reserve)})`,
    groupName: full.name,
    storageId: member?.id,
    storePathIndex: member === undefined ? undefined : fullestPath(member),
    freeMib: full.freeMib + (usesTrunkFiles ? full.trunkFreeMib : 0) - promisedMib,
    limitMib,
    setting: "reserved_storage_space",
  };
}

function tellFullPaths({ group, member }: RefusalScene, policy: SchedulingPolicy): RefusalFacts {
  if (group === undefined || member === undefined) return { reason: "every store path is full" };
  const { reserve, usesTrunkFiles } = policy;
  const { paths } = member;
  const index = roomiestPath(paths);
  const { totalMib, freeMib } = paths[index]!;
  const limitMib = pathReservedMib(reserve, totalMib, paths.length);
  const trunk = usesTrunkFiles ? `, ${group.trunkFreeMib} MiB in trunk files of the group` : "";
  const share = paths.length > 1 && reserve.kind === "mib" ? ", a share of it for each path" : "";
  return {
    reason: `every store path of ${member.id} is full: path ${index} has most space, ${freeMib} of ${totalMib} MiB${trunk}; more than ${limitMib} MiB have to be free (${printReserve(reserve)}${share})`,
    groupName: group.name,
    storageId: member.id,
    storePathIndex: index,
    freeMib: freeMib + (usesTrunkFiles ? group.trunkFreeMib : 0),
    limitMib,
    setting: "reserved_storage_space",
  };
}

function fullestPath({ paths }: WatchedMember): number | undefined {
  let fullest: number | undefined;
  for (const [index, path] of paths.entries()) {
    if (fullest === undefined || path.freeMib < paths[fullest]!.freeMib) fullest = index;
  }
  return fullest;
}

/** ": 2 OFFLINE, 1 ACTIVE (may only be read)", or nothing. */
function tellMembers(group: WatchedGroup | undefined): string {
  const counts = new Map<string, number>();
  for (const { status, rwMode } of group?.sorted ?? []) {
    const limits = status === "ACTIVE" ? tellRwMode(rwMode) : "";
    const state = limits === "" ? status : `${status} (${limits})`;
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  const list = [...counts].map(([state, count]) => `${count} ${state}`).join(", ");
  return list === "" ? "" : `: ${list}`;
}

/** What storage_ids.conf forbids clients to do with a member; "" if nothing. */
export function tellRwMode(rwMode: number): string {
  const mayRead = (rwMode & rwModes.readOnly) !== 0;
  const mayWrite = (rwMode & rwModes.writeOnly) !== 0;
  if (mayRead) return mayWrite ? "" : "may only be read, storage_ids.conf says";
  return mayWrite ? "may only be written, storage_ids.conf says" : "serves nobody, storage_ids.conf says";
}
