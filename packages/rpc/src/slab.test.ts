import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { Slab } from "./slab.ts";

// Frames are never empty.
const sizes = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 6000 }) },
  { weight: 2, arbitrary: fc.integer({ min: 60_000, max: 140_000 }) },
  fc.constantFrom(1, 7, 8, 9, 64 * 1024, 128 * 1024, 128 * 1024 + 1, 512 * 1024, 600_000),
);
/** Take a piece of this size, or give back the live piece at this share of the list. */
const steps = fc.array(fc.oneof({ weight: 3, arbitrary: sizes }, fc.double({ min: 0, max: 0.999, noNaN: true })), {
  maxLength: 120,
});

describe("Slab", () => {
  it("never hands out memory that somebody still holds", () => {
    fc.assert(
      fc.property(steps, (list) => {
        const slab = new Slab();
        const live: { piece: Buffer; mark: number }[] = [];
        let marks = 0;
        for (const step of list) {
          if (Number.isInteger(step) || live.length === 0) {
            const size = Math.floor(step);
            const piece = slab.take(size);
            expect(piece.length).toBe(size);
            const mark = ++marks & 255;
            piece.fill(mark);
            live.push({ piece, mark });
          } else {
            const [given] = live.splice(Math.floor(step * live.length), 1);
            slab.giveBack(given!.piece);
          }
        }
        for (const { piece, mark } of live) expect(piece.every((byte) => byte === mark)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it("uses the memory of a piece that was given back for the next one", () => {
    const slab = new Slab();
    const first = slab.take(100);
    slab.giveBack(first);
    const second = slab.take(100);
    expect([second.buffer, second.byteOffset]).toEqual([first.buffer, first.byteOffset]);
  });

  it("knows a piece by its beginning", () => {
    const slab = new Slab();
    const first = slab.take(100);
    slab.giveBack(first.subarray(0, 10));
    expect(slab.take(100).byteOffset).toBe(first.byteOffset);
  });

  it("takes back the last piece only", () => {
    const slab = new Slab();
    const first = slab.take(100);
    const second = slab.take(100);
    slab.giveBack(first);
    expect(slab.take(100).byteOffset).toBeGreaterThan(second.byteOffset);
  });
});
