// The group step of an upload, explained: the very functions that choose, asked without consequences.
import type { GroupCandidate } from "@fastdfs-ts/protocol";

import type { SchedulingPolicy } from "./cluster-picture.ts";
import { methodReasons } from "./explain-methods.ts";
import { groupLoad } from "./group-load.ts";
import { LikeliestDraw } from "./likeliest-draw.ts";
import { checkNamedGroup, hasUnpromisedSpace, pickGroup } from "./pick-group.ts";
import { type Refusal, type RefusalScene, refusals } from "./refusals.ts";
import { groupHasSpace, reservedMib } from "./space-reserve.ts";
import type { WatchedGroup } from "./watched-picture.ts";

export interface ExplainedGroups {
  readonly candidates: readonly GroupCandidate[];
  readonly outcome: ChosenGroup | RefusedGroup;
}

interface ChosenGroup {
  readonly group: WatchedGroup;
  readonly chance: number;
  readonly reason: string;
}

interface RefusedGroup {
  readonly refusal: Refusal;
  readonly scene: RefusalScene;
}

/** `cursor` as for `pickGroup`; `named` is what the client says, if it does. */
export function explainGroups(
  groups: readonly WatchedGroup[],
  cursor: number,
  named: string | undefined,
  policy: SchedulingPolicy,
  nowMs: number,
): ExplainedGroups {
  if (named !== undefined) return explainNamed(groups, named, policy, nowMs);
  const draw = new LikeliestDraw(nowMs);
  const picked = pickGroup(groups, cursor, policy, draw);
  const index = typeof picked === "string" ? undefined : picked;
  const chances = draw.chances(groups.length, index);
  const group = index === undefined ? undefined : groups[index];
  const candidates = groups.map((one, at) =>
    groupCandidate(one, whyNotGroup(one, group, policy), chances[at]!, policy, nowMs),
  );
  if (typeof picked !== "string") {
    const reason = methodReasons.group(policy);
    return { candidates, outcome: { group: groups[picked]!, chance: chances[picked]!, reason } };
  }
  const groupName = policy.groupChoice === "fixed-group" ? policy.fixedGroup : undefined;
  const fixed = groups.find(({ name }) => name === groupName);
  const scene = { groups, groupName, group: fixed, member: undefined };
  return { candidates, outcome: { refusal: picked, scene } };
}

function explainNamed(
  groups: readonly WatchedGroup[],
  named: string,
  policy: SchedulingPolicy,
  nowMs: number,
): ExplainedGroups {
  const group = groups.find(({ name }) => name === named);
  const scene = { groups, groupName: named, group, member: undefined };
  if (group === undefined) return { candidates: [], outcome: { refusal: "unknown-group", scene } };
  const refusal = checkNamedGroup(group, policy);
  const chance = refusal === undefined ? 1 : 0;
  const candidates = [groupCandidate(group, whyNotGroup(group, group, policy), chance, policy, nowMs)];
  if (refusal !== undefined) return { candidates, outcome: { refusal, scene } };
  return { candidates, outcome: { group, chance, reason: "the client names the group" } };
}

/** `chosen`: the group that was, if one was. */
function whyNotGroup(
  group: WatchedGroup,
  chosen: WatchedGroup | undefined,
  policy: SchedulingPolicy,
): string | undefined {
  const refusal = checkNamedGroup(group, policy);
  if (refusal !== undefined) {
    const scene = { groups: [group], groupName: group.name, group, member: undefined };
    return refusals[refusal].tell(scene, policy).reason;
  }
  if (group === chosen) return undefined;
  if (policy.groupChoice === "least-loaded" && !hasUnpromisedSpace(group, policy)) {
    return "what is above the reserve is promised to uploads since its disks were reported";
  }
  if (policy.groupChoice === "fixed-group") return "it is not store_group";
  const hasDiskSpace = (one: WatchedGroup) => groupHasSpace(policy.reserve, one.totalMib, one.freeMib);
  if (policy.groupChoice === "least-loaded" || chosen === undefined || hasDiskSpace(group)) return undefined;
  return hasDiskSpace(chosen) ? "only its trunk files have room: groups with room on their disks go first" : undefined;
}

/** A group with its numbers. */
export function groupCandidate(
  group: WatchedGroup,
  ruledOut: string | undefined,
  chance: number,
  policy: SchedulingPolicy,
  nowMs: number,
): GroupCandidate {
  const { name, totalMib, freeMib, trunkFreeMib, promisedMib, writable } = group;
  return {
    groupName: name,
    ruledOut,
    totalMib,
    freeMib,
    reservedMib: reservedMib(policy.reserve, totalMib),
    trunkFreeMib,
    promisedMib,
    writableMembers: writable.length,
    ...groupLoad(group, nowMs, policy),
    chance,
  };
}
