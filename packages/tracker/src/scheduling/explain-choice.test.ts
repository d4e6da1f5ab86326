// Every method, and every reason for being ruled out or refused.
import type { ChoiceExplanation, LoadReport } from "@fastdfs-ts/protocol";
import { describe, expect, it } from "vitest";

import { load, policy, watchedGroup, watchedMember } from "../../test/pictures.ts";
import { SyncMatrix } from "../cluster/sync-matrix.ts";
import type { SchedulingPolicy } from "./cluster-picture.ts";
import { type ChoiceScene, explainHolder, explainUpload } from "./explain-choice.ts";
import type { NameSight } from "./pick-download-storage.ts";
import type { WatchedGroup, WatchedMember } from "./watched-picture.ts";

const now = 1_800_000_000;
const a = watchedMember("a");
const b = watchedMember("b", { slot: 1 });
const c = watchedMember("c", { slot: 2 });
const offline = watchedMember("d", {
  slot: 3,
  status: "OFFLINE",
  reason: "its connection closed",
  isReadable: false,
  isWritable: false,
});
const readOnly = watchedMember("e", { rwMode: 4, isWritable: false });
const writeOnly = watchedMember("f", { slot: 4, rwMode: 2, isReadable: false });
const disabled = watchedMember("g", { rwMode: 0, isReadable: false, isWritable: false });
const full = [{ totalMib: 1000, freeMib: 20 }];

function scene(groups: readonly WatchedGroup[], rules: Partial<SchedulingPolicy> = {}, groupCursor = 0): ChoiceScene {
  const addressOf = ({ addresses }: WatchedMember) => addresses[0]!;
  return { groups, groupCursor, policy: policy(rules), nowSeconds: now, nowMs: 5000, addressOf };
}

function upload(groups: readonly WatchedGroup[], rules: Partial<SchedulingPolicy> = {}, named?: string, cursor = 0) {
  return explainUpload(scene(groups, rules, cursor), named);
}

/** What is said of each, by its name. */
const notes = ({ groups, members, paths }: ChoiceExplanation) => ({
  groups: Object.fromEntries(groups.map(({ groupName, ruledOut }) => [groupName, ruledOut])),
  members: Object.fromEntries(members.map(({ storageId, ruledOut }) => [storageId, ruledOut])),
  paths: paths.map(({ ruledOut }) => ruledOut),
});

