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
  if (reserve.kind === "mib") return freeMib > Math.floor(reserve.mib / Math.max(1, pathCount));
  return path.totalMib > 0 && freeMib / path.totalMib > reserve.ratio;
}

/** The reserve in MiB as lists and statistics show it: the fixed number, or the ratio of the total, truncated. */
export function reservedMib(reserve: SpaceReserve, totalMib: number): number {
  return reserve.kind === "mib" ? reserve.mib : Math.floor(totalMib * reserve.ratio);
}

/** As the parameter answer (75) spells it: `20.00%` or `1024MB`. */
export function printReserve(reserve: SpaceReserve): string {
  return reserve.kind === "mib" ? `${reserve.mib}MB` : `${(reserve.ratio * 100).toFixed(2)}%`;
}
