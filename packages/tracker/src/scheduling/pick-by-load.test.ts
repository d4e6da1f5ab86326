import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { group, load, member, moment, policy } from "../../test/pictures.ts";
import { SyncMatrix } from "../cluster/sync-matrix.ts";
import { DecayingMean } from "./decaying-mean.ts";
import { groupLoad, groupWeight } from "./group-load.ts";
import { listDownloadStorages, pickReplica } from "./pick-download-storage.ts";
import { pickGroup } from "./pick-group.ts";
import { pickUploadStorage } from "./pick-upload-storage.ts";
import { ServerLoad } from "./server-load.ts";
import { betterShares } from "./weighted-draw.ts";

const byLoad = policy({
  groupChoice: "least-loaded",
  uploadStorageChoice: "least-loaded",
  downloadStorageChoice: "least-loaded",
});

function counts(draw: () => number, length: number, draws = 2000): number[] {
  const all = new Array<number>(length).fill(0);
  for (let turn = 0; turn < draws; turn++) all[draw()]!++;
  return all;
}

const withTasks = (name: string, tasks: number, overrides = {}) =>
  group(name, { writable: [member(`${name}-a`, { load: load({ tasks }) })], ...overrides });

describe("the load of a group", () => {
  it.each([
    { freeMib: 1000, promisedMib: 0, tasks: 0, diskUsage: 0, taskRatio: 0 },
    { freeMib: 550, promisedMib: 0, tasks: 32, diskUsage: 0.5, taskRatio: 0.5 },
    { freeMib: 600, promisedMib: 50, tasks: 32, diskUsage: 0.5, taskRatio: 0.5 },
    { freeMib: 100, promisedMib: 0, tasks: 64, diskUsage: 1, taskRatio: 1 },
    { freeMib: 20, promisedMib: 0, tasks: 640, diskUsage: 1, taskRatio: 10 },
  ])("with %o", ({ freeMib, promisedMib, tasks, diskUsage, taskRatio }) => {
    const found = groupLoad(withTasks("g", tasks, { freeMib, promisedMib }), 0, byLoad);
    expect(found).toEqual({ diskUsage, taskRatio, load: 0.1 * diskUsage + 0.9 * taskRatio });
    expect(groupWeight(found)).toBeGreaterThan(0);
  });

  it("counts the tasks of all writable members for what all of them can take", () => {
    const writable = [member("a", { load: load({ tasks: 60 }) }), member("b", { load: load({ tasks: 4 }) })];
    expect(groupLoad(group("g", { writable }), 0, byLoad).taskRatio).toBe(0.5);
  });
});

describe("the group by load", () => {
  it("is the likelier the less it has to do, and one that is overloaded is hardly ever taken", () => {
    const groups = [withTasks("g1", 0), withTasks("g2", 20), withTasks("g3", 40), withTasks("g4", 90)];
    const at = moment();
    const [g1, g2, g3, g4] = counts(() => pickGroup(groups, 0, byLoad, at) as number, 4);
    expect(g1).toBeGreaterThan(g2!);
    expect(g2).toBeGreaterThan(g3!);
    expect(g4).toBeLessThan(10);
  });

  it("is the likelier the emptier its disks are", () => {
    const groups = [group("g1", { freeMib: 900 }), group("g2", { freeMib: 500 }), group("g3", { freeMib: 150 })];
    const at = moment();
    const [g1, g2, g3] = counts(() => pickGroup(groups, 0, byLoad, at) as number, 3);
    expect(g1).toBeGreaterThan(g2!);
    expect(g2).toBeGreaterThan(g3!);
    expect(g3).toBeGreaterThan(0);
  });

  it.each([
    { why: "no groups", groups: [], refusal: "no-groups" },
    { why: "nobody writable", groups: [group("g", { writable: [] })], refusal: "no-writable-group" },
    { why: "all below the reserve", groups: [group("g", { freeMib: 100 })], refusal: "no-space" },
    {
      why: "what is left is promised",
      groups: [group("g", { freeMib: 200, promisedMib: 100 })],
      refusal: "no-space",
    },
  ])("is refused: $why", ({ groups, refusal }) => {
    expect(pickGroup(groups, 0, byLoad, moment())).toBe(refusal);
  });

  it("counts free trunk space where trunk files are used", () => {
    const groups = [group("g", { freeMib: 90, trunkFreeMib: 11 })];
    expect(pickGroup(groups, 0, byLoad, moment())).toBe("no-space");
    expect(pickGroup(groups, 0, policy({ ...byLoad, usesTrunkFiles: true }), moment())).toBe(0);
  });
});