describe("the group of an upload", () => {
  const small = watchedGroup("g1", [watchedMember("a", { paths: [{ totalMib: 1000, freeMib: 200 }] })]);
  const roomy = watchedGroup("g2", [watchedMember("b", { paths: [{ totalMib: 1000, freeMib: 900 }] })]);

  it.each<[Partial<SchedulingPolicy>, string | undefined, number, string, string]>([
    [{ groupChoice: "round-robin" }, undefined, 1, "g2", "store_lookup 0: the next in turn that has space"],
    [{ groupChoice: "round-robin" }, undefined, 9, "g1", "store_lookup 0: the next in turn that has space"],
    [{ groupChoice: "fixed-group", fixedGroup: "g1" }, undefined, 1, "g1", "store_lookup 1: always this group"],
    [{ groupChoice: "most-free" }, undefined, 1, "g2", "store_lookup 2: most free space"],
    [{ groupChoice: "least-loaded" }, undefined, 0, "g2", "store_lookup 3: the likeliest by disk usage and tasks"],
    [{ groupChoice: "least-loaded" }, "g1", 0, "g1", "the client names the group"],
  ])("with %o, named %s, cursor %i is %s", (rules, named, cursor, groupName, reason) => {
    const { choice, refusal, groups } = upload([small, roomy], rules, named, cursor);
    expect(choice).toMatchObject({ groupName });
    expect(choice!.reasons[0]).toBe(reason);
    expect(refusal).toBeUndefined();
    expect(groups.reduce((sum, { chance }) => sum + chance, 0)).toBeCloseTo(1, 10);
    if (rules.groupChoice !== "least-loaded") expect(choice!.chance).toBe(1);
  });

  it("has its numbers: disks against the reserve, tasks against what is a full load", () => {
    const busy = watchedGroup("g1", small.sorted, { tasks: () => 16, trunkFreeMib: 7 });
    const { groups, choice } = upload([busy, roomy], { groupChoice: "least-loaded" });
    expect(groups[0]).toMatchObject({
      totalMib: 1000,
      freeMib: 200,
      reservedMib: 100,
      trunkFreeMib: 7,
      writableMembers: 1,
      // 800 of 900 MiB, 16 of 64 tasks.
      diskUsage: 800 / 900,
      taskRatio: 0.25,
      load: 0.1 * (800 / 900) + 0.9 * 0.25,
    });
    expect(groups[1]!.chance).toBeGreaterThan(0.8);
    expect(choice!.chance).toBe(groups[1]!.chance);
  });

  it("is ruled out for lack of members, of space, and by the method", () => {
    const empty = watchedGroup("g3", [offline, readOnly]);
    const fullGroup = watchedGroup("g4", [watchedMember("d", { paths: full })]);
    expect(notes(upload([small, empty, fullGroup])).groups).toEqual({
      g1: undefined,
      g3: "the group has no active and writable storage: 1 OFFLINE, 1 ACTIVE (may only be read, storage_ids.conf says)",
      g4: "storage d has the least space, 20 of 1000 MiB; more than 100 MiB have to be free (100MB)",
    });
    const promised = watchedGroup("g6", small.sorted, { promisedMib: 101 });
    const byLoad = { groupChoice: "least-loaded" } as const;
    expect(notes(upload([small, promised], byLoad)).groups).toEqual({
      g1: undefined,
      g6: "what is above the reserve is promised to uploads since its disks were reported",
    });
    expect(notes(upload([promised], byLoad, "g6")).groups).toEqual({ g6: undefined });
    expect(upload([promised], byLoad).refusal).toMatchObject({
      status: 28,
      freeMib: 99,
      reason:
        "storage a has the least space, 200 of 1000 MiB, 101 MiB promised to uploads since that was reported; " +
        "more than 100 MiB have to be free (100MB)",
    });
    const fixed = { groupChoice: "fixed-group", fixedGroup: "g1" } as const;
    expect(notes(upload([small, roomy], fixed)).groups).toEqual({ g1: undefined, g2: "it is not store_group" });
    const trunks = watchedGroup("g5", fullGroup.sorted, { trunkFreeMib: 500 });
    expect(notes(upload([trunks, roomy], { usesTrunkFiles: true })).groups).toEqual({
      g5: "only its trunk files have room: groups with room on their disks go first",
      g2: undefined,
    });
    expect(upload([trunks, fullGroup], { usesTrunkFiles: true }).groups.map(({ chance }) => chance)).toEqual([1, 0]);
  });
});

