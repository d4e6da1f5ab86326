import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { WRITE_BACK_SECONDS, WrittenBack } from "./written-back.ts";

const WRITE_BACK_MS = WRITE_BACK_SECONDS * 1000;

describe("what is written back", () => {
  it("is the first value until a later one is old enough", () => {
    const values = new WrittenBack("start", 0);
    expect(values.note("a", 10)).toBe(false);
    expect(values.note("b", WRITE_BACK_MS)).toBe(false);
    expect(values.certain).toBe("start");
    expect(values.note("c", WRITE_BACK_MS + 10)).toBe(false);
    expect(values.note("d", WRITE_BACK_MS + 30_000)).toBe(true);
    expect(values.certain).toBe("a");
  });

  it("was true so long ago, whenever it is noted, and not much longer if that is often", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 40_000 }), { maxLength: 100 }), (pauses) => {
        const values = new WrittenBack(0, 0);
        let nowMs = 0;
        for (const pause of pauses) {
          nowMs += pause;
          values.note(nowMs, nowMs);
          expect(nowMs - values.certain).toBeGreaterThanOrEqual(Math.min(nowMs, WRITE_BACK_MS));
          expect(nowMs - values.certain).toBeLessThan(WRITE_BACK_MS + 2 * 70_000);
        }
      }),
    );
  });
});
