import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BinlogOp } from "../binlog/binlog-record.ts";
import { RecentDeletions } from "./recent-deletions.ts";

const FILE = "M00/00/00/CmAAC2sCaA-ACKP8AAAAKnl8CjM577.txt";
const SLAVE = FILE.replace(".txt", "_small.txt");
const METADATA = `${FILE}-m`;

function follow(deletions: RecentDeletions, op: BinlogOp, logicalName: string, seconds = 100, extra?: string): void {
  deletions.follow({ op, logicalName, seconds, extra });
}

describe("recent deletions", () => {
  it("remember at least the last ones, and no more than twice their limit", () => {
    const deletions = new RecentDeletions(10);
    const names = Array.from({ length: 95 }, (_, n) => `M00/00/00/${n}`);
    for (const [index, name] of names.entries()) {
      follow(deletions, "D", name);
      const remembered = names.filter((each) => deletions.has(each));
      expect(remembered.slice(-10)).toEqual(names.slice(Math.max(0, index - 9), index + 1));
      expect(remembered.length).toBeLessThanOrEqual(20);
    }
  });

  it("do not push others out when one file is deleted again and again", () => {
    const deletions = new RecentDeletions(2);
    for (const name of ["a", "b", "b", "b"]) follow(deletions, "d", name);
    expect(deletions.has("a")).toBe(true);
  });

  it.each<[string, BinlogOp, string, string | undefined]>([
    ["its deletion", "D", FILE, undefined],
    ["a deletion elsewhere", "d", FILE, undefined],
    ["its renaming", "R", `${SLAVE}2`, FILE],
    ["a renaming elsewhere", "r", `${SLAVE}2`, FILE],
  ])("forbid a file with a name that is given once, and its metadata, after %s", (_, op, name, extra) => {
    const deletions = new RecentDeletions();
    follow(deletions, op, name, 100, extra);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), (seconds) => {
        expect(deletions.forbid(FILE, seconds)).toBe(true);
        expect(deletions.forbid(METADATA, seconds)).toBe(true);
        expect(deletions.forbid(SLAVE, seconds)).toBe(false);
      }),
    );
  });

  it.each([SLAVE, METADATA])("tell a creation that is repeated from a new one of the same second: %s", (name) => {
    const deletions = new RecentDeletions();
    follow(deletions, "d", name);
    expect(deletions.forbid(name, 100)).toBe(false);
    follow(deletions, "c", name);
    follow(deletions, "d", name);
    expect(deletions.forbid(name, 100)).toBe(false);
    follow(deletions, "c", name);
    follow(deletions, "D", name);
    expect(deletions.forbid(name, 100)).toBe(true);
    expect(deletions.forbid(name, 101)).toBe(false);
    expect(deletions.deletedSeconds(name)).toBe(100);
  });

  it.each([SLAVE, METADATA])("forbid what is older under a name that can be given anew: %s", (name) => {
    const deletions = new RecentDeletions();
    follow(deletions, "d", name, 100);
    expect([99, 100, 101].map((seconds) => deletions.forbid(name, seconds))).toEqual([true, false, false]);
    expect(deletions.deletedSeconds(name)).toBe(100);
    follow(deletions, "c", name, 100);
    expect(deletions.deletedSeconds(name)).toBeUndefined();
    expect(deletions.has(name)).toBe(false);
    expect(deletions.forbid(name, 1)).toBe(false);
  });

  it.each([
    [METADATA, 120],
    // The repair of a member stored it once more.
    [SLAVE, 100],
  ])("know since when there is a file that was given anew: %s", (name, seconds) => {
    const deletions = new RecentDeletions();
    expect(deletions.storedSeconds(name)).toBeUndefined();
    follow(deletions, "c", name, 100);
    follow(deletions, "u", name, 120);
    // Pushed once more.
    follow(deletions, "c", name, 100);
    expect(deletions.storedSeconds(name)).toBe(seconds);
    follow(deletions, "d", name, 130);
    expect(deletions.storedSeconds(name)).toBeUndefined();
    follow(deletions, "d", name, 110);
    expect(deletions.deletedSeconds(name)).toBe(130);
  });

  it.each([SLAVE, METADATA])("are none if the name was given anew before they are heard of: %s", (name) => {
    for (const op of ["d", "D"] as const) {
      const deletions = new RecentDeletions();
      follow(deletions, "c", name, 24);
      follow(deletions, op, name, 17);
      expect([deletions.has(name), deletions.storedSeconds(name)]).toEqual([false, 24]);
      follow(deletions, op, name, 24);
      expect(deletions.lastDeleted(10)).toEqual([name]);
    }
  });

  it("forbid an update of a slave at any time, unless it was stored anew", () => {
    const deletions = new RecentDeletions();
    for (const name of [SLAVE, METADATA]) {
      follow(deletions, "d", name, 100);
      expect(deletions.forbid(name, 110, "u")).toBe(name === SLAVE);
      follow(deletions, "u", name, 110);
      expect(deletions.has(name)).toBe(name === SLAVE);
      follow(deletions, "c", name, 120);
      expect(deletions.forbid(name, 130, "u")).toBe(false);
    }
  });

  it("outlast whatever is written of a file with a name that is given once", () => {
    const deletions = new RecentDeletions();
    follow(deletions, "D", FILE);
    for (const op of ["C", "c", "U", "A", "t"] as const) follow(deletions, op, FILE);
    expect(deletions.forbid(FILE, 1000)).toBe(true);
  });
});
