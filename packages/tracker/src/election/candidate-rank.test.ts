import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { bestCandidate, type Candidate, compareCandidates, standingOf } from "./candidate-rank.ts";

function candidate(host: string, facts: Partial<Candidate["standing"]> = {}, port = 22122): Candidate {
  return {
    tracker: { hosts: [host], port },
    standing: { isLeader: false, runningSeconds: 0, restartIntervalSeconds: 0, ...facts },
  };
}

/** Each pair: the first one wins. */
const contests: [string, Candidate, Candidate][] = [
  ["who leads", candidate("10.0.0.1", { isLeader: true }), candidate("10.0.0.9", { runningSeconds: 9000 })],
  ["who runs longer", candidate("10.0.0.1", { runningSeconds: 300 }), candidate("10.0.0.9")],
  ["who was down shorter", candidate("10.0.0.1"), candidate("10.0.0.9", { restartIntervalSeconds: 300 })],
  ["the larger address", candidate("10.0.0.2"), candidate("10.0.0.1")],
  ["the larger address as text", candidate("10.0.0.9"), candidate("10.0.0.10")],
  ["the larger port", candidate("10.0.0.1", {}, 22123), candidate("10.0.0.1")],
];

describe("the better candidate", () => {
  it.each(contests)("is %s", (_what, better, worse) => {
    expect(compareCandidates(better, worse)).toBeGreaterThan(0);
    expect(compareCandidates(worse, better)).toBeLessThan(0);
    expect(bestCandidate([worse, better, worse])).toBe(better);
  });

  it("is the same in whatever order they are listed", () => {
    const anyCandidate = fc
      .record({
        last: fc.nat(12),
        isLeader: fc.boolean(),
        runningSeconds: fc.constantFrom(0, 300),
        restartIntervalSeconds: fc.constantFrom(0, 300),
      })
      .map(({ last, ...standing }) => candidate(`10.0.0.${last}`, standing));
    fc.assert(
      fc.property(fc.array(anyCandidate, { maxLength: 8 }), (candidates) => {
        expect(bestCandidate([...candidates].reverse())).toEqual(bestCandidate(candidates));
      }),
    );
  });

  it("is compared in steps of five minutes", () => {
    expect(standingOf(true, 2399.9, 299)).toEqual({ isLeader: true, runningSeconds: 2100, restartIntervalSeconds: 0 });
    expect(standingOf(false, -5, 601)).toEqual({ isLeader: false, runningSeconds: 0, restartIntervalSeconds: 600 });
  });
});