describe("the member for an upload", () => {
  const three = watchedGroup("g1", [a, b, watchedMember("c", { uploadPriority: 1 })]);

  it.each<[SchedulingPolicy["uploadStorageChoice"], Partial<WatchedGroup>, string, string]>([
    ["round-robin", { writeCursor: 1 }, "b", "store_server 0: the next in turn"],
    ["round-robin", { writeCursor: 3 }, "a", "store_server 0: the next in turn"],
    ["first-by-address", { writeCursor: 1 }, "a", "store_server 1: the first by address"],
    ["lowest-priority", { storeServer: three.sorted[2]! }, "c", "store_server 2: the lowest upload_priority"],
    ["least-loaded", {}, "a", "store_server 3: the likeliest by speed and load"],
  ])("no. %#: with %s", (uploadStorageChoice, changes, storageId, reason) => {
    const { choice, members } = upload([{ ...three, ...changes }], { uploadStorageChoice });
    expect(choice).toMatchObject({ storageId, port: 23000, storePathIndex: 0 });
    expect(choice!.reasons[1]).toBe(reason);
    expect(members.reduce((sum, { chance }) => sum + chance, 0)).toBeCloseTo(1, 10);
  });

  it("is the likelier the quicker and idler it is; each has its numbers", () => {
    const report: LoadReport = {
      intervalMs: 1000,
      cpuPermille: 250,
      memoryPermille: -1,
      diskPermille: 400,
      networkPermille: 10,
      diskBytesPerSecond: 40_000_000,
      networkBytesPerSecond: 1,
      tasks: 3,
      finishedTasks: 9,
      latencyMicros: 800,
    };
    const idle = watchedMember("a", {
      load: {
        ...load({ tasks: 1, capacity: 0.8 }),
        latencyMicros: 750,
        diskSpeed: 90_000_000,
        report,
        ageMs: (nowMs) => nowMs - 4000,
      },
    });
    const busy = watchedMember("b", {
      load: {
        ...load({ tasks: 9, capacity: 0.2 }),
        latencyMicros: undefined,
        diskSpeed: undefined,
        report: undefined,
        ageMs: () => Infinity,
      },
    });
    const { members, choice } = upload([watchedGroup("g1", [busy, idle])], { uploadStorageChoice: "least-loaded" });
    expect(choice!.storageId).toBe("a");
    // It is drawn unless the other one is drawn twice.
    expect(choice!.chance).toBeCloseTo(1 - 0.2 ** 2, 10);
    expect(members[0]).toMatchObject({ storageId: "b", tasks: 9, capacity: 0.2, cost: 50, report: undefined });
    expect(members[1]).toMatchObject({
      address: "10.0.0.97",
      tasks: 1,
      capacity: 0.8,
      cost: 2.5,
      latencyMicros: 750,
      diskSpeed: 90_000_000,
      report: {
        ageMs: 1000,
        cpuPermille: 250,
        memoryPermille: undefined,
        diskPermille: 400,
        diskBytesPerSecond: 40_000_000,
        networkPermille: 10,
      },
    });
  });

  it("is ruled out by its status and by storage_ids.conf, and warned of if its disks are full", () => {
    const crowded = watchedMember("h", { paths: full });
    const group = watchedGroup("g1", [a, offline, readOnly, disabled, crowded], { freeMib: 500 });
    const explained = upload([group]);
    expect(notes(explained).members).toEqual({
      a: undefined,
      d: "it is OFFLINE: its connection closed",
      e: "may only be read, storage_ids.conf says",
      g: "serves nobody, storage_ids.conf says",
      h: undefined,
    });
    expect(explained.members.at(-1)!.trouble).toBe("all of its store paths are full: uploads are refused");
  });
});

describe("the store path of an upload", () => {
  const paths = [
    { totalMib: 1000, freeMib: 20 },
    { totalMib: 1000, freeMib: 51 },
    { totalMib: 1000, freeMib: 600 },
  ];
  const member = watchedMember("a", { paths, writePathCursor: 0 });

  it.each<[SchedulingPolicy["storePathChoice"], number, number]>([
    ["round-robin", 0, 1],
    ["round-robin", 2, 2],
    ["most-free", 2, 2],
  ])("with %s and cursor %i is %i, and needs its share of the reserve", (storePathChoice, cursor, index) => {
    const explained = upload([watchedGroup("g1", [{ ...member, writePathCursor: cursor }])], { storePathChoice });
    expect(explained.choice!.storePathIndex).toBe(index);
    expect(explained.paths.map(({ reservedMib }) => reservedMib)).toEqual([33, 33, 33]);
    expect(notes(explained).paths).toEqual([
      "not more than 33 MiB are free (reserved_storage_space)",
      undefined,
      undefined,
    ]);
  });

  it("may have its room in trunk files only", () => {
    const group = watchedGroup("g1", [watchedMember("a", { paths: [...full, { totalMib: 1000, freeMib: 1 }] })], {
      trunkFreeMib: 40,
      freeMib: 500,
    });
    const explained = upload([group], { usesTrunkFiles: true });
    expect(explained.choice!.storePathIndex).toBe(0);
    expect(notes(explained).paths).toEqual([undefined, "not more than 50 MiB are free (reserved_storage_space)"]);
  });
});