describe("the member by load", () => {
  it("is the likelier the more it can do and the less it has to", () => {
    const writable = [
      member("idle"),
      member("some", { load: load({ tasks: 2 }) }),
      member("slow", { load: load({ tasks: 2, capacity: 0.2 }) }),
    ];
    const at = moment();
    const [idle, some, slow] = counts(() => pickUploadStorage(group("g", { writable }), byLoad, at), 3);
    expect(idle).toBeGreaterThan(some!);
    expect(some).toBeGreaterThan(slow!);
    expect(slow).toBeGreaterThan(0);
  });

  it("of equal ones is each as often as the others", () => {
    const writable = ["a", "b", "c", "d"].map((id) => member(id));
    const at = moment();
    for (const count of counts(() => pickUploadStorage(group("g", { writable }), byLoad, at), 4)) {
      expect(Math.abs(count - 500)).toBeLessThan(100);
    }
  });

  it("reads only from members that have the file, the list begins with the least loaded", () => {
    const sync = new SyncMatrix();
    const source = member("a", { slot: 0, reportsReplication: true, load: load({ tasks: 9 }) });
    const without = member("b", { slot: 1 });
    const complete = member("c", { slot: 2 });
    sync.raise(0, 2, 1001);
    const readable = [source, without, complete];
    const one = group("g", { readable, sync });
    const sight = { source, createdAt: 1000, isNormal: true };
    const at = moment();
    const drawn = counts(() => pickReplica(one, sight, 2000, byLoad, at), 3);
    expect(drawn[1]).toBe(0);
    expect(drawn[2]).toBeGreaterThan(drawn[0]!);
    expect(listDownloadStorages(one, sight, 2000, byLoad, at)).toEqual([complete, source]);
  });
});

it("whose disk moves less is taken less often, never starves, and is taken more often once the others have more to do", () => {
  const REPORTED_MS = 10_000;
  const SPEED = 200e6;
  const loadOf = (diskSpeed: number, tasks: number) => {
    const load = new ServerLoad();
    const shares = { cpuPermille: 200, memoryPermille: 300, diskPermille: 400, networkPermille: -1 };
    const work = { finishedTasks: 1000, latencyMicros: 1000, networkBytesPerSecond: 0 };
    for (let nowMs = 2000; nowMs <= REPORTED_MS; nowMs += 2000) {
      const diskBytesPerSecond = Math.round(0.4 * diskSpeed);
      load.takeReport({ intervalMs: 2000, ...shares, ...work, diskBytesPerSecond, tasks }, nowMs);
    }
    return load;
  };
  /** How often each is taken; the first one is the slow one. */
  const sharesOf = (slowSpeed: number, others: number, tasksOfOthers: number) => {
    const loads = [loadOf(slowSpeed, 0), ...Array.from({ length: others }, () => loadOf(SPEED, tasksOfOthers))];
    const typical = {
      latencyMicros: 1000,
      diskSpeed: DecayingMean.typical(
        loads.map(({ measured }) => measured.diskSpeed),
        REPORTED_MS,
      )!,
    };
    const writable = loads.map((load, index) => member(String(index), { load }));
    let shares: number[] = [];
    pickUploadStorage(group("g", { writable, typical }), byLoad, {
      monotonicMs: () => REPORTED_MS,
      draw: (candidates) => {
        shares = betterShares(candidates);
        return 0;
      },
    });
    return shares;
  };
  const slowerBy = fc.oneof(fc.double({ min: 4, max: 100, noNaN: true }), fc.double({ min: 4, max: 1e7, noNaN: true }));
  fc.assert(
    fc.property(slowerBy, fc.integer({ min: 1, max: 15 }), (times, others) => {
      const even = 1 / (others + 1);
      const [slow, other] = sharesOf(SPEED / times, others, 0);
      expect(slow).toBeLessThan(0.7 * even);
      expect(other).toBeGreaterThan(even);
      // As if two of about half the weight had been drawn.
      expect(slow).toBeGreaterThan((0.3 * even) ** 2);
      const [relief] = sharesOf(SPEED / times, others, 8);
      expect(relief).toBeGreaterThan(slow!);
    }),
  );
});

it("nobody is ever chosen who may not be, and somebody is if anybody may", () => {
  const members = fc.record({ isWritable: fc.boolean(), tasks: fc.double({ min: 0, max: 1e6, noNaN: true }) });
  const groups = fc.array(
    fc.record({
      members: fc.array(members, { maxLength: 4 }),
      freeMib: fc.integer({ min: 0, max: 400 }),
      promisedMib: fc.integer({ min: 0, max: 200 }),
    }),
    { maxLength: 6 },
  );
  fc.assert(
    fc.property(groups, fc.nat(), (plans, seed) => {
      const pictures = plans.map(({ members, ...space }, index) =>
        group(`g${index}`, {
          ...space,
          writable: members
            .filter(({ isWritable }) => isWritable)
            .map(({ tasks }, at) => member(`${index}-${at}`, { load: load({ tasks }) })),
        }),
      );
      const may = pictures.map(
        ({ writable, freeMib, promisedMib }) => writable.length > 0 && freeMib - promisedMib > 100,
      );
      const picked = pickGroup(pictures, 0, byLoad, moment(seed));
      if (typeof picked === "string") expect(may).not.toContain(true);
      else {
        expect(may[picked]).toBe(true);
        const one = pictures[picked]!;
        expect(one.writable[pickUploadStorage(one, byLoad, moment(seed))]).toBeDefined();
      }
    }),
  );
});

it("by turns is even to one, whatever the number of groups and members", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 200 }), (count, uploads) => {
      const groups = Array.from({ length: count }, (_, index) => group(`g${index}`));
      let cursor = 0;
      const taken = new Array<number>(count).fill(0);
      for (let turn = 0; turn < uploads; turn++) {
        const picked = pickGroup(groups, cursor, policy(), moment()) as number;
        taken[picked]!++;
        cursor = (picked + 1) % count;
      }
      expect(Math.max(...taken) - Math.min(...taken)).toBeLessThanOrEqual(1);
    }),
  );
});
