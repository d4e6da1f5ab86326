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
  const weights: number[] = [];
  const loads: number[] = [];
  let isAny = false;
  for (const group of groups) {
    const isCandidate = mayTake(group);
    const load = groupLoad(group, nowMs, policy);
    weights.push(isCandidate ? groupWeight(load) : 0);
    loads.push(load.load);
    isAny ||= isCandidate;
  }
  return isAny ? moment.draw(weights, loads) : -1;
}

/** Index of a member among those that `mayTake`; -1 if there is none. */
export function pickLeastLoadedMember<Member extends MemberPicture>(
  members: readonly Member[],
  mayTake: (member: Member) => boolean,
  typicalMicros: number,
  moment: Moment,
): number {
  const nowMs = moment.monotonicMs();
  const weights: number[] = [];
  const costs: number[] = [];
  let isAny = false;
  for (const member of members) {
    const isCandidate = mayTake(member);
    const capacity = member.load.capacity(nowMs, typicalMicros);
    weights.push(isCandidate ? capacity : 0);
    costs.push(memberCost(member, capacity, nowMs));
    isAny ||= isCandidate;
  }
  return isAny ? moment.draw(weights, costs) : -1;
}

/** How long the next task of a member takes, compared with one at an idle member: those before it count. */
export function memberCost({ load }: MemberPicture, capacity: number, nowMs: number): number {
  return (load.tasks(nowMs) + 1) / capacity;
}