describe("an upload is refused", () => {
  const fullGroup = watchedGroup("g2", [watchedMember("b", { paths: [...full, { totalMib: 1000, freeMib: 30 }] })]);
  const idle = watchedGroup("g1", [offline]);
  const pathsFull = watchedGroup("g3", [watchedMember("a", { paths: full })], { freeMib: 500 });

  it.each<[string, readonly WatchedGroup[], Partial<SchedulingPolicy>, string | undefined, object]>([
    ["no-groups", [], {}, undefined, { status: 2, reason: "no storage has joined this tracker yet" }],
    ["unknown-group", [idle], {}, "g9", { status: 2, reason: "unknown group", groupName: "g9", setting: undefined }],
    [
      "unknown-group",
      [idle],
      { groupChoice: "fixed-group", fixedGroup: "g9" },
      undefined,
      { status: 2, reason: "unknown group", groupName: "g9", setting: "store_group" },
    ],
    [
      "group-not-writable",
      [idle],
      {},
      "g1",
      { status: 2, groupName: "g1", reason: "the group has no active and writable storage: 1 OFFLINE" },
    ],
    [
      "no-writable-group",
      [idle],
      {},
      undefined,
      { status: 2, reason: "none of 1 groups has an active and writable storage" },
    ],
    [
      "no-space",
      [fullGroup],
      {},
      "g2",
      {
        status: 28,
        groupName: "g2",
        storageId: "b",
        storePathIndex: 0,
        freeMib: 50,
        limitMib: 100,
        setting: "reserved_storage_space",
      },
    ],
    [
      "no-space",
      [fullGroup, idle],
      { reserve: { kind: "ratio", ratio: 0.2 }, groupChoice: "least-loaded" },
      undefined,
      {
        status: 28,
        reason:
          "all 2 groups are full, g2 the least: storage b has the least space, 50 of 2000 MiB; more than 400 MiB have to be free (20.00%)",
        groupName: "g2",
        limitMib: 400,
      },
    ],
    [
      "no-paths",
      [watchedGroup("g3", [a], { storePathCount: 0 })],
      {},
      undefined,
      { status: 2, groupName: "g3", reason: "the group has no store paths" },
    ],
    [
      "no-disk-report",
      [watchedGroup("g3", [watchedMember("a", { paths: [] })], { freeMib: 500, totalMib: 1000 })],
      {},
      undefined,
      { status: 28, storageId: "a", reason: "the storage has not reported its disks yet" },
    ],
    [
      "paths-full",
      [pathsFull],
      {},
      undefined,
      {
        status: 28,
        groupName: "g3",
        storageId: "a",
        storePathIndex: 0,
        freeMib: 20,
        limitMib: 100,
        setting: "reserved_storage_space",
        reason:
          "every store path of a is full: path 0 has most space, 20 of 1000 MiB; more than 100 MiB have to be free (100MB)",
      },
    ],
  ])("with %s", (_name, groups, rules, named, refusal) => {
    const explained = upload(groups, rules, named);
    expect(explained.choice).toBeUndefined();
    expect(explained.refusal).toMatchObject(refusal);
    expect(explained.groups.map(({ chance }) => chance)).toEqual(
      explained.groups.map(({ groupName }) => (groupName === "g3" ? 1 : 0)),
    );
  });
});

const sight = (changes: Partial<NameSight<WatchedMember>> = {}): NameSight<WatchedMember> => ({
  source: a,
  createdAt: now - 60,
  isNormal: true,
  ...changes,
});

