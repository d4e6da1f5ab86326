import { type LoadReport, StatisticsBlock, UNKNOWN_SHARE } from "@fastdfs-ts/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { ServerLoad } from "./server-load.ts";

const EVERY_MS = 2000;
const TYPICAL_MICROS = 1000;
const TYPICAL_SPEED = 100e6;
const TYPICAL = { latencyMicros: TYPICAL_MICROS, diskSpeed: TYPICAL_SPEED };
const noStatistics = StatisticsBlock.decode(Buffer.alloc(StatisticsBlock.fixedSize));

function report(overrides: Partial<LoadReport> = {}): LoadReport {
  return {
    intervalMs: EVERY_MS,
    cpuPermille: 0,
    memoryPermille: 0,
    diskPermille: 0,
    networkPermille: UNKNOWN_SHARE,
    diskBytesPerSecond: 0,
    networkBytesPerSecond: 0,
    tasks: 0,
    finishedTasks: 1000,
    latencyMicros: TYPICAL_MICROS,
    ...overrides,
  };
}

/** After the same report for a minute. */
function settled(overrides: Partial<LoadReport>): { load: ServerLoad; nowMs: number } {
  const load = new ServerLoad();
  let nowMs = 0;
  for (; nowMs < 60_000; nowMs += EVERY_MS) load.takeReport(report(overrides), nowMs);
  return { load, nowMs: nowMs - EVERY_MS };
}

const capacityOf = (overrides: Partial<LoadReport>) => {
  const { load, nowMs } = settled(overrides);
  return load.capacity(nowMs, TYPICAL);
};

describe("the capacity of a storage", () => {
  it("is 1 if it is idle and typical, and if nothing is known of it", () => {
    expect(capacityOf({})).toBeCloseTo(1);
    expect(new ServerLoad().capacity(0, TYPICAL)).toBe(1);
  });

  it.each([
    ["busy processors", { cpuPermille: 800 }],
    ["a busy disk", { diskPermille: 800 }],
    ["a busy network", { networkPermille: 800 }],
    ["memory in use", { memoryPermille: 800 }],
    ["a high latency", { latencyMicros: 8 * TYPICAL_MICROS }],
  ])("is smaller with %s", (_what, overrides) => {
    expect(capacityOf(overrides)).toBeLessThan(0.95);
  });

  it("is larger than 1 if it is quicker than the others", () => {
    expect(capacityOf({ latencyMicros: TYPICAL_MICROS / 4 })).toBeGreaterThan(1.5);
  });

  it("is no more than its busiest resource leaves", () => {
    expect(capacityOf({ diskPermille: 990 })).toBeLessThanOrEqual(0.02);
    expect(capacityOf({ cpuPermille: 1000, diskPermille: UNKNOWN_SHARE })).toBeGreaterThan(0);
  });

  it("depends on latency also where the processors are busy, because all share them", () => {
    const busy = { cpuPermille: 1000 };
    const slow = capacityOf({ ...busy, latencyMicros: 20 * TYPICAL_MICROS });
    expect(capacityOf(busy)).toBeGreaterThan(5 * slow);
  });

  it("follows a change by half with a report, and fully within seconds", () => {
    const { load, nowMs } = settled({});
    load.takeReport(report({ diskPermille: 900 }), nowMs + EVERY_MS);
    const first = load.capacity(nowMs + EVERY_MS, TYPICAL);
    expect(first).toBeGreaterThan(0.5);
    expect(first).toBeLessThan(0.6);
    for (let turn = 2; turn <= 5; turn++) load.takeReport(report({ diskPermille: 900 }), nowMs + turn * EVERY_MS);
    expect(load.capacity(nowMs + 5 * EVERY_MS, TYPICAL)).toBeLessThan(0.15);
  });

  it("is doubted when reports stay out, and nearly nothing after twice the time", () => {
    const { load, nowMs } = settled({});
    expect(load.freshness(nowMs + 2 * EVERY_MS)).toBe(1);
    expect(load.freshness(nowMs + 3 * EVERY_MS)).toBeCloseTo(0.5);
    expect(load.capacity(nowMs + 60_000, TYPICAL)).toBeCloseTo(0.02);
  });

  it("forgets that it was slow when nothing is measured, so that it is tried again", () => {
    const { load, nowMs } = settled({ latencyMicros: 100 * TYPICAL_MICROS });
    const slow = load.capacity(nowMs, TYPICAL);
    let laterMs = nowMs;
    for (; laterMs < nowMs + 60_000; laterMs += EVERY_MS) {
      load.takeReport(report({ finishedTasks: 0, latencyMicros: 0 }), laterMs);
    }
    expect(load.capacity(laterMs - EVERY_MS, TYPICAL)).toBeGreaterThan(5 * slow);
  });
});

