import { describe, expect, it } from "vitest";
import { RecentDeletions } from "./recent-deletions.ts";

describe("recent deletions", () => {
  it("remember at least the last ones, and no more than twice their limit", () => {
    const deletions = new RecentDeletions(10);
    const names = Array.from({ length: 95 }, (_, n) => `M00/00/00/${n}`);
    for (const [index, name] of names.entries()) {
      deletions.note(name);
      const remembered = names.filter((each) => deletions.has(each));
      expect(remembered.slice(-10)).toEqual(names.slice(Math.max(0, index - 9), index + 1));
      expect(remembered.length).toBeLessThanOrEqual(20);
    }
  });

  it("do not push others out when one file is deleted again and again", () => {
    const deletions = new RecentDeletions(2);
    for (const name of ["a", "b", "b", "b"]) deletions.note(name);
    expect(deletions.has("a")).toBe(true);
  });
});
