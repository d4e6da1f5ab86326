// Which member of a group takes an upload (cluster-behaviour.md §6.3), and which one stands in where no rotation is wanted.
import type { GroupPicture, MemberPicture, Moment, SchedulingPolicy } from "./cluster-picture.ts";
import { pickLeastLoadedMember } from "./pick-by-load.ts";

/** Index into `group.writable`, or -1 if nobody is writable. */
export function pickUploadStorage(group: GroupPicture, policy: SchedulingPolicy, moment: Moment): number {
  const { writable, writeCursor, storeServer } = group;
  const count = writable.length;
  if (count === 0) return -1;
  switch (policy.uploadStorageChoice) {
    case "round-robin":
      return writeCursor < count ? writeCursor : 0;
    case "least-loaded":
      return pickLeastLoadedMember(writable, () => true, group.typical, moment);
    case "first-by-address":
    case "lowest-priority":
      return storeServer === undefined ? -1 : writable.indexOf(storeServer);
  }
}

/** Where the rotation stands after member `index` was taken; the other choices do not move it. */
export function nextWriteCursor(group: GroupPicture, index: number, policy: SchedulingPolicy): number {
  return policy.uploadStorageChoice === "round-robin" ? (index + 1) % group.writable.length : group.writeCursor;
}

/**
 * The group's store server: the first writable member in id order, or the one with the lowest upload_priority (first in
 * id order on a tie). With round robin it is the first one, and only the last resort of downloads and updates.
 */
export function pickStoreServer<Member extends MemberPicture>(
  writable: readonly Member[],
  policy: Pick<SchedulingPolicy, "uploadStorageChoice">,
): Member | undefined {
  if (policy.uploadStorageChoice !== "lowest-priority") return writable[0];
  let best: Member | undefined;
  for (const member of writable) {
    if (best === undefined || member.uploadPriority < best.uploadPriority) best = member;
  }
  return best;
}
