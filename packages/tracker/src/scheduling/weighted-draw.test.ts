import { Prng } from "@fastdfs-ts/simulation";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { candidates } from "../../test/pictures.ts";
import { betterShares, drawBetter, drawByWeight } from "./weighted-draw.ts";

const DRAWS = 20_000;
/** Of a count with this expectation: beyond five standard deviations once in millions of draws, and seeds are fixed. */
const tolerance = (share: number) => 5 * Math.sqrt(share * (1 - share) * DRAWS) + 1;

const weights = fc
  .array(fc.oneof(fc.constant(0), fc.double({ min: 0.0001, max: 1, noNaN: true })), { minLength: 1, maxLength: 12 })
  .filter((all) => all.some((weight) => weight > 0));

function count(draw: () => number, length: number): number[] {
  const counts = new Array<number>(length).fill(0);
  for (let turn = 0; turn < DRAWS; turn++) counts[draw()]!++;
  return counts;
}

describe("a draw by weight", () => {
  it("takes each as often as its weight says, and never one without weight", () => {
    const seeded = fc.tuple(weights, fc.nat());
    fc.assert(
      fc.property(seeded, ([all, seed]) => {
        const random = Prng.fromSeed(seed);
        const total = all.reduce((sum, weight) => sum + weight, 0);
        const counts = count(() => drawByWeight(random, candidates(all, all)), all.length);
        for (const [index, weight] of all.entries()) {
          const share = weight / total;
          if (weight === 0) expect(counts[index]).toBe(0);
          expect(Math.abs(counts[index]! - share * DRAWS)).toBeLessThanOrEqual(tolerance(share));
        }
      }),
      { seed: 1, numRuns: 30 },
    );
  });
});

it("nobody is drawn where nobody has a weight", () => {
  for (const weights of [[], [0], [0, 0, 0]]) {
    expect(drawBetter(Prng.fromSeed(1), candidates(weights, weights))).toBe(-1);
    expect(betterShares(candidates(weights, weights)).every((share) => share === 0)).toBe(true);
  }
});

describe("the better one of two", () => {
  const drawn = fc.tuple(weights, fc.nat()).map(([all, seed]) => {
    const random = Prng.fromSeed(`costs ${seed}`);
    return { all, costs: all.map(() => random.uint32() % 4), seed };
  });

  it("is taken as often as its share says", () => {
    fc.assert(
      fc.property(drawn, ({ all, costs, seed }) => {
        const random = Prng.fromSeed(seed);
        const shares = betterShares(candidates(all, costs));
        const counts = count(() => drawBetter(random, candidates(all, costs)), all.length);
        for (const [index, share] of shares.entries()) {
          if (all[index] === 0) expect(counts[index]).toBe(0);
          expect(Math.abs(counts[index]! - share * DRAWS)).toBeLessThanOrEqual(tolerance(share));
        }
      }),
      { seed: 1, numRuns: 30 },
    );
  });

  it("has shares that sum up to 1", () => {
    fc.assert(
      fc.property(drawn, ({ all, costs }) => {
        expect(betterShares(candidates(all, costs)).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
      }),
    );
  });

  it("never costs more, of equal weight, for being likelier", () => {
    const equal = fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(equal, (costs) => {
        const weights = costs.map(() => 1);
        const shares = betterShares(candidates(weights, costs));
        for (const [a, cost] of costs.entries()) {
          for (const [b, other] of costs.entries()) {
            if (cost < other) expect(shares[a]).toBeGreaterThanOrEqual(shares[b]!);
          }
        }
      }),
    );
  });
});
