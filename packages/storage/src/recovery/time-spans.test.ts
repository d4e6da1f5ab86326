import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { isWithin, joinSpans, parseSpans, printSpans, type TimeSpan } from "./time-spans.ts";

const span = fc
  .tuple(fc.nat({ max: 1e6 }), fc.nat({ max: 1000 }))
  .map(([fromSeconds, length]): TimeSpan => ({ fromSeconds, untilSeconds: fromSeconds + length }));

describe("spans of time", () => {
  it("hold after joining what one of them held, and are few", () => {
    fc.assert(
      fc.property(fc.array(span, { maxLength: 30 }), fc.nat({ max: 1e6 }), (spans, seconds) => {
        const joined = joinSpans(spans);
        expect(joined.length).toBeLessThanOrEqual(8);
        if (isWithin(spans, seconds)) expect(isWithin(joined, seconds)).toBe(true);
        for (const { fromSeconds, untilSeconds } of spans) {
          expect(isWithin(joined, fromSeconds) && isWithin(joined, untilSeconds)).toBe(true);
        }
        expect(parseSpans(printSpans(joined))).toEqual(joined);
      }),
    );
  });

  it("hold nothing between them", () => {
    const joined = joinSpans([
      { fromSeconds: 50, untilSeconds: 60 },
      { fromSeconds: 1, untilSeconds: 3 },
      { fromSeconds: 4, untilSeconds: 8 },
    ]);
    expect(printSpans(joined)).toBe("1-8,50-60");
    expect([0, 1, 8, 9, 49, 50, 60, 61].map((seconds) => isWithin(joined, seconds))).toEqual([
      false,
      true,
      true,
      false,
      false,
      true,
      true,
      false,
    ]);
  });

  it("are what is left of a damaged text", () => {
    expect(parseSpans(undefined)).toEqual([]);
    expect(parseSpans("x,5-9,-1-2,3,\0")).toEqual([{ fromSeconds: 5, untilSeconds: 9 }]);
  });
});
