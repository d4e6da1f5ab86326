import fc from "fast-check";
import { expect, it } from "vitest";

import { DecayingMean } from "./decaying-mean.ts";

const EVERY_MS = 2000;
const QUICK = 100;
const SLOW = 25_000;

/** A report every two seconds for a minute. */
function settled(micros: number, finished = 1000): { latency: DecayingMean; nowMs: number } {
  const latency = new DecayingMean();
  let nowMs = 0;
  for (; nowMs < 60_000; nowMs += EVERY_MS) latency.take(micros, finished, nowMs);
  return { latency, nowMs: nowMs - EVERY_MS };
}

/** How many reports it takes until the estimate is within twice of what they say. */
function reportsUntilBelieved(before: number, after: number, finished: number): number {
  const { latency, nowMs } = settled(before);
  for (let turn = 1; turn < 100; turn++) {
    latency.take(after, finished, nowMs + turn * EVERY_MS);
    const ratio = (QUICK * latency.ratio(QUICK, nowMs + turn * EVERY_MS)) / after;
    if (ratio > 0.5 && ratio < 2) return turn;
  }
  return Infinity;
}

it("nothing measured is like the others", () => {
  expect(new DecayingMean().ratio(700, 5000)).toBe(1);
  expect(new DecayingMean().mean).toBeUndefined();
  expect(DecayingMean.typical([new DecayingMean()], 5000)).toBeUndefined();
});

it("a storage that takes part is taken by what it does", () => {
  const { latency, nowMs } = settled(SLOW);
  expect((QUICK * latency.ratio(QUICK, nowMs)) / SLOW).toBeGreaterThan(0.7);
  expect(latency.mean).toBe(SLOW);
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
  expect(latency.ratio(QUICK, laterMs)).toBeLessThan(5);
  latency.take(SLOW, 1, laterMs);
  expect(latency.ratio(QUICK, laterMs)).toBeGreaterThan(10);
});

it("typical is the mean of ratios, of whom something was measured lately", () => {
  const one = settled(100);
  const two = settled(10_000);
  expect(DecayingMean.typical([one.latency, two.latency], one.nowMs)).toBeCloseTo(1000);
  const nowMs = one.nowMs + 8000;
  one.latency.take(100, 1000, nowMs);
  expect(DecayingMean.typical([one.latency, two.latency], nowMs)).toBeLessThan(300);
  expect(DecayingMean.typical([one.latency, two.latency], nowMs + 60_000)).toBeUndefined();
});

it("less evidence is believed less", () => {
  const ratioFrom = (evidence: number) => {
    const speed = new DecayingMean();
    speed.take(800, evidence, 0);
    return speed.ratio(100, 0);
  };
  // 1 counts as much as the guess: the geometric middle.
  expect(ratioFrom(1)).toBeCloseTo(Math.sqrt(8));
  expect(ratioFrom(0.01)).toBeLessThan(1.03);
  expect(ratioFrom(0.01)).toBeGreaterThan(1);
  expect(ratioFrom(1_000_000)).toBe(ratioFrom(10));
});

it("the estimate is between what was measured and what is typical", () => {
  const micros = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
  const step = fc.record({
    micros,
    finished: fc.double({ min: 0.00001, noNaN: true, max: 1e9 }),
    afterMs: fc.nat(10_000_000),
  });
  fc.assert(
    fc.property(fc.array(step), micros, (steps, typical) => {
      const latency = new DecayingMean();
      const all = [typical, ...steps.map((one) => one.micros)];
      let nowMs = 0;
      for (const one of steps) latency.take(one.micros, one.finished, (nowMs += one.afterMs));
      const estimate = typical * latency.ratio(typical, nowMs);
      expect(estimate).toBeGreaterThanOrEqual(Math.min(...all) * 0.999);
      expect(estimate).toBeLessThanOrEqual(Math.max(...all) * 1.001);
    }),
  );
});
