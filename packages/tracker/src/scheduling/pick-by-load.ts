// Choices by load: store_lookup, store_server and download_server 3. Two are drawn by weight, and the one that is less
// loaded is taken.
import type { GroupPicture, MemberPicture, Moment, SchedulingPolicy, TypicalMember } from "./cluster-picture.ts";
import { groupLoad, groupWeight } from "./group-load.ts";

/** Members that differ by less are alike: with little to do, a trifle would otherwise send everything to one. */
const CLEARLY = 1.25;

/** Index of a group among those that `mayTake`; -1 if there is none. */
export function pickLeastLoadedGroup(
  groups: readonly GroupPicture[],
  mayTake: (group: GroupPicture) => boolean,
  policy: SchedulingPolicy,
  moment: Moment,
): number {
  const nowMs = moment.monotonicMs();
  const load = (index: number) => groupLoad(groups[index]!, nowMs, policy).load;
  return moment.draw({
    count: groups.length,
    weight: (index) => (mayTake(groups[index]!) ? groupWeight(groupLoad(groups[index]!, nowMs, policy)) : 0),
    isBetter: (index, other) => load(index) < load(other),
  });
}

/** Index of a member among those that `mayTake`; -1 if there is none. */
export function pickLeastLoadedMember<Member extends MemberPicture>(
  members: readonly Member[],
  mayTake: (member: Member) => boolean,
  typical: TypicalMember,
  moment: Moment,
): number {
  const nowMs = moment.monotonicMs();
  const capacity = (index: number) => members[index]!.load.capacity(nowMs, typical);
  const cost = (index: number) => memberCost(members[index]!, capacity(index), nowMs);
  return moment.draw({
    count: members.length,
    weight: (index) => (mayTake(members[index]!) ? Math.min(1, capacity(index)) : 0),
    isBetter: (index, other) => cost(index) * CLEARLY < cost(other),
  });
}

/** How long the next task of a member takes, compared with one at an idle member: those before it count. */
export function memberCost({ load }: MemberPicture, capacity: number, nowMs: number): number {
  return (load.tasks(nowMs) + 1) / capacity;
}
