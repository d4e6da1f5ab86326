// Choices by load: store_lookup, store_server and download_server 3. Two are drawn by weight, and the one that is less
// loaded is taken.
import type { GroupPicture, MemberPicture, Moment, SchedulingPolicy } from "./cluster-picture.ts";
import { groupLoad, groupWeight } from "./group-load.ts";

/** Index of a group among those that `mayTake`; -1 if there is none. */
export function pickLeastLoadedGroup(
  groups: readonly GroupPicture[],
  mayTake: (group: GroupPicture) => boolean,
  policy: SchedulingPolicy,
  moment: Moment,
): number {
  const nowMs = moment.monotonicMs();
  return moment.draw({
    count: groups.length,
    weight: (index) => (mayTake(groups[index]!) ? groupWeight(groupLoad(groups[index]!, nowMs, policy)) : 0),
    cost: (index) => groupLoad(groups[index]!, nowMs, policy).load,
  });
}

/** Index of a member among those that `mayTake`; -1 if there is none. */
export function pickLeastLoadedMember<Member extends MemberPicture>(
  members: readonly Member[],
  mayTake: (member: Member) => boolean,
  typicalMicros: number,
  moment: Moment,
): number {
  const nowMs = moment.monotonicMs();
  const capacity = (index: number) => members[index]!.load.capacity(nowMs, typicalMicros);
  return moment.draw({
    count: members.length,
    weight: (index) => (mayTake(members[index]!) ? Math.min(1, capacity(index)) : 0),
    cost: (index) => memberCost(members[index]!, capacity(index), nowMs),
  });
}

/** How long the next task of a member takes, compared with one at an idle member: those before it count. */
export function memberCost({ load }: MemberPicture, capacity: number, nowMs: number): number {
  return (load.tasks(nowMs) + 1) / capacity;
}
