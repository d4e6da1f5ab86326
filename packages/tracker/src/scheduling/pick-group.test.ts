import { describe, expect, it } from "vitest";

import { group, moment, policy } from "../../test/pictures.ts";
import { checkNamedGroup, mostFreeGroup, nextGroupCursor, pickGroup } from "./pick-group.ts";

const open = group("g1");
const full = group("g2", { freeMib: 100 });
const fullWithTrunk = group("g3", { freeMib: 50, trunkFreeMib: 51 });
const closed = group("g4", { writable: [], storeServer: undefined });

describe("round robin", () => {
  const byTurns = policy();

  it("takes the group at the cursor, and the next one next", () => {
    const groups = [open, group("g5"), group("g6")];
    expect(pickGroup(groups, 1, byTurns, moment())).toBe(1);
    expect(nextGroupCursor(1, 3, byTurns)).toBe(2);
    expect(nextGroupCursor(2, 3, byTurns)).toBe(0);
  });

  it("skips groups that are full or have no writable member, round the end", () => {
    expect(pickGroup([open, full, closed], 1, byTurns, moment())).toBe(0);
    expect(pickGroup([closed, full, open], 0, byTurns, moment())).toBe(2);
  });

  it("starts over when the cursor is behind the end", () => {
    expect(pickGroup([open], 7, byTurns, moment())).toBe(0);
  });

  it("counts trunk space only in trunk mode, and only if no group has disk space", () => {
    const withTrunk = policy({ usesTrunkFiles: true });
    expect(pickGroup([full, fullWithTrunk], 0, byTurns, moment())).toBe("no-space");
    expect(pickGroup([full, fullWithTrunk], 0, withTrunk, moment())).toBe(1);
    expect(pickGroup([fullWithTrunk, open], 0, withTrunk, moment())).toBe(1);
    expect(pickGroup([full, closed], 0, withTrunk, moment())).toBe("no-space");
  });

  it("says why there is none", () => {
    expect(pickGroup([], 0, byTurns, moment())).toBe("no-groups");
    expect(pickGroup([closed], 0, byTurns, moment())).toBe("no-writable-group");
    expect(pickGroup([closed, full], 0, byTurns, moment())).toBe("no-space");
  });
});

describe("a fixed group", () => {
  it.each([
    ["g1", false, 0],
    ["g2", false, "no-space"],
    ["g2", true, "no-space"],
    ["g3", false, "no-space"],
    ["g3", true, 2],
    ["g4", false, "group-not-writable"],
    ["g9", false, "unknown-group"],
    [undefined, false, "unknown-group"],
  ] as const)("%s, trunk files %s", (fixedGroup, usesTrunkFiles, result) => {
    const fixed = policy({ groupChoice: "fixed-group", fixedGroup, usesTrunkFiles });
    expect(pickGroup([open, full, fullWithTrunk, closed], 0, fixed, moment())).toBe(result);
    expect(nextGroupCursor(2, 4, fixed)).toBe(2);
  });
});

describe("the group with most free space", () => {
  const mostFree = policy({ groupChoice: "most-free" });
  const withTrunk = policy({ groupChoice: "most-free", usesTrunkFiles: true });

  it("stays with the recorded one while it has space, trunk space included", () => {
    expect(pickGroup([open, group("g5", { freeMib: 200 })], 1, mostFree, moment())).toBe(1);
    expect(pickGroup([open, fullWithTrunk], 1, withTrunk, moment())).toBe(1);
    expect(nextGroupCursor(1, 2, mostFree)).toBe(1);
  });

  it("goes on to the first one with space", () => {
    expect(pickGroup([open, full], 1, mostFree, moment())).toBe(0);
    expect(pickGroup([closed, open], 0, mostFree, moment())).toBe(1);
  });

  it("is recorded as the largest writable one, the first in name order on a tie", () => {
    const roomy = group("g5", { freeMib: 900 });
    const closedRoomy = group("g6", { freeMib: 999, writable: [] });
    expect(mostFreeGroup([open, roomy, closedRoomy], mostFree)).toBe(1);
    expect(mostFreeGroup([roomy, { ...roomy }], mostFree)).toBe(0);
    expect(mostFreeGroup([closed], mostFree)).toBeUndefined();
  });

  it("looks at trunk space when even the largest is full", () => {
    expect(mostFreeGroup([full, fullWithTrunk], mostFree)).toBe(0);
    expect(mostFreeGroup([full, fullWithTrunk], withTrunk)).toBe(1);
    expect(mostFreeGroup([open, fullWithTrunk], withTrunk)).toBe(0);
  });
});

describe("a group that the client names", () => {
  it.each([
    [open, false, undefined],
    [full, true, "no-space"],
    [fullWithTrunk, false, "no-space"],
    [fullWithTrunk, true, undefined],
    [closed, false, "group-not-writable"],
  ] as const)("$name", (named, usesTrunkFiles, refusal) => {
    expect(checkNamedGroup(named, policy({ usesTrunkFiles }))).toBe(refusal);
  });
});
