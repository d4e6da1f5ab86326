import { Prng } from "@fastdfs-ts/simulation";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { StorageStatistics } from "../stats.ts";
import { hashedPlacement, rotatingPlacement } from "./directory-placement.ts";

const random = Prng.fromSeed(1);

describe("rotating placement", () => {
  it("fills one directory after the other, low ones first, and begins anew after the last", () => {
    const placement = rotatingPlacement(new StorageStatistics(), 2, 3);
    const places = Array.from({ length: 15 }, () => placement.next(random)).map(({ high, low }) => `${high}/${low}`);
    expect(places).toEqual(["0/0", "0/1", "1/0", "1/1", "0/0"].flatMap((place) => [place, place, place]));
  });

  it("spreads evenly, wherever it is interrupted and goes on from the saved statistics", () => {
    const parameters = fc.record({
      subdirs: fc.integer({ min: 1, max: 6 }),
      rotate: fc.integer({ min: 1, max: 7 }),
      restarts: fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 8 }),
    });
    fc.assert(
      fc.property(parameters, ({ subdirs, rotate, restarts }) => {
        const saved = new StorageStatistics();
        const counts = new Map<string, number>();
        const files = subdirs * subdirs * rotate * 2;
        let placement = rotatingPlacement(saved, subdirs, rotate);
        let untilRestart = restarts.shift() ?? Infinity;
        for (let i = 0; i < files; i++) {
          if (untilRestart-- === 0) {
            const { distPathIndexHigh, distPathIndexLow, distWriteFileCount } = saved;
            placement = rotatingPlacement(
              Object.assign(new StorageStatistics(), { distPathIndexHigh, distPathIndexLow, distWriteFileCount }),
              subdirs,
              rotate,
            );
            // From here on the other statistics are the ones that count.
            untilRestart = Infinity;
          }
          const { high, low } = placement.next(random);
          expect(high).toBeLessThan(subdirs);
          expect(low).toBeLessThan(subdirs);
          counts.set(`${high}/${low}`, (counts.get(`${high}/${low}`) ?? 0) + 1);
        }
        expect(counts.size).toBe(subdirs * subdirs);
        expect(new Set(counts.values())).toEqual(new Set([2 * rotate]));
      }),
      { numRuns: 200 },
    );
  });

  it("copes with a position beyond a subdirectory count that was made smaller", () => {
    const saved = Object.assign(new StorageStatistics(), { distPathIndexHigh: 200, distPathIndexLow: 255 });
    const placement = rotatingPlacement(saved, 4, 1);
    for (let i = 0; i < 40; i++) {
      const { high, low } = placement.next(random);
      expect([high < 4, low < 4]).toEqual([true, true]);
    }
  });
});

describe("hashed placement", () => {
  it("spreads evenly over all directories", () => {
    const placement = hashedPlacement(16);
    const counts = new Map<number, number>();
    for (let i = 0; i < 25_600; i++) {
      const { high, low } = placement.next(random);
      counts.set(high * 16 + low, (counts.get(high * 16 + low) ?? 0) + 1);
    }
    expect(counts.size).toBe(256);
    // 100 on average; five standard deviations around it.
    expect(Math.max(...counts.values())).toBeLessThan(150);
    expect(Math.min(...counts.values())).toBeGreaterThan(50);
  });
});
