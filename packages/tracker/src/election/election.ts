// One round of an election (cluster-behaviour.md §7.3, wire-protocol.md §7.2): ask everybody, find the best, and if that is
// this tracker, get the others to agree.
//
// Against C: everybody is asked at the same time and with short timeouts, a timeout counts as a failure to connect (W15),
// and a majority has to agree (W16, docs/decisions/0006-one-leader.md).
import { trackerCommands, type TrackerStatus } from "@fastdfs-ts/protocol";
import type { ServerAddress } from "@fastdfs-ts/runtime";

import type { Leadership } from "../cluster/leadership.ts";
import { trackerName } from "../cluster/tracker-list.ts";
import { DISPUTE_REST_MS, VOTE_PROMISE_MS } from "../limits.ts";
import { bestCandidate, type Candidate, compareAddresses, type Standing } from "./candidate-rank.ts";
import { isMajority } from "./majority.ts";
import {
  certainlyDoesNotRun,
  knowsNothingYet,
  type PeerAnswer,
  type PeerFailure,
  type TrackerPeers,
} from "./tracker-peers.ts";

export interface ElectionContext {
  readonly leadership: Leadership;
  readonly peers: TrackerPeers;
  /** This tracker as a candidate; `undefined` as long as it knows no group. */
  readonly ownStanding: () => Standing | undefined;
}

/** `wait`: somebody else has to act first; `soon` if that takes no more than a join or the end of a promise. */
export type ElectionOutcome =
  | { readonly kind: "follow"; readonly leader: ServerAddress }
  | { readonly kind: "elected"; readonly backers: readonly ServerAddress[]; readonly down: readonly ServerAddress[] }
  | { readonly kind: "wait"; readonly soon: boolean; readonly reason: string };

/** Never throws. */
export async function holdElection(context: ElectionContext): Promise<ElectionOutcome> {
  const { leadership, peers, ownStanding } = context;
  const { self, others } = leadership.trackers;
  if (self === undefined) return wait("no storage has joined, so no tracker is known");
  const answers = await peers.askAll(others, trackerCommands.trackerStatus, {});
  const standing = ownStanding();
  const own = standing === undefined ? [] : [{ tracker: self, standing }];
  const best = bestCandidate([...own, ...answers.flatMap(candidateOf)]);
  if (best === undefined) return wait("no tracker knows a group");
  if (best.tracker !== self) {
    return best.standing.isLeader
      ? { kind: "follow", leader: best.tracker }
      : wait(`${trackerName(best.tracker)} is to take the lead`);
  }
  return mustRest(leadership, answers) ?? (await campaign(context, self));
}

function candidateOf(answered: PeerAnswer<TrackerStatus>): Candidate[] {
  return "answer" in answered ? [{ tracker: answered.tracker, standing: answered.answer }] : [];
}

/** Of two trackers that cannot reach each other but have storages that see both lead, one leaves the lead to the other. */
function mustRest(
  { trackers, sinceStepDownMs }: Leadership,
  answers: readonly PeerAnswer<TrackerStatus>[],
): ElectionOutcome | undefined {
  const [other] = answers;
  const isDispute = trackers.all.length === 2 && sinceStepDownMs < DISPUTE_REST_MS;
  if (!isDispute || other === undefined || "answer" in other) return undefined;
  if (certainlyDoesNotRun(other.error) || compareAddresses(trackers.self!, other.tracker) > 0) return undefined;
  return wait(`a storage sees ${trackerName(other.tracker)} lead, which cannot be reached from here`);
}

async function campaign({ leadership, peers }: ElectionContext, self: ServerAddress): Promise<ElectionOutcome> {
  const { trackers, vote } = leadership;
  const promisedTo = vote.promisedToOtherThan(self);
  if (promisedTo !== undefined) return wait(`${trackerName(promisedTo)} has led until a moment ago`);
  vote.promise(self, VOTE_PROMISE_MS);
  const notice = { leader: trackerName(self) };
  const announced = await peers.askAll(trackers.others, trackerCommands.announceLeader, notice);
  const refusal = announced.find(refuses);
  if (refusal !== undefined) {
    const reason = `${trackerName(refusal.tracker)} does not agree: ${refusal.error.message}`;
    return { kind: "wait", soon: refusal.error.kind === "BUSY", reason };
  }
  const agreeing = announced.filter((answered) => "answer" in answered).map(({ tracker }) => tracker);
  const down = announced.filter((answered) => "error" in answered && certainlyDoesNotRun(answered.error));
  const all = trackers.all.length;
  const isEnough = (others: number) => isMajority({ supporters: 1 + others, neutral: down.length, all });
  if (!isEnough(agreeing.length)) {
    const reason = `of ${all} trackers only ${1 + agreeing.length} agree and ${down.length} are certainly down: no majority`;
    const soon = announced.some((answered) => "error" in answered && knowsNothingYet(answered.error));
    return { kind: "wait", soon, reason };
  }
  if (vote.promisedToOtherThan(self) !== undefined) return wait("another tracker was faster");
  const committed = await peers.askAll(agreeing, trackerCommands.commitLeader, notice);
  const backers = committed.filter((answered) => "answer" in answered).map(({ tracker }) => tracker);
  if (!isEnough(backers.length)) return wait("not enough trackers confirmed the election");
  return { kind: "elected", backers, down: down.map(({ tracker }) => tracker) };
}

/** Who was reached and said no. One that knows nothing yet has no say; C gives up the round because of it. */
function refuses(answered: PeerAnswer<unknown>): answered is PeerFailure {
  if ("answer" in answered) return false;
  const { error } = answered;
  const wasNotReached = error.kind === "UNREACHABLE" || error.kind === "TIMED_OUT" || error.kind === "CONNECTION_LOST";
  return !wasNotReached && !knowsNothingYet(error);
}

function wait(reason: string): ElectionOutcome {
  return { kind: "wait", soon: false, reason };
}
