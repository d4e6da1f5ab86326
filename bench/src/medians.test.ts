import { describe, expect, it } from "vitest";
import { median, medianOfEach } from "./medians.ts";

describe("median", () => {
  it.each([
    [[5], 5],
    [[9, 1], 5],
    [[100, 1, 10], 10],
    [[4, 1, 3, 2], 2.5],
  ])("of %j is %d", (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  it("does not reorder what it is given, and refuses nothing", () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
    expect(() => median([])).toThrow(RangeError);
    expect(() => medianOfEach([])).toThrow(RangeError);
  });

  it("is taken field by field", () => {
    const rounds = [
      { a: 1, b: 30 },
      { a: 2, b: 10 },
      { a: 9, b: 20 },
    ];
    expect(medianOfEach(rounds)).toEqual({ a: 2, b: 20 });
  });
});
