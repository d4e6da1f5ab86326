import fc from "fast-check";
import { expect, it } from "vitest";

import { MeasuredLatency } from "./measured-latency.ts";

const EVERY_MS = 2000;
const QUICK = 100;
const SLOW = 25_000;

/** A report every two seconds for a minute. */
function settled(micros: number, finished = 1000): { latency: MeasuredLatency; nowMs: number } {
  const latency = new MeasuredLatency();
  let nowMs = 0;
  for (; nowMs < 60_000; nowMs += EVERY_MS) latency.take(micros, finished, nowMs);
  return { latency, nowMs: nowMs - EVERY_MS };
}

/** How many reports it takes until the estimate is within twice of what they say. */
function reportsUntilBelieved(before: number, after: number, finished: number): number {
  const { latency, nowMs } = settled(before);
  for (let turn = 1; turn < 100; turn++) {
    latency.take(after, finished, nowMs + turn * EVERY_MS);
    const ratio = latency.estimate(QUICK, nowMs + turn * EVERY_MS) / after;
    if (ratio > 0.5 && ratio < 2) return turn;
  }
  return Infinity;
}

it("nothing measured is like the others", () => {
  expect(new MeasuredLatency().estimate(700, 5000)).toBe(700);
  expect(MeasuredLatency.typical([new MeasuredLatency()], 5000)).toBeUndefined();
});

it("a storage that takes part is taken by what it does", () => {
  const { latency, nowMs } = settled(SLOW);
  expect(latency.estimate(QUICK, nowMs) / SLOW).toBeGreaterThan(0.7);
});

it("one odd report is not believed, a change is within seconds, in both directions", () => {
  expect(reportsUntilBelieved(QUICK, SLOW, 20)).toBeGreaterThan(1);
  expect(reportsUntilBelieved(QUICK, SLOW, 20)).toBeLessThanOrEqual(4);
  expect(reportsUntilBelieved(SLOW, QUICK, 20)).toBeGreaterThan(1);
  expect(reportsUntilBelieved(SLOW, QUICK, 20)).toBeLessThanOrEqual(4);
});

it("a trickle is enough to find a slow storage quick again", () => {
  expect(reportsUntilBelieved(SLOW, QUICK, 1)).toBeLessThanOrEqual(7);
});

it("one that is avoided is tried again, and one task tells that it is still slow", () => {
  const { latency, nowMs } = settled(SLOW);
  const laterMs = nowMs + 12_000;
  expect(latency.estimate(QUICK, laterMs)).toBeLessThan(5 * QUICK);
  latency.take(SLOW, 1, laterMs);
  expect(latency.estimate(QUICK, laterMs)).toBeGreaterThan(10 * QUICK);
});

it("typical is the mean of ratios, of whom something was measured lately", () => {
  const one = settled(100);
  const two = settled(10_000);
  expect(MeasuredLatency.typical([one.latency, two.latency], one.nowMs)).toBeCloseTo(1000);
  const nowMs = one.nowMs + 8000;
  one.latency.take(100, 1000, nowMs);
  expect(MeasuredLatency.typical([one.latency, two.latency], nowMs)).toBeLessThan(300);
  expect(MeasuredLatency.typical([one.latency, two.latency], nowMs + 60_000)).toBeUndefined();
});

it("the estimate is between what was measured and what is typical", () => {
  const micros = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
  const step = fc.record({ micros, finished: fc.integer({ min: 1 }), afterMs: fc.nat(10_000_000) });
  fc.assert(
    fc.property(fc.array(step), micros, (steps, typical) => {
      const latency = new MeasuredLatency();
      const all = [typical, ...steps.map((one) => one.micros)];
      let nowMs = 0;
      for (const one of steps) latency.take(one.micros, one.finished, (nowMs += one.afterMs));
      const estimate = latency.estimate(typical, nowMs);
      expect(estimate).toBeGreaterThanOrEqual(Math.min(...all) * 0.999);
      expect(estimate).toBeLessThanOrEqual(Math.max(...all) * 1.001);
    }),
  );
});
