import { LoadReport, UNKNOWN_SHARE } from "@fastdfs-ts/protocol";
import type { SystemSnapshot } from "@fastdfs-ts/runtime";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { type Load, loadBetween } from "./load-between.ts";
import type { Measurement } from "./load-meter.ts";

const nothing: SystemSnapshot = { processors: undefined, memory: undefined, disks: [], interfaces: [] };

function measured(
  atMs: number,
  system: Partial<SystemSnapshot> = {},
  tasks: Partial<Measurement["tasks"]> = {},
): Measurement {
  return { atMs, system: { ...nothing, ...system }, tasks: { finished: 0, timed: 0, timedMs: 0, ...tasks } };
}

const disk = (device: string, busyMs: number, bytes: number) => ({ device, busyMs, bytes });
const link = (name: string, receivedBytes: number, sentBytes: number, bitsPerSecond?: number) => ({
  ...{ name, receivedBytes, sentBytes, bitsPerSecond },
});

describe("two seconds", () => {
  type Case = [string, Partial<SystemSnapshot>, Partial<SystemSnapshot>, Partial<Load>];
  const cases: Case[] = [
    [
      "of a system that tells nothing",
      {},
      {},
      { cpuPermille: -1, memoryPermille: -1, diskPermille: -1, networkPermille: -1 },
    ],
    [
      "of half a processor",
      { processors: { used: 10, total: 100 } },
      { processors: { used: 60, total: 200 } },
      { cpuPermille: 500 },
    ],
    [
      "in which no tick passed",
      { processors: { used: 1, total: 2 } },
      { processors: { used: 1, total: 2 } },
      { cpuPermille: -1 },
    ],
    [
      "after which ticks are fewer",
      { processors: { used: 5, total: 9 } },
      { processors: { used: 4, total: 19 } },
      { cpuPermille: -1 },
    ],
    ["with memory at the end only", {}, { memory: { totalBytes: 1000, availableBytes: 250 } }, { memoryPermille: 750 }],
    ["with more memory than there is", {}, { memory: { totalBytes: 10, availableBytes: 11 } }, { memoryPermille: -1 }],
    [
      "of two disks: the busiest one, and its bytes",
      { disks: [disk("8:1", 0, 0), disk("8:17", 100, 50)] },
      { disks: [disk("8:1", 200, 1000), disk("8:17", 1500, 1050)] },
      { diskPermille: 700, diskBytesPerSecond: 500 },
    ],
    [
      "of a disk that was always busy, read late",
      { disks: [disk("8:1", 0, 0)] },
      { disks: [disk("8:1", 2004, 0)] },
      { diskPermille: 1000 },
    ],
    ["of a disk that is new", {}, { disks: [disk("8:1", 900, 900)] }, { diskPermille: -1, diskBytesPerSecond: 0 }],
    [
      "in which the counter of one disk began anew",
      { disks: [disk("8:1", 4_294_967_000, 8000), disk("8:17", 0, 0)] },
      { disks: [disk("8:1", 500, 9000), disk("8:17", 20, 0)] },
      { diskPermille: 10, diskBytesPerSecond: 0 },
    ],
    [
      "of a link: its busier direction, and the bytes of both",
      { interfaces: [link("eth0", 0, 0, 1_000_000)] },
      { interfaces: [link("eth0", 125_000, 25_000, 1_000_000)] },
      { networkPermille: 500, networkBytesPerSecond: 75_000 },
    ],
    [
      "of a link whose speed nobody knows",
      { interfaces: [link("eth0", 0, 0)] },
      { interfaces: [link("eth0", 1000, 0)] },
      { networkPermille: -1, networkBytesPerSecond: 500 },
    ],
    [
      "in which one direction went backwards",
      { interfaces: [link("eth0", 10, 10, 8000)] },
      { interfaces: [link("eth0", 5, 20, 8000)] },
      { networkPermille: -1, networkBytesPerSecond: 0 },
    ],
  ];
  it.each(cases)("%s", (_, before, after, expected) => {
    expect(loadBetween(measured(1000, before), measured(3000, after))).toMatchObject({ intervalMs: 2000, ...expected });
  });

  it("of requests: how many, and the mean time of those that were timed", () => {
    const before = measured(1000, {}, { finished: 10, timed: 8, timedMs: 100 });
    const after = measured(3000, {}, { finished: 17, timed: 12, timedMs: 106 });
    expect(loadBetween(before, after)).toMatchObject({ finishedTasks: 7, latencyMicros: 1500 });
    const quick = measured(5000, {}, { finished: 18, timed: 13, timedMs: 106 });
    expect(loadBetween(after, quick)).toMatchObject({ finishedTasks: 1, latencyMicros: 1 });
    expect(loadBetween(after, { ...after, atMs: 5000 })).toMatchObject({ finishedTasks: 0, latencyMicros: 0 });
  });
});

