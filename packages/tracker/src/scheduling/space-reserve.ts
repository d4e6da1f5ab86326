// The checks behind reserved_storage_space (cluster-behaviour.md §6.4). All numbers are whole MiB from the last reports.
import type { PathPicture, SpaceReserve } from "./cluster-picture.ts";

/** Whether a group may take uploads: its fullest writable member is above the reserve. */
export function groupHasSpace(reserve: SpaceReserve, totalMib: number, freeMib: number): boolean {
  if (reserve.kind === "mib") return freeMib > reserve.mib;
  return totalMib > 0 && freeMib / totalMib > reserve.ratio;
}

/** The same with the free slots inside trunk files counted as free space. */
export function groupHasTrunkSpace(
  reserve: SpaceReserve,
  totalMib: number,
  freeMib: number,
  trunkFreeMib: number,
): boolean {
  return groupHasSpace(reserve, totalMib, freeMib + trunkFreeMib);
}

/**
 * Whether one store path may take uploads. A fixed reserve is that of the whole storage, so each of its `pathCount`
 * paths keeps its share, in whole MiB. `trunkFreeMib` is added in trunk mode.
 */
export function pathHasSpace(reserve: SpaceReserve, path: PathPicture, pathCount: number, trunkFreeMib = 0): boolean {
  const freeMib = path.freeMib + trunkFreeMib;
  if (reserve.kind === "mib") return freeMib > pathReservedMib(reserve, path.totalMib, pathCount);
  return path.totalMib > 0 && freeMib / path.totalMib > reserve.ratio;
}

/** The reserve in MiB as lists and statistics show it: the fixed number, or the ratio of the total, truncated. */
export function reservedMib(reserve: SpaceReserve, totalMib: number): number {
  return reserve.kind === "mib" ? reserve.mib : Math.floor(totalMib * reserve.ratio);
}

/** The same of one store path (`pathHasSpace`). */
export function pathReservedMib(reserve: SpaceReserve, totalMib: number, pathCount: number): number {
  return reserve.kind === "mib"
    ? Math.floor(reserve.mib / Math.max(1, pathCount))
    : Math.floor(totalMib * reserve.ratio);
}

/** The member with the least free space, of those that have told theirs; its space is that of the group. */
export function fullestMember<Member extends PathPicture>(members: readonly Member[]): Member | undefined {
  let least: Member | undefined;
  for (const member of members) {
    if (member.totalMib > 0 && (least === undefined || member.freeMib < least.freeMib)) least = member;
  }
  return least;
}

/** As the parameter answer (75) spells it: `20.00%` or `1024MB`. */
export function printReserve(reserve: SpaceReserve): string {
  return reserve.kind === "mib" ? `${reserve.mib}MB` : `${(reserve.ratio * 100).toFixed(2)}%`;
}
