// Which tracker should lead (cluster-behaviour.md §7.3). C trackers order candidates in the same way, and only because of
// that do all of them wait for the same one.
import type { ServerAddress } from "@fastdfs-ts/runtime";

import { STATUS_RECORD_SECONDS } from "../limits.ts";

/** What a tracker says of itself (command 64). */
export interface Standing {
  readonly isLeader: boolean;
  /** Since its start. */
  readonly runningSeconds: number;
  /** Between its last sign of life of the run before and its start; 0 on a first run. */
  readonly restartIntervalSeconds: number;
}

export interface Candidate {
  readonly tracker: ServerAddress;
  readonly standing: Standing;
}

/** The one that should lead, or `undefined` if there is none. */
export function bestCandidate(candidates: readonly Candidate[]): Candidate | undefined {
  return candidates.reduce<Candidate | undefined>(
    (best, candidate) => (best === undefined || compareCandidates(candidate, best) > 0 ? candidate : best),
    undefined,
  );
}

/**
 * Positive if `a` should rather lead than `b`: one that leads already, one that has run longer, one that was down for a
 * shorter time, the larger address (as text), the larger port.
 */
export function compareCandidates(a: Candidate, b: Candidate): number {
  return (
    Number(a.standing.isLeader) - Number(b.standing.isLeader) ||
    a.standing.runningSeconds - b.standing.runningSeconds ||
    b.standing.restartIntervalSeconds - a.standing.restartIntervalSeconds ||
    compareAddresses(a.tracker, b.tracker)
  );
}

/** Positive if the address of `a` is the larger one: as text, so "10.0.0.9" is larger than "10.0.0.10". */
export function compareAddresses(a: ServerAddress, b: ServerAddress): number {
  return compareTexts(a.hosts[0]!, b.hosts[0]!) || a.port - b.port;
}

/** Elections compare times in steps, so that trackers started together are ordered by address (wire-protocol.md §12 no. 16). */
export function standingOf(isLeader: boolean, runningSeconds: number, downSeconds: number): Standing {
  return { isLeader, runningSeconds: inSteps(runningSeconds), restartIntervalSeconds: inSteps(downSeconds) };
}

function inSteps(seconds: number): number {
  return Math.floor(Math.max(0, seconds) / STATUS_RECORD_SECONDS) * STATUS_RECORD_SECONDS;
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
