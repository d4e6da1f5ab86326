// What every Random must do.
import { type Random, randomBelow } from "@fastdfs-ts/runtime";
import { describe, expect, it } from "vitest";

/** Declares the tests; `makeRandom` is called once for each. */
export function randomCompliance(name: string, makeRandom: () => Random): void {
  describe(`${name} complies with the Random port`, () => {
    it("draws integers of 32 bits in which every bit is set half of the time", () => {
      const random = makeRandom();
      const draws = 20_000;
      const setCount = new Array<number>(32).fill(0);
      for (let i = 0; i < draws; i++) {
        const value = random.uint32();
        expect(value).toBe(value >>> 0);
        for (let bit = 0; bit < 32; bit++) setCount[bit]! += (value >>> bit) & 1;
      }
      // Seven standard deviations: a fair source fails here once in 10^10 runs.
      const tolerance = 7 * Math.sqrt(draws / 4);
      for (const count of setCount) expect(Math.abs(count - draws / 2)).toBeLessThan(tolerance);
    });

    it("does not repeat itself", () => {
      const random = makeRandom();
      const seen = new Set(Array.from({ length: 10_000 }, () => random.uint32() * 2 ** 20 + (random.uint32() >>> 12)));
      expect(seen.size).toBe(10_000);
    });

    it("fills a fresh buffer of the asked length", () => {
      const random = makeRandom();
      for (const length of [0, 1, 3, 4, 5, 16, 1000]) expect(random.bytes(length)).toHaveLength(length);
      const first = random.bytes(32);
      const copy = Buffer.from(first);
      expect(random.bytes(32).equals(first)).toBe(false);
      expect(first.equals(copy)).toBe(true);
    });

    it("serves randomBelow, which reaches every value and no other", () => {
      const random = makeRandom();
      const seen = new Set(Array.from({ length: 1000 }, () => randomBelow(random, 7)));
      expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
      expect(randomBelow(random, 1)).toBe(0);
    });
  });
}
