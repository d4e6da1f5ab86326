// Which store path of the chosen storage takes an upload (wire-protocol.md §5.2, cluster-behaviour.md §6.2).
import type { GroupPicture, MemberPicture, PathPicture, SchedulingPolicy } from "./cluster-picture.ts";
import { pathHasSpace } from "./space-reserve.ts";

/** Why no path can be named. The first is answered with status 2, the others with 28. */
export type PathRefusal = "no-paths" | "no-disk-report" | "paths-full";

/** Index of the path of `member` that takes the next upload. */
export function choosePath(
  { storePathCount, trunkFreeMib }: GroupPicture,
  member: MemberPicture,
  policy: SchedulingPolicy,
): number | PathRefusal {
  if (storePathCount === 0) return "no-paths";
  const index = pickStorePath(member, trunkFreeMib, policy);
  if (index >= 0) return index;
  return member.paths.length === 0 ? "no-disk-report" : "paths-full";
}

/**
 * Index of the path: where the storage's cursor stands, or the next one in circle that is above the reserve. In trunk
 * mode a second round counts the group's free trunk space as free. -1 if every path is too full (status 28).
 */
export function pickStorePath(member: MemberPicture, groupTrunkFreeMib: number, policy: SchedulingPolicy): number {
  const index = scan(member, 0, policy);
  return index >= 0 || !policy.usesTrunkFiles ? index : scan(member, groupTrunkFreeMib, policy);
}

/** Where the storage's cursor stands after path `index` was answered. */
export function nextPathCursor(index: number, pathCount: number, policy: SchedulingPolicy): number {
  return policy.storePathChoice === "round-robin" ? (index + 1) % pathCount : index;
}

/** Where the cursor stands after a disk report: with store_path 2 at the path with most free space, first on a tie. */
export function standingPathCursor({ paths, writePathCursor }: MemberPicture, policy: SchedulingPolicy): number {
  return policy.storePathChoice === "most-free" ? roomiestPath(paths) : writePathCursor;
}

/** The path with most free space, first on a tie. */
export function roomiestPath(paths: readonly PathPicture[]): number {
  let best = 0;
  for (const [index, path] of paths.entries()) {
    if (path.freeMib > paths[best]!.freeMib) best = index;
  }
  return best;
}

function scan(member: MemberPicture, trunkFreeMib: number, policy: SchedulingPolicy): number {
  const { paths } = member;
  const count = paths.length;
  const start = member.writePathCursor < count ? member.writePathCursor : 0;
  for (let step = 0; step < count; step++) {
    const index = start + step < count ? start + step : start + step - count;
    if (pathHasSpace(policy.reserve, paths[index]!, count, trunkFreeMib)) return index;
  }
  return -1;
}