it("the first report tells nothing that takes two measurements, nor does one without time between", () => {
  const busy = measured(5000, { memory: { totalBytes: 10, availableBytes: 5 } }, { finished: 9, timed: 9, timedMs: 9 });
  for (const load of [
    loadBetween(undefined, busy),
    loadBetween(busy, busy),
    loadBetween({ ...busy, atMs: 6000 }, busy),
  ]) {
    expect(load).toMatchObject({ intervalMs: 0, memoryPermille: UNKNOWN_SHARE, finishedTasks: 0, latencyMicros: 0 });
  }
});

/** One link, of which more is said than any has. */
function uncounted(atMs: number, link: { receivedBytes: number; bitsPerSecond?: number }): Measurement {
  const interfaces = [{ name: "a", sentBytes: 0, bitsPerSecond: undefined, ...link }];
  const system = { processors: undefined, memory: undefined, disks: [], interfaces };
  return { atMs, system, tasks: { finished: 0, timed: 0, timedMs: 0 } };
}

it("whatever was counted, every value is possible and can be sent", () => {
  const count = fc.oneof(fc.maxSafeNat(), fc.double({ min: 0 }), fc.constantFrom(0, NaN, Infinity, -1));
  const name = fc.constantFrom("a", "b");
  const system = fc.record<SystemSnapshot>({
    processors: fc.option(fc.record({ used: count, total: count }), { nil: undefined }),
    memory: fc.option(fc.record({ totalBytes: count, availableBytes: count }), { nil: undefined }),
    disks: fc.array(fc.record({ device: name, busyMs: count, bytes: count }), { maxLength: 3 }),
    interfaces: fc.array(
      fc.record({
        name,
        receivedBytes: count,
        sentBytes: count,
        bitsPerSecond: fc.option(count, { nil: undefined }),
      }),
      { maxLength: 3 },
    ),
  });
  const tasks = fc.record({
    finished: fc.maxSafeNat(),
    timed: fc.nat(),
    timedMs: fc.double({ min: 0, max: 1e12, noNaN: true }),
  });
  const measurement = fc.record<Measurement>({ atMs: fc.double({ min: 0, max: 1e12, noNaN: true }), system, tasks });
  fc.assert(
    fc.property(measurement, measurement, (before, after) => {
      const load = loadBetween(before, after);
      for (const key of ["cpuPermille", "memoryPermille", "diskPermille", "networkPermille"] as const) {
        expect(load[key] === UNKNOWN_SHARE || (load[key] >= 0 && load[key] <= 1000), `${key} ${load[key]}`).toBe(true);
      }
      expect(Object.values(load).every((value) => Number.isSafeInteger(value) && value >= UNKNOWN_SHARE)).toBe(true);
      const report = { ...load, tasks: 0 };
      expect(LoadReport.decode(LoadReport.encode(report))).toEqual(report);
    }),
    {
      numRuns: 500,
      examples: [
        [uncounted(0, { receivedBytes: 0 }), uncounted(1, { receivedBytes: 1.8e305, bitsPerSecond: Infinity })],
      ],
    },
  );
});
