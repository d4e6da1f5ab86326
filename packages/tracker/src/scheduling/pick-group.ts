// Which group an upload goes to (wire-protocol.md §5.2, cluster-behaviour.md §6.1).
import type { GroupPicture, Moment, SchedulingPolicy } from "./cluster-picture.ts";
import { pickLeastLoadedGroup } from "./pick-by-load.ts";
import { groupHasSpace, groupHasTrunkSpace } from "./space-reserve.ts";

/** Why no group can be named. The first four are answered with status 2, no-space with 28. */
export type GroupRefusal = "no-groups" | "unknown-group" | "group-not-writable" | "no-writable-group" | "no-space";

/**
 * Index of the group for an upload that names none. `groups` are in name order, `cursor` is where the choice stands: the
 * next group of the rotation, or the one recorded as having most free space.
 */
export function pickGroup(
  groups: readonly GroupPicture[],
  cursor: number,
  policy: SchedulingPolicy,
  moment: Moment,
): number | GroupRefusal {
  if (groups.length === 0) return "no-groups";
  switch (policy.groupChoice) {
    case "fixed-group":
      return pickFixed(groups, policy);
    case "least-loaded":
      return pickByLoad(groups, policy, moment);
    case "round-robin":
    case "most-free":
      return pickFrom(groups, cursor, policy);
  }
}

/** Where the choice stands after group `index` was taken. */
export function nextGroupCursor(index: number, count: number, policy: SchedulingPolicy): number {
  return policy.groupChoice === "round-robin" ? (index + 1) % count : index;
}

/** Whether a group that the client named can take the upload (104, 107). */
export function checkNamedGroup(group: GroupPicture, policy: SchedulingPolicy): GroupRefusal | undefined {
  if (group.writable.length === 0) return "group-not-writable";
  return hasAnySpace(group, policy) ? undefined : "no-space";
}

/**
 * The group with the largest free space among the writable ones, first in name order on a tie; if that one is below the
 * reserve and trunk files are used, the one with most free trunk space. Recorded after every disk and trunk report.
 */
export function mostFreeGroup(groups: readonly GroupPicture[], policy: SchedulingPolicy): number | undefined {
  const roomiest = largest(groups, (group) => group.freeMib);
  if (roomiest === undefined || !policy.usesTrunkFiles || hasDiskSpace(groups[roomiest]!, policy)) return roomiest;
  return largest(groups, (group) => group.trunkFreeMib);
}

function pickFixed(groups: readonly GroupPicture[], policy: SchedulingPolicy): number | GroupRefusal {
  const index = groups.findIndex((group) => group.name === policy.fixedGroup);
  if (index < 0) return "unknown-group";
  return checkNamedGroup(groups[index]!, policy) ?? index;
}

function pickByLoad(groups: readonly GroupPicture[], policy: SchedulingPolicy, moment: Moment): number | GroupRefusal {
  const mayTake = (group: GroupPicture) => group.writable.length > 0 && hasUnpromisedSpace(group, policy);
  const index = pickLeastLoadedGroup(groups, mayTake, policy, moment);
  if (index >= 0) return index;
  return groups.some(({ writable }) => writable.length > 0) ? "no-space" : "no-writable-group";
}

/** What was promised since the last report counts as taken: a disk that fills up turns nobody away meanwhile. */
export function hasUnpromisedSpace(group: GroupPicture, policy: SchedulingPolicy): boolean {
  return hasAnySpace(group, policy, group.promisedMib);
}

function pickFrom(groups: readonly GroupPicture[], cursor: number, policy: SchedulingPolicy): number | GroupRefusal {
  const count = groups.length;
  const start = cursor < count ? cursor : 0;
  const first = groups[start]!;
  // The group recorded as roomiest may be so because of its trunk space.
  if (policy.groupChoice === "most-free" && first.writable.length > 0 && hasAnySpace(first, policy)) return start;
  let hasWritable = false;
  for (let step = 0; step < count; step++) {
    const index = (start + step) % count;
    const group = groups[index]!;
    if (group.writable.length === 0) continue;
    hasWritable = true;
    if (hasDiskSpace(group, policy)) return index;
  }
  if (!hasWritable) return "no-writable-group";
  if (policy.usesTrunkFiles) {
    for (let step = 0; step < count; step++) {
      const index = (start + step) % count;
      const group = groups[index]!;
      if (group.writable.length > 0 && hasAnySpace(group, policy)) return index;
    }
  }
  return "no-space";
}

function hasDiskSpace(group: GroupPicture, policy: SchedulingPolicy, promisedMib = 0): boolean {
  return groupHasSpace(policy.reserve, group.totalMib, group.freeMib - promisedMib);
}

function hasAnySpace(group: GroupPicture, policy: SchedulingPolicy, promisedMib = 0): boolean {
  if (hasDiskSpace(group, policy, promisedMib)) return true;
  const freeMib = group.freeMib - promisedMib;
  return policy.usesTrunkFiles && groupHasTrunkSpace(policy.reserve, group.totalMib, freeMib, group.trunkFreeMib);
}

function largest(groups: readonly GroupPicture[], measure: (group: GroupPicture) => number): number | undefined {
  let best: number | undefined;
  for (const [index, group] of groups.entries()) {
    if (group.writable.length === 0) continue;
    if (best === undefined || measure(group) > measure(groups[best]!)) best = index;
  }
  return best;
}
