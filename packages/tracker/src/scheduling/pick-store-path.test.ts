import { describe, expect, it } from "vitest";

import { member, policy } from "../../test/pictures.ts";
import { nextPathCursor, pickStorePath, standingPathCursor } from "./pick-store-path.ts";

const paths = [
  { totalMib: 1000, freeMib: 500 },
  { totalMib: 1000, freeMib: 10 },
  { totalMib: 1000, freeMib: 700 },
];
// 100 MiB over three paths: each keeps 33.
const byTurns = policy();

describe("the store path for an upload", () => {
  it("is the one at the cursor", () => {
    expect(pickStorePath(member("a", { paths, writePathCursor: 2 }), 0, byTurns)).toBe(2);
    expect(pickStorePath(member("a", { paths, writePathCursor: 9 }), 0, byTurns)).toBe(0);
  });

  it("skips full ones, in circle", () => {
    expect(pickStorePath(member("a", { paths, writePathCursor: 1 }), 0, byTurns)).toBe(2);
    const last = [{ totalMib: 1000, freeMib: 40 }, paths[1]!, paths[1]!];
    expect(pickStorePath(member("a", { paths: last, writePathCursor: 1 }), 0, byTurns)).toBe(0);
  });

  it("is none when all are full, or none was reported", () => {
    expect(pickStorePath(member("a", { paths: [paths[1]!] }), 0, byTurns)).toBe(-1);
    expect(pickStorePath(member("a", { paths: [] }), 0, byTurns)).toBe(-1);
  });

  it("may be a full one in trunk mode, when the group has trunk space", () => {
    const full = member("a", { paths: [paths[1]!] });
    const withTrunk = policy({ usesTrunkFiles: true });
    expect(pickStorePath(full, 90, withTrunk)).toBe(-1);
    expect(pickStorePath(full, 91, withTrunk)).toBe(0);
    expect(pickStorePath(full, 91, byTurns)).toBe(-1);
    expect(pickStorePath(member("a", { paths, writePathCursor: 1 }), 1000, withTrunk)).toBe(2);
  });

  it("moves on by one, or stays where the space is", () => {
    expect(nextPathCursor(2, 3, byTurns)).toBe(0);
    expect(nextPathCursor(0, 3, byTurns)).toBe(1);
    const bySpace = policy({ storePathChoice: "most-free" });
    expect(nextPathCursor(2, 3, bySpace)).toBe(2);
    expect(standingPathCursor(member("a", { paths, writePathCursor: 1 }), byTurns)).toBe(1);
    expect(standingPathCursor(member("a", { paths, writePathCursor: 1 }), bySpace)).toBe(2);
    const alike = [paths[0]!, paths[0]!];
    expect(standingPathCursor(member("a", { paths: alike, writePathCursor: 1 }), bySpace)).toBe(0);
    expect(standingPathCursor(member("a", { paths: [], writePathCursor: 1 }), bySpace)).toBe(0);
  });
});