/** A group in which b has everything of a until after the file, and c until 11 s before it. */
function holders(members: readonly WatchedMember[] = [a, b, c, offline, writeOnly]): WatchedGroup {
  const sync = new SyncMatrix();
  sync.raise(0, 1, now - 10);
  sync.raise(0, 2, now - 71);
  return watchedGroup("g1", members, { sync, readCursor: 1, writeCursor: 1 });
}

describe("the member for a download", () => {
  it.each<[Partial<SchedulingPolicy>, Partial<NameSight<WatchedMember>>, string, string]>([
    [{ downloadStorageChoice: "round-robin" }, {}, "b", "download_server 0: the next in turn that has the file"],
    [{ downloadStorageChoice: "source-first" }, {}, "a", "download_server 1: the source of the file"],
    [
      { downloadStorageChoice: "source-first" },
      { source: offline, createdAt: now - 100_000 },
      "b",
      "the source cannot be read: the next in turn that has the file",
    ],
    [
      { downloadStorageChoice: "least-loaded" },
      {},
      "a",
      "download_server 3: the likeliest by speed and load of those that have the file",
    ],
    [{}, { isNormal: false }, "a", "the file may have been changed: its source knows the last state"],
    [
      {},
      { isNormal: false, source: offline, createdAt: now - 100_000 },
      "a",
      "the source of a file that may have been changed cannot be read: the one that is nearest to it",
    ],
    [
      {},
      { source: undefined, createdAt: Infinity },
      "a",
      "nobody is known to have the file, but anybody may: the store server is asked",
    ],
  ])("no. %#: with %j", (rules, changes, storageId, reason) => {
    const { choice, members } = explainHolder(scene([holders()], rules), "download", "g1", sight(changes));
    expect(choice).toMatchObject({ storageId, storePathIndex: undefined, reasons: [reason] });
    expect(members.reduce((sum, { chance }) => sum + chance, 0)).toBeCloseTo(1, 10);
  });

  it("is ruled out by its status, by storage_ids.conf, and by what it has", () => {
    const explained = explainHolder(scene([holders()]), "download", "g1", sight());
    expect(notes(explained).members).toEqual({
      a: undefined,
      b: undefined,
      c: "does not have the file yet: what it has of a ends 11 s before the file",
      d: "it is OFFLINE: its connection closed",
      f: "may only be written, storage_ids.conf says",
    });
    expect(explained.members.map(({ hasFile }) => hasFile)).toEqual([
      "it took the upload",
      "it has all that was stored until then",
      undefined,
      undefined,
      undefined,
    ]);
    expect(explained.members[1]).toMatchObject({ isSource: false, syncedSeconds: now - 10 });
    expect(explained.members[0]).toMatchObject({ isSource: true, syncedSeconds: undefined });
    expect(explained.file).toEqual({ sourceId: "a", createdSeconds: now - 60, mayChange: false });
  });

  it.each<[string, number, Partial<NameSight<WatchedMember>>, string | undefined, string | undefined]>([
    ["max-delay", 0, { createdAt: now - 86_401 }, undefined, "older than storage_sync_file_max_delay"],
    [
      "max-time",
      now - 400,
      { createdAt: now - 400 },
      undefined,
      "replication has come to it, and it is older than storage_sync_file_max_time",
    ],
    ["nothing", 0, {}, "does not have the file yet: nothing of a is known to have come to it", undefined],
    ["the second", now - 60, {}, "does not have the file yet: it has all of a until the second of the file", undefined],
    ["no name", 0, { createdAt: Infinity }, "the name says neither source nor time of the file", undefined],
  ])("b: %s", (_name, synced, changes, ruledOut, hasFile) => {
    const sync = new SyncMatrix();
    sync.raise(0, 1, synced);
    const group = watchedGroup("g1", [a, b], { sync });
    const { members } = explainHolder(scene([group]), "download", "g1", sight(changes));
    expect(members[1]).toMatchObject({ ruledOut, hasFile });
  });

  it("is only the source, where that is asked", () => {
    const explained = explainHolder(scene([holders([a, b])]), "download", "g1", sight({ isNormal: false }));
    expect(notes(explained).members).toEqual({ a: undefined, b: "only the source is asked" });
  });

  it("is nobody", () => {
    const told = { ...offline, reportsReplication: true };
    const refusals = [
      explainHolder(scene([holders()]), "download", "g9", undefined),
      explainHolder(scene([watchedGroup("g1", [offline])]), "download", "g1", sight()),
      explainHolder(scene([watchedGroup("g1", [b, told])]), "download", "g1", sight({ source: told })),
    ].map(({ choice, refusal, members }) => [choice, refusal?.status, refusal?.reason, members.map((m) => m.chance)]);
    expect(refusals).toEqual([
      [undefined, 2, "unknown group", []],
      [undefined, 2, "the group has no active and readable storage: 1 OFFLINE", [0]],
      [undefined, 2, "no readable storage of the group has this file", [0, 0]],
    ]);
  });
});

