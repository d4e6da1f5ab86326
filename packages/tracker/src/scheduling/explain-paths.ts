// The store paths of a member, explained.
import type { PathCandidate } from "@fastdfs-ts/protocol";

import type { GroupPicture, MemberPicture, SchedulingPolicy } from "./cluster-picture.ts";
import { pathHasSpace, pathReservedMib } from "./space-reserve.ts";

export function explainPaths(group: GroupPicture, member: MemberPicture, policy: SchedulingPolicy): PathCandidate[] {
  const { reserve, usesTrunkFiles } = policy;
  const { paths } = member;
  const hasSpace = paths.map((path) => pathHasSpace(reserve, path, paths.length));
  const trunkCounts = usesTrunkFiles && !hasSpace.includes(true);
  return paths.map((path, index) => {
    const isOpen = hasSpace[index]! || (trunkCounts && pathHasSpace(reserve, path, paths.length, group.trunkFreeMib));
    const reserved = pathReservedMib(reserve, path.totalMib, paths.length);
    return {
      index,
      totalMib: path.totalMib,
      freeMib: path.freeMib,
      reservedMib: reserved,
      ruledOut: isOpen ? undefined : `not more than ${reserved} MiB are free (reserved_storage_space)`,
    };
  });
}