describe("what a disk moves while it is busy", () => {
  /** By how much the capacity is more than that of the same storage whose disk is not told of. */
  const factorOf = (overrides: Partial<LoadReport>) =>
    capacityOf(overrides) / capacityOf({ ...overrides, diskBytesPerSecond: 0 });

  type Case = [string, number, Partial<LoadReport>];
  it.each<Case>([
    ["as typical", 1, { diskPermille: 500, diskBytesPerSecond: TYPICAL_SPEED / 2 }],
    ["as typical in little time", 1, { diskPermille: 10, diskBytesPerSecond: TYPICAL_SPEED / 100 }],
    ["a quarter", 0.72, { diskPermille: 500, diskBytesPerSecond: TYPICAL_SPEED / 8 }],
    ["a quarter, little of which is known", 0.79, { diskPermille: 10, diskBytesPerSecond: TYPICAL_SPEED / 400 }],
    ["four times as much", 1.39, { diskPermille: 500, diskBytesPerSecond: 2 * TYPICAL_SPEED }],
    ["next to nothing", 0.5, { diskPermille: 900, diskBytesPerSecond: 1 }],
    ["more than any disk does", 2, { diskPermille: 900, diskBytesPerSecond: Number.MAX_SAFE_INTEGER }],
    ["nothing at all: it was busy with something else", 1, { diskPermille: 900, diskBytesPerSecond: 0 }],
    ["something in no time", 1, { diskPermille: 0, diskBytesPerSecond: 5000 }],
    ["something, and its system does not tell for how long", 1, { diskPermille: -1, diskBytesPerSecond: 5000 }],
    ["something before the first report", 1, { diskPermille: 900, diskBytesPerSecond: 5000, intervalMs: 0 }],
  ])("is %s: %d times the capacity", (_what, factor, overrides) => {
    expect(factorOf(overrides)).toBeCloseTo(factor, 2);
  });

  it("never counts for more than twice or half", () => {
    const share = fc.integer({ min: -1, max: 1000 });
    fc.assert(
      fc.property(share, fc.maxSafeNat(), (diskPermille, diskBytesPerSecond) => {
        const factor = factorOf({ diskPermille, diskBytesPerSecond });
        expect(factor).toBeGreaterThan(0.4999);
        expect(factor).toBeLessThan(2.0001);
      }),
    );
  });

  it("is forgotten within seconds when the disk does nothing any more, though still told", () => {
    const { load, nowMs } = settled({ diskPermille: 200, diskBytesPerSecond: TYPICAL_SPEED / 80 });
    expect(load.diskSpeed).toBe(TYPICAL_SPEED / 16);
    expect(load.measured.diskSpeed.ratio(TYPICAL_SPEED, nowMs)).toBeLessThan(0.08);
    for (let turn = 1; turn <= 8; turn++) load.takeReport(report({}), nowMs + turn * EVERY_MS);
    expect(load.measured.diskSpeed.ratio(TYPICAL_SPEED, nowMs + 8 * EVERY_MS)).toBeGreaterThan(0.8);
    expect(load.diskSpeed).toBe(TYPICAL_SPEED / 16);
  });

  it("is unknown of a C storage", () => {
    const load = new ServerLoad();
    for (let turn = 0; turn < 6; turn++) load.takeBeat(noStatistics, 10_000, turn * 10_000);
    expect(load.diskSpeed).toBeUndefined();
    expect(load.capacity(50_000, { ...TYPICAL, diskSpeed: 1e12 })).toBe(load.capacity(50_000, TYPICAL));
  });
});