describe("the member for a change", () => {
  it.each<[readonly WatchedMember[], Partial<NameSight<WatchedMember>>, string, string]>([
    [[a, b, c], {}, "a", "changes of a file go to its source"],
    [
      [{ ...a, isWritable: false }, b, c],
      { source: { ...a, isWritable: false } },
      "b",
      "the source cannot be written: the next in turn that has the file",
    ],
    [
      [b, c],
      { source: undefined, createdAt: Infinity },
      "c",
      "nobody is known to have the file: whoever takes the next upload (store_server 0: the next in turn)",
    ],
  ])("no. %#", (members, changes, storageId, reason) => {
    const { choice } = explainHolder(scene([holders(members)]), "change", "g1", sight(changes));
    expect(choice).toMatchObject({ storageId, reasons: [reason] });
  });

  it("by load may be anyone that takes an upload", () => {
    const rules = { uploadStorageChoice: "least-loaded" } as const;
    const lost = sight({ source: undefined, createdAt: Infinity });
    const { members } = explainHolder(scene([holders([b, c])], rules), "change", "g1", lost);
    expect(members.map(({ chance, ruledOut }) => [chance, ruledOut])).toEqual([
      [0.5, undefined],
      [0.5, undefined],
    ]);
  });

  it("is nobody, if none is writable", () => {
    const { choice, refusal } = explainHolder(
      scene([watchedGroup("g1", [readOnly])]),
      "change",
      "g1",
      sight({ source: readOnly }),
    );
    expect(choice).toBeUndefined();
    expect(refusal).toMatchObject({ status: 2, groupName: "g1" });
  });
});

it("settings are told where they count", () => {
  const keys = (rules: Partial<SchedulingPolicy>, purpose: "upload" | "download") => {
    const at = scene([holders()], rules);
    const { settings } =
      purpose === "upload" ? explainUpload(at, undefined) : explainHolder(at, purpose, "g1", sight());
    return settings.map(({ key, value }) => `${key} ${value}`);
  };
  expect(keys({}, "upload")).toEqual([
    "store_lookup 0",
    "store_server 0",
    "store_path 0",
    "reserved_storage_space 100MB",
  ]);
  expect(keys({ groupChoice: "fixed-group", fixedGroup: "g1", usesTrunkFiles: true }, "upload")).toEqual([
    "store_lookup 1",
    "store_group g1",
    "store_server 0",
    "store_path 0",
    "reserved_storage_space 100MB",
    "use_trunk_file true",
  ]);
  expect(keys({ groupChoice: "least-loaded" }, "upload").slice(-2)).toEqual([
    "disk_usage_weight 10",
    "max_tasks_per_storage 64",
  ]);
  expect(keys({}, "download")).toEqual([
    "download_server 0",
    "storage_sync_file_max_delay 86400",
    "storage_sync_file_max_time 300",
  ]);
});
