// Where a client that asked now would be sent, and why: the steps of ../cluster/routing.ts, made of the same functions, with
// all candidates and their numbers. Changes nothing: no cursor, no count, no random number.
import {
  type Choice,
  CHOICE_EXPLANATION_VERSION,
  type ChoiceExplanation,
  type ChoiceRefusal,
  errorKinds,
  type GroupCandidate,
  type MemberCandidate,
  type PathCandidate,
} from "@fastdfs-ts/protocol";

import { chooseChanger, chooseReader, type HolderChoice } from "./choose-holder.ts";
import type { SchedulingPolicy } from "./cluster-picture.ts";
import { explainGroups, groupCandidate } from "./explain-groups.ts";
import {
  eligibilities,
  memberCandidate,
  type MemberVerdict,
  whyNoPath,
  whyNotServing,
  whyNotThere,
} from "./explain-members.ts";
import { methodReasons, settingsFor } from "./explain-methods.ts";
import { explainPaths } from "./explain-paths.ts";
import { LikeliestDraw } from "./likeliest-draw.ts";
import { eligibility, type NameSight } from "./pick-download-storage.ts";
import { choosePath } from "./pick-store-path.ts";
import { pickUploadStorage } from "./pick-upload-storage.ts";
import { type Refusal, type RefusalScene, refusals } from "./refusals.ts";
import type { WatchedGroup, WatchedMember } from "./watched-picture.ts";

/** The cluster as a client finds it now. */
export interface ChoiceScene {
  /** In name order. Their `tasks` must leave no trace when they are asked. */
  readonly groups: readonly WatchedGroup[];
  /** As for `pickGroup`. */
  readonly groupCursor: number;
  readonly policy: SchedulingPolicy;
  readonly nowSeconds: number;
  /** Monotonic. */
  readonly nowMs: number;
  /** Under which address the client would be told of a member. */
  readonly addressOf: (member: WatchedMember) => string;
}

type Explained = Omit<ChoiceExplanation, "version" | "takenSeconds" | "purpose" | "settings">;

/** An upload to a group (104), or to any (101). */
export function explainUpload(scene: ChoiceScene, named: string | undefined): ChoiceExplanation {
  const { groups, groupCursor, policy, nowMs } = scene;
  const step = explainGroups(groups, groupCursor, named, policy, nowMs);
  const { candidates, outcome } = step;
  if ("refusal" in outcome) {
    const { group } = outcome.scene;
    // They help to see why a group is refused, although nobody is sent to them.
    const members =
      group === undefined ? [] : uploadMembers(scene, group).members.map((one) => ({ ...one, chance: 0 }));
    const refusal = tellRefusal(scene, outcome.refusal, outcome.scene);
    return whole(scene, "upload", upload(candidates, group, members, [], undefined, refusal));
  }
  const { group, chance, reason } = outcome;
  const { members, index, chances } = uploadMembers(scene, group);
  const at = (member: WatchedMember | undefined) => ({ groups, groupName: group.name, group, member });
  const member = group.writable[index];
  if (member === undefined) {
    const refusal = tellRefusal(scene, "group-not-writable", at(undefined));
    return whole(scene, "upload", upload(candidates, group, members, [], undefined, refusal));
  }
  const paths = explainPaths(group, member, policy);
  const path = choosePath(group, member, policy);
  if (typeof path === "string") {
    const refusal = tellRefusal(scene, path, at(member));
    return whole(scene, "upload", upload(candidates, group, members, paths, undefined, refusal));
  }
  const choice = {
    ...place(scene, group, member, chance * chances[index]!),
    storePathIndex: path,
    reasons: [reason, methodReasons.storage(policy), methodReasons.path(policy)],
  };
  return whole(scene, "upload", upload(candidates, group, members, paths, choice, undefined));
}

function upload(
  groups: readonly GroupCandidate[],
  group: WatchedGroup | undefined,
  members: readonly MemberCandidate[],
  paths: readonly PathCandidate[],
  choice: Choice | undefined,
  refusal: ChoiceRefusal | undefined,
): Explained {
  return { file: undefined, groups, groupName: group?.name ?? "", members, paths, choice, refusal };
}

function uploadMembers(scene: ChoiceScene, group: WatchedGroup) {
  const { policy, nowMs } = scene;
  const draw = new LikeliestDraw(nowMs);
  const index = pickUploadStorage(group, policy, draw);
  const chances = draw.chances(group.writable.length, index);
  const members = describe(scene, group, undefined, (member) => ({
    ruledOut: whyNotServing(member, "write"),
    trouble: member.isWritable ? whyNoPath(group, member, policy) : undefined,
    hasFile: undefined,
    chance: chances[group.writable.indexOf(member)] ?? 0,
  }));
  return { members, index, chances };
}

