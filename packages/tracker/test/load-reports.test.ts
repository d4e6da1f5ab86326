// What storages report of their load (126), or what their beats (83) tell of it, and whom clients are sent to then.
import { LoadReport, trackerCommands } from "@fastdfs-ts/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { ClientInTest, StorageInTest } from "./storage-in-test.ts";
import { TrackerInMemory } from "./tracker-in-memory.ts";

const [A, B] = ["10.96.0.11", "10.96.0.12"] as const;
const [C, D] = ["10.96.0.21", "10.96.0.22"] as const;
const UPLOADS = 400;
/** No longer than reports may stay out. */
const MEASURED_SECONDS = 4;

const byLoad = {
  groupChoice: "least-loaded",
  uploadStorageChoice: "least-loaded",
  downloadStorageChoice: "least-loaded",
} as const;

/** 20 tasks a second, 100 ms each: enough for tasks to count beside capacity. */
const someWork = { intervalMs: 2000, tasks: 2, finishedTasks: 40 };

async function pair(tracker: TrackerInMemory, first: string, second: string, groupName: string) {
  const source = await new StorageInTest(tracker, first, { groupName }).start();
  const other = await new StorageInTest(tracker, second, { groupName }).start();
  await source.report(other, "OFFLINE");
  await other.beat();
  return [source, other] as const;
}

/** A group whose two members are in service. */
async function stage() {
  const tracker = new TrackerInMemory(byLoad);
  const [a, b] = await pair(tracker, A, B, "group1");
  const client = new ClientInTest(tracker);
  /** The share of the next uploads that goes to each address. */
  const shares = async () => {
    const taken: Record<string, number> = {};
    for (let turn = 0; turn < UPLOADS; turn++) {
      const [address] = String(await client.upload()).split("/");
      taken[address!] = (taken[address!] ?? 0) + 1 / UPLOADS;
      // So that the tasks that are handed out end.
      tracker.now += MEASURED_SECONDS / UPLOADS;
    }
    return taken;
  };
  /** Both report three times, two seconds apart. */
  const settle = async (ofA: Partial<LoadReport>, ofB: Partial<LoadReport> = {}) => {
    for (let turn = 0; turn < 3; turn++) {
      tracker.now += 2;
      expect(await a.reportLoad({ ...someWork, ...ofA })).toMatchObject({ status: 0 });
      expect(await b.reportLoad({ ...someWork, ...ofB })).toMatchObject({ status: 0 });
    }
  };
  return { tracker, a, b, shares, settle };
}

describe("a storage that reports its load", () => {
  it("gets as much as the other one if it is as idle", async () => {
    const { shares, settle } = await stage();
    await settle({});
    expect((await shares())[A]).toBeCloseTo(0.5, 0.9);
  });

  it.each<[string, Partial<LoadReport>]>([
    ["takes longer for each task", { latencyMicros: 20_000 }],
    ["has busy processors", { cpuPermille: 950 }],
    ["has a busy disk", { diskPermille: 950 }],
  ])("gets less when it %s", async (_what, report) => {
    const { shares, settle } = await stage();
    await settle(report);
    expect((await shares())[A] ?? 0).toBeLessThan(0.2);
    await settle({});
    await settle({});
    expect((await shares())[A]).toBeGreaterThan(0.35);
  });

  it("gets less when its disk moves less in the same time, and never nothing", async () => {
    const { shares, settle } = await stage();
    const moving = (diskBytesPerSecond: number) => ({ diskPermille: 300, diskBytesPerSecond });
    await settle(moving(3_000_000), moving(60_000_000));
    const slower = (await shares())[A] ?? 0;
    expect(slower).toBeLessThan(0.4);
    expect(slower).toBeGreaterThan(0.15);
    await settle(moving(60_000_000), moving(60_000_000));
    await settle(moving(60_000_000), moving(60_000_000));
    expect((await shares())[A]).toBeGreaterThan(0.35);
  });

  it("gets less when it has tasks that do not end", async () => {
    const { shares, settle } = await stage();
    await settle({ tasks: 40, finishedTasks: 4 });
    expect((await shares())[A] ?? 0).toBeLessThan(0.4);
  });

  it("takes work from its group, too", async () => {
    const { tracker, shares, settle } = await stage();
    await pair(tracker, C, D, "group2");
    await settle({ tasks: 60, finishedTasks: 0 }, { tasks: 60, finishedTasks: 0 });
    const taken = await shares();
    expect((taken[A] ?? 0) + (taken[B] ?? 0)).toBeLessThan(0.3);
  });

  it.each<[string, Partial<LoadReport>]>([
    ["more than all of its processors", { cpuPermille: 1001 }],
    ["less than nothing, which is not the unknown", { diskPermille: -2 }],
    ["negative tasks", { tasks: -1 }],
    ["a negative time", { latencyMicros: -5 }],
    ["time that ran backwards", { intervalMs: -2000 }],
  ])("is refused with %s, and judged by what it said before", async (_what, report) => {
    const { a, shares, settle } = await stage();
    await settle({ latencyMicros: 20_000 });
    const before = a.node.load.report;
    expect(await a.reportLoad(report)).toMatchObject({ status: 22 });
    expect(a.node.load.report).toBe(before);
    expect((await shares())[A] ?? 0).toBeLessThan(0.2);
  });

  it("is forgotten when it leaves, and begins anew when it is back", async () => {
    const { tracker, a, shares, settle } = await stage();
    await settle({ latencyMicros: 20_000, cpuPermille: 900 });
    a.disconnect();
    expect(a.node.load.report).toBeUndefined();
    expect(await shares()).toEqual({ [B]: expect.closeTo(1) as number });
    tracker.now = Math.ceil(tracker.now);
    await a.join();
    await a.beat();
    expect(a.node.status).toBe("ACTIVE");
    expect((await shares())[A]).toBeGreaterThan(0.35);
  });
});

