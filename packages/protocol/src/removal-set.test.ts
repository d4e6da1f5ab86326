import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { REMOVALS_PER_GROUP } from "./limits.ts";
import { isStanding, RemovalSet } from "./removal-set.ts";

const removals = fc.array(
  fc.record({
    storageId: fc.constantFrom("1", "2", "3"),
    joinSeconds: fc.integer({ min: 1, max: 5 }),
    removedSeconds: fc.integer({ min: 1, max: 9 }),
    returnedSeconds: fc.integer({ min: 0, max: 9 }),
  }),
  { maxLength: 12 },
);

function sorted(set: RemovalSet) {
  return [...set.all].sort((a, b) => (a.storageId < b.storageId ? -1 : 1));
}

describe("what is known of removals", () => {
  it("is the same whoever tells it first, and how often", () => {
    fc.assert(
      fc.property(removals, removals, fc.func(fc.nat()), (mine, theirs, order) => {
        const one = new RemovalSet();
        for (const removal of [...mine, ...theirs]) one.merge(removal);
        const other = new RemovalSet();
        const shuffled = [...theirs, ...mine, ...theirs].sort((a, b) => order(a) - order(b));
        for (const removal of shuffled) other.merge(removal);
        expect(sorted(other)).toEqual(sorted(one));
        for (const removal of one.all) expect(other.merge(removal)).toBeUndefined();
      }),
    );
  });

  it("stands until the member has joined again, and stands anew when it is removed again", () => {
    const set = new RemovalSet();
    const removal = { storageId: "7", joinSeconds: 100, removedSeconds: 200, returnedSeconds: 0 };
    expect(isStanding(set.get("7"))).toBe(false);
    expect(set.merge(removal)).toEqual(removal);
    expect(isStanding(set.get("7"))).toBe(true);
    set.merge({ ...removal, returnedSeconds: 300 });
    expect(isStanding(set.get("7"))).toBe(false);
    // Somebody who has not heard of the return repeats the removal.
    expect(set.merge(removal)).toBeUndefined();
    set.merge({ ...removal, joinSeconds: 250, removedSeconds: 400 });
    expect(set.get("7")).toEqual({ storageId: "7", joinSeconds: 250, removedSeconds: 400, returnedSeconds: 300 });
    expect(isStanding(set.get("7"))).toBe(true);
  });

  it("takes in no nonsense", () => {
    const set = new RemovalSet();
    const removal = { storageId: "7", joinSeconds: 1, removedSeconds: 2, returnedSeconds: 0 };
    for (const nonsense of [
      { storageId: "" },
      { storageId: "a,b" },
      { removedSeconds: 2 ** 53 },
      { joinSeconds: -1 },
    ]) {
      expect(set.merge({ ...removal, ...nonsense })).toBeUndefined();
    }
    expect(set.all).toEqual([]);
  });

  it("has a bound: who was removed longest ago is forgotten", () => {
    const set = new RemovalSet();
    for (let index = 0; index <= REMOVALS_PER_GROUP; index++) {
      set.merge({ storageId: String(index), joinSeconds: 1, removedSeconds: 1000 + index, returnedSeconds: 0 });
    }
    expect(set.all.length).toBe(REMOVALS_PER_GROUP);
    expect(set.get("0")).toBeUndefined();
  });
});
