import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LatencyHistogram } from "./latency-histogram.ts";

describe("LatencyHistogram", () => {
  it("knows quantiles to 1.6 %", () => {
    const latency = fc.double({ min: 1e-5, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(latency, { minLength: 1, maxLength: 200 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (all, quantile) => {
          const histogram = new LatencyHistogram();
          for (const each of all) histogram.record(each);
          const sorted = [...all].sort((a, b) => a - b);
          const exact = sorted[Math.max(0, Math.ceil(all.length * quantile) - 1)]!;
          const found = histogram.quantileMs(quantile);
          expect(found).toBeGreaterThanOrEqual(exact * (1 - 1e-9));
          expect(found).toBeLessThanOrEqual(exact * (1 + 1 / 64) + 1e-6);
        },
      ),
    );
  });

  it("keeps count and the exact maximum", () => {
    const histogram = new LatencyHistogram();
    for (const each of [0.5, 12.345678, 3]) histogram.record(each);
    expect(histogram.count).toBe(3);
    expect(histogram.maxMs).toBe(12.345678);
    expect(histogram.quantileMs(1)).toBe(12.345678);
  });

  it("answers 0 for nothing and swallows absurd latencies", () => {
    const histogram = new LatencyHistogram();
    expect(histogram.quantileMs(0.5)).toBe(0);
    histogram.record(1e12);
    expect(histogram.quantileMs(0.5)).toBeGreaterThan(1e6);
  });
});