it("a storage that refuses at once is quick, and can do less all the same", () => {
  const { load, nowMs } = settled({ latencyMicros: TYPICAL_MICROS / 20 });
  const before = load.capacity(nowMs, TYPICAL);
  for (let turn = 0; turn < 6; turn++) {
    const counts = { totalUploadCount: turn * 100, successUploadCount: 0 };
    load.takeBeat({ ...noStatistics, ...counts }, 1000, nowMs + turn * 1000);
  }
  expect(load.capacity(nowMs, TYPICAL)).toBeLessThan(before / 5);
});

describe("the tasks of a storage", () => {
  it("are those that were reported, and each one handed out since", () => {
    const { load, nowMs } = settled({ tasks: 5 });
    expect(load.tasks(nowMs)).toBe(5);
    load.handedOut(nowMs);
    expect(load.tasks(nowMs)).toBe(6);
  });

  it("end in the time that a task takes: a stale picture sends nobody astray", () => {
    // 100 under way and 1000 finished in 2 s: 200 ms each.
    const { load, nowMs } = settled({ tasks: 100 });
    expect(load.tasks(nowMs + 200)).toBeCloseTo(100 / Math.E, 0);
    expect(load.tasks(nowMs + 2000)).toBeLessThan(1);
  });

  it("stay where none ends", () => {
    const { load, nowMs } = settled({});
    let laterMs = nowMs;
    for (let turn = 0; turn < 5; turn++)
      load.takeReport(report({ tasks: 20, finishedTasks: 0 }), (laterMs += EVERY_MS));
    expect(load.tasks(laterMs + EVERY_MS)).toBeGreaterThan(15);
  });

  it("settle at rate times duration when they are handed out evenly", () => {
    const { load, nowMs } = settled({ tasks: 100 });
    for (let ms = 0; ms < 3000; ms += 2) load.handedOut(nowMs + ms);
    expect(load.tasks(nowMs + 3000)).toBeGreaterThan(95);
    expect(load.tasks(nowMs + 3000)).toBeLessThan(105);
  });
});

describe("a C storage", () => {
  const beat = (load: ServerLoad, connectionsCurrent: number, tried: number, failed: number, nowMs: number) =>
    load.takeBeat(
      { ...noStatistics, connectionsCurrent, totalUploadCount: tried, successUploadCount: tried - failed },
      10_000,
      nowMs,
    );

  it("has as many tasks as connections above the fewest of late", () => {
    const load = new ServerLoad();
    beat(load, 40, 0, 0, 0);
    beat(load, 55, 100, 0, 10_000);
    expect(load.tasks(10_000)).toBeGreaterThan(14);
    expect(load.tasks(10_000)).toBeLessThanOrEqual(15);
  });

  it("can do less when it fails more", () => {
    const load = new ServerLoad();
    for (let turn = 0; turn < 6; turn++) beat(load, 40, turn * 100, turn * 50, turn * 10_000);
    expect(load.capacity(50_000, TYPICAL)).toBeLessThan(0.55);
  });

  it("is not counted by its connections once it reports its load", () => {
    const load = new ServerLoad();
    load.takeReport(report({ tasks: 3 }), 0);
    beat(load, 400, 0, 0, 10);
    expect(load.tasks(0)).toBe(3);
  });
});

it("figures are never negative, infinite or no numbers, whatever is reported when", () => {
  const figure = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
  const share = fc.integer({ min: -1, max: 1000 });
  const reports = fc.record({
    intervalMs: fc.oneof(fc.constant(0), figure),
    cpuPermille: share,
    memoryPermille: share,
    diskPermille: share,
    networkPermille: share,
    diskBytesPerSecond: figure,
    networkBytesPerSecond: figure,
    tasks: figure,
    finishedTasks: figure,
    latencyMicros: figure,
  });
  const step = fc.record({ report: fc.option(reports), afterMs: fc.nat(100_000), isHandedOut: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const load = new ServerLoad();
      let nowMs = 0;
      for (const { report, afterMs, isHandedOut } of steps) {
        nowMs += afterMs;
        if (report !== null) load.takeReport(report, nowMs);
        if (isHandedOut) load.handedOut(nowMs);
        expect(load.tasks(nowMs)).toBeGreaterThanOrEqual(0);
        expect(Number.isFinite(load.tasks(nowMs))).toBe(true);
        expect(load.capacity(nowMs, TYPICAL)).toBeGreaterThan(0);
        expect(Number.isFinite(load.capacity(nowMs, TYPICAL))).toBe(true);
      }
    }),
  );
});