/** A download (102) or a change (103) of a file; `sight` is what its name says, undefined if the group is unknown. */
export function explainHolder(
  scene: ChoiceScene,
  purpose: "download" | "change",
  groupName: string,
  sight: NameSight<WatchedMember> | undefined,
): ChoiceExplanation {
  const { groups, policy, nowSeconds, nowMs } = scene;
  const group = groups.find(({ name }) => name === groupName);
  const at = { groups, groupName, group, member: undefined };
  if (group === undefined || sight === undefined) {
    const refusal = tellRefusal(scene, "unknown-group", at);
    const nothing = { groups: [], groupName, members: [], paths: [] };
    return whole(scene, purpose, { file: undefined, ...nothing, choice: undefined, refusal });
  }
  const { choose, candidates, serves, because } = holderRows[purpose];
  const draw = new LikeliestDraw(nowMs);
  const chosen = choose(group, sight, nowSeconds, policy, draw);
  const choice = typeof chosen === "string" ? undefined : chosen;
  const among = candidates(group);
  const chances = draw.chances(among.length, choice === undefined ? undefined : among.indexOf(choice.member));
  const members = describe(scene, group, sight, (member) => {
    const has = eligibility(group, member, sight, nowSeconds, policy);
    const chance = chances[among.indexOf(member)] ?? 0;
    const whyNot = () => {
      if (has === undefined) return whyNotThere(group, member, sight);
      return choice?.how === "source" ? "only the source is asked" : undefined;
    };
    return {
      ruledOut: chance > 0 ? undefined : (whyNotServing(member, serves) ?? whyNot()),
      trouble: undefined,
      hasFile: has && eligibilities[has],
      chance,
    };
  });
  return whole(scene, purpose, {
    file: {
      sourceId: sight.source?.id ?? "",
      createdSeconds: sight.createdAt === Infinity ? undefined : sight.createdAt,
      mayChange: !sight.isNormal,
    },
    groups: [groupCandidate(group, undefined, choice === undefined ? 0 : 1, policy, nowMs)],
    groupName,
    members,
    paths: [],
    choice: choice && {
      ...place(scene, group, choice.member, chances[among.indexOf(choice.member)]!),
      storePathIndex: undefined,
      reasons: [because(choice, sight, policy)],
    },
    refusal: typeof chosen === "string" ? tellRefusal(scene, chosen, at) : undefined,
  });
}

const holderRows = {
  download: {
    choose: chooseReader<WatchedMember>,
    candidates: (group: WatchedGroup) => group.readable,
    serves: "read",
    because: (
      { how }: HolderChoice<WatchedMember>,
      { isNormal }: NameSight<WatchedMember>,
      policy: SchedulingPolicy,
    ) => {
      if (how === "anybody") return "nobody is known to have the file, but anybody may: the store server is asked";
      if (isNormal) {
        // Without its source, or where that cannot be read, the others take turns.
        const isInTurn = how === "replica" && policy.downloadStorageChoice === "source-first";
        return isInTurn
          ? "the source cannot be read: the next in turn that has the file"
          : methodReasons.download(policy);
      }
      return how === "source"
        ? "the file may have been changed: its source knows the last state"
        : "the source of a file that may have been changed cannot be read: the one that is nearest to it";
    },
  },
  change: {
    choose: chooseChanger<WatchedMember>,
    candidates: (group: WatchedGroup) => group.writable,
    serves: "write",
    because: ({ how }: HolderChoice<WatchedMember>, _sight: NameSight<WatchedMember>, policy: SchedulingPolicy) => {
      if (how === "source") return "changes of a file go to its source";
      if (how === "replica") return "the source cannot be written: the next in turn that has the file";
      return `nobody is known to have the file: whoever takes the next upload (${methodReasons.storage(policy)})`;
    },
  },
} as const;

/** All members of the group, in id order. */
function describe(
  { addressOf, nowMs }: ChoiceScene,
  group: WatchedGroup,
  sight: NameSight<WatchedMember> | undefined,
  judge: (member: WatchedMember) => MemberVerdict,
): MemberCandidate[] {
  return group.sorted.map((member) => memberCandidate(group, member, judge(member), sight, addressOf(member), nowMs));
}

function place({ addressOf }: ChoiceScene, group: WatchedGroup, member: WatchedMember, chance: number) {
  return {
    groupName: group.name,
    storageId: member.id,
    address: addressOf(member),
    port: member.port,
    chance,
  };
}

function tellRefusal({ policy }: ChoiceScene, refusal: Refusal, scene: RefusalScene): ChoiceRefusal {
  const { kind, tell } = refusals[refusal];
  const { reason, groupName, storageId, storePathIndex, freeMib, limitMib, setting } = tell(scene, policy);
  const { status } = errorKinds[kind];
  return { status, reason, groupName, storageId, storePathIndex, freeMib, limitMib, setting };
}

function whole(
  { nowSeconds, policy }: ChoiceScene,
  purpose: ChoiceExplanation["purpose"],
  explained: Explained,
): ChoiceExplanation {
  return {
    version: CHOICE_EXPLANATION_VERSION,
    takenSeconds: nowSeconds,
    purpose,
    settings: settingsFor(purpose, policy),
    ...explained,
  };
}