describe("figures that cannot be", () => {
  const odd = fc.oneof(
    fc.constantFrom(0, 1, -1, 1000, 1001, 2 ** 31 - 1, -(2 ** 31), 2 ** 53 - 1, 1 - 2 ** 53),
    fc.integer({ min: -5, max: 2000 }),
  );
  /** Few at a time: a report is refused for one, and the others would never be looked at. */
  const oddFigures = <Name extends string>(names: readonly Name[]) =>
    fc
      .array(fc.tuple(fc.constantFrom(...names), odd), { maxLength: 2 })
      .map((figures) => Object.fromEntries(figures) as Partial<Record<Name, number>>);
  // Those that load is told from.
  const counterNames = [
    "connectionsCurrent",
    ...(["totalUploadCount", "totalAppendCount", "totalDownloadCount"] as const),
    ...(["successUploadCount", "successAppendCount", "successDownloadCount"] as const),
  ] as const;
  const names = Object.keys(LoadReport.decode(Buffer.alloc(LoadReport.fixedSize))) as (keyof LoadReport)[];
  const typical = { latencyMicros: 1000, diskSpeed: 1e8 };
  const oddCounters = oddFigures(counterNames).map((counters) => {
    const { connectionsCurrent } = counters;
    // It has 32 bits.
    return connectionsCurrent === undefined ? counters : { ...counters, connectionsCurrent: connectionsCurrent | 0 };
  });

  const turns = fc.array(fc.record({ counters: oddCounters, report: fc.option(oddFigures(names)) }), { maxLength: 5 });

  it("harm nobody while they come, and are forgotten within a minute of sound ones", async () => {
    await fc.assert(
      fc.asyncProperty(turns, fc.boolean(), async (odds, reportsLoad) => {
        const { tracker, a, b } = await stage();
        const nowMs = () => tracker.cluster.monotonicMs();
        for (const { counters, report } of odds) {
          tracker.now += 2;
          await a.beat(counters);
          if (reportsLoad && report !== null) expect([0, 22]).toContain((await a.reportLoad(report)).status);
          const capacity = a.node.load.capacity(nowMs(), typical);
          expect(capacity).toBeGreaterThan(0);
          expect(capacity).toBeLessThan(Infinity);
          expect(a.node.load.tasks(nowMs())).toBeGreaterThanOrEqual(0);
          expect(a.node.load.tasks(nowMs())).toBeLessThan(Infinity);
        }
        for (let turn = 1; turn <= 30; turn++) {
          tracker.now += 2;
          const counters = { totalUploadCount: 100 * turn, successUploadCount: 100 * turn };
          for (const storage of [a, b]) {
            await storage.beat(counters);
            if (reportsLoad) await storage.reportLoad(someWork);
          }
        }
        const capacities = [a, b].map(({ node }) => node.load.capacity(nowMs(), typical));
        expect(capacities[0]! / capacities[1]!).toBeCloseTo(1, 1);
        expect(Math.abs(a.node.load.tasks(nowMs()) - b.node.load.tasks(nowMs()))).toBeLessThan(2);
      }),
      { numRuns: 200 },
    );
  });

  it("do not make it believed for longer than its silence", async () => {
    await fc.assert(
      fc.asyncProperty(oddFigures(names), async (report) => {
        const { tracker, a } = await stage();
        await a.reportLoad({});
        await a.reportLoad(report);
        tracker.now += 3600;
        expect(a.node.load.freshness(tracker.cluster.monotonicMs())).toBe(0);
      }),
    );
  });
});

it("a connection that has not joined is told so, as with other reports", async () => {
  const { tracker } = await stage();
  const report = LoadReport.encode({
    ...{ intervalMs: 0, cpuPermille: -1, memoryPermille: -1, diskPermille: -1, networkPermille: -1 },
    ...{ diskBytesPerSecond: 0, networkBytesPerSecond: 0, tasks: 0, finishedTasks: 0, latencyMicros: 0 },
  });
  const stranger = tracker.connect(A);
  const answer = await tracker.ask(stranger, trackerCommands.reportLoad.code, report);
  expect(answer.status).toBe(13);
  expect(await new StorageInTest(tracker, A).reportDisks(5000)).toBe(13);
});

describe("a C storage, which only beats,", () => {
  it("gets less when it has more connections than usual", async () => {
    const { tracker, a, b, shares } = await stage();
    for (const [turn, connectionsCurrent] of [10, 90, 90, 90].entries()) {
      tracker.now += 10;
      const counters = { totalUploadCount: 100 * turn, successUploadCount: 100 * turn };
      await a.beat({ connectionsCurrent, ...counters });
      await b.beat({ connectionsCurrent: 10, ...counters });
    }
    expect(a.node.load.tasks(tracker.cluster.monotonicMs())).toBeGreaterThan(79);
    expect((await shares())[A] ?? 0).toBeLessThan(0.35);
  });

  it("gets less when much of what it is asked for fails", async () => {
    const { tracker, a, b, shares } = await stage();
    for (let turn = 1; turn <= 6; turn++) {
      tracker.now += 10;
      await a.beat({ totalUploadCount: 100 * turn, successUploadCount: 5 * turn });
      await b.beat({ totalUploadCount: 100 * turn, successUploadCount: 100 * turn });
    }
    expect((await shares())[A] ?? 0).toBeLessThan(0.25);
  });
});
