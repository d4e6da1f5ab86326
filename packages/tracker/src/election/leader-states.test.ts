import { describe, expect, it } from "vitest";

import { leaderStates } from "./leader-states.ts";
import { isMajority } from "./majority.ts";

describe("who leads", () => {
  it("is known in these states, which change in these ways", () => {
    expect(leaderStates.toMermaid()).toMatchInlineSnapshot(`
      "stateDiagram-v2
        UNINTRODUCED --> LOOKING: introduced
        LOOKING --> FOLLOWING: leaderFound
        LOOKING --> LEADING: elected
        FOLLOWING --> LEADING: elected
        FOLLOWING --> LOOKING: leaderLost
        LEADING --> LOOKING: steppedDown, leaseLost
      "
    `);
  });

  it.each([
    //              introduced    leaderFound   elected      leaderLost   steppedDown  leaseLost
    ["UNINTRODUCED", "LOOKING", undefined, undefined, undefined, undefined, undefined],
    ["LOOKING", "LOOKING", "FOLLOWING", "LEADING", "LOOKING", "LOOKING", "LOOKING"],
    ["FOLLOWING", "FOLLOWING", "FOLLOWING", "LEADING", "LOOKING", undefined, undefined],
    ["LEADING", "LEADING", undefined, "LEADING", undefined, "LOOKING", "LOOKING"],
  ] as const)("is, after each event in the state %s: %s, %s, %s, %s, %s, %s", (state, ...after) => {
    expect(leaderStates.events.map((event) => leaderStates.next(state, event))).toEqual(after);
  });

  it("can only be thought of by a tracker that knows the others", () => {
    const possible = leaderStates.events.filter((event) => leaderStates.next("UNINTRODUCED", event) !== undefined);
    expect(possible).toEqual(["introduced"]);
  });

  it("is never another one while this tracker leads: it resigns first", () => {
    const after = leaderStates.events.map((event) => leaderStates.next("LEADING", event));
    expect(after).not.toContain("FOLLOWING");
  });
});

describe("a majority", () => {
  const needed = (all: number, neutral = 0) => {
    let supporters = 1;
    while (!isMajority({ supporters, neutral, all })) supporters++;
    return supporters;
  };

  it("is more than half, and one of two", () => {
    expect([1, 2, 3, 4, 5, 16].map((all) => needed(all))).toEqual([1, 1, 2, 3, 3, 9]);
  });

  it("is one of those that support somebody", () => {
    expect([needed(3, 1), needed(3, 2), needed(4, 1), needed(5, 1), needed(5, 3)]).toEqual([2, 1, 2, 3, 2]);
  });
});
