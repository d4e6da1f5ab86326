// All state files: C's own are printed back byte for byte, and whatever a crash leaves of them is read.
import { readFileSync } from "node:fs";

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { parseChangelogFile } from "./changelog-file.ts";
import { parseGroupsFile, printGroupsFile, type StoredGroup } from "./groups-file.ts";
import { parseStoragesFile, printStoragesFile, storedCounters, type StoredStorage } from "./storages-file.ts";
import { parseSyncTimestampsFile, printSyncTimestampsFile } from "./sync-timestamps-file.ts";
import { parseTrackerStatusFile, printTrackerStatusFile } from "./tracker-status-file.ts";

function fixture(cluster: string, name: string): string {
  return readFileSync(new URL(`../../test/fixtures/${cluster}/${name}`, import.meta.url), "latin1");
}

describe.each(["plain", "trunk"])("the files of a C tracker (%s)", (cluster) => {
  it("are printed back byte for byte", () => {
    const groups = fixture(cluster, "storage_groups_new.dat");
    const storages = fixture(cluster, "storage_servers_new.dat");
    const stamps = fixture(cluster, "storage_sync_timestamp.dat");
    expect(printGroupsFile(parseGroupsFile(groups).groups)).toBe(groups);
    expect(printStoragesFile(parseStoragesFile(storages).storages)).toBe(storages);
    expect(printSyncTimestampsFile(parseSyncTimestampsFile(stamps).rows)).toBe(stamps);
  });

  it("have no problems", () => {
    expect(parseGroupsFile(fixture(cluster, "storage_groups_new.dat")).problems).toEqual([]);
    expect(parseStoragesFile(fixture(cluster, "storage_servers_new.dat")).problems).toEqual([]);
    expect(parseSyncTimestampsFile(fixture(cluster, "storage_sync_timestamp.dat")).problems).toEqual([]);
    const changelog = Buffer.from(fixture(cluster, "storage_changelog.dat"), "latin1");
    expect(parseChangelogFile(changelog)).toEqual({ content: changelog, problems: [] });
  });
});

it("reads what a C tracker knew", () => {
  expect(parseGroupsFile(fixture("trunk", "storage_groups_new.dat")).groups).toEqual([
    {
      name: "group1",
      port: 23000,
      storePathCount: 2,
      subdirCount: 256,
      currentTrunkFileId: 2,
      trunkServer: "10.98.0.11",
      lastTrunkServer: "10.98.0.11",
    },
  ]);
  const { storages } = parseStoragesFile(fixture("plain", "storage_servers_new.dat"));
  expect(storages[1]).toMatchObject({
    id: undefined,
    ip: "10.98.0.12",
    status: 5,
    syncSource: "10.98.0.11",
    syncUntil: 1795321052,
    totalMib: 516038,
    counters: { totalUploadCount: 7, lastHeartbeatSeconds: 1795321179 },
  });
});

const groupName = fc.stringMatching(/^[A-Za-z0-9]{1,16}$/);
const id = fc.stringMatching(/^[0-9.]{1,15}$/);
const number = fc.nat({ max: 2 ** 50 });

const storedGroup: fc.Arbitrary<StoredGroup> = fc.record({
  name: groupName,
  port: fc.integer({ min: -1, max: 65535 }),
  storePathCount: number,
  subdirCount: number,
  currentTrunkFileId: number,
  trunkServer: fc.oneof(fc.constant(""), id),
  lastTrunkServer: fc.oneof(fc.constant(""), id),
});

const storedStorage: fc.Arbitrary<StoredStorage> = fc.record({
  id: fc.oneof(fc.constant(undefined), id),
  groupName,
  ip: id,
  status: fc.constantFrom(0, 1, 2, 5, 6, 7, 9),
  version: fc.stringMatching(/^[0-9a-z.]{0,8}$/),
  joinTime: number,
  port: fc.nat({ max: 65535 }),
  syncSource: fc.oneof(fc.constant(""), id),
  syncUntil: number,
  totalMib: number,
  freeMib: number,
  changelogOffset: number,
  storePathCount: number,
  subdirCount: number,
  uploadPriority: fc.integer({ min: -100, max: 100 }),
  counters: fc
    .array(number, { minLength: storedCounters.length, maxLength: storedCounters.length })
    .map((values) => Object.fromEntries(storedCounters.map(([, counter], index) => [counter, values[index]!]))),
});

describe("what is printed is read back", () => {
  it("groups", () => {
    const unique = fc.uniqueArray(storedGroup, { selector: (group) => group.name, maxLength: 5 });
    fc.assert(
      fc.property(unique, (groups) => {
        expect(parseGroupsFile(printGroupsFile(groups))).toEqual({ groups, problems: [] });
      }),
    );
  });

  it("storages", () => {
    fc.assert(
      fc.property(fc.array(storedStorage, { maxLength: 5 }), (storages) => {
        expect(parseStoragesFile(printStoragesFile(storages))).toEqual({ storages, problems: [] });
      }),
      { numRuns: 50 },
    );
  });

  it("sync times", () => {
    const row = fc.record({ groupName, sourceId: id, seconds: fc.array(fc.nat(), { maxLength: 4 }) });
    fc.assert(
      fc.property(fc.array(row), (rows) => {
        expect(parseSyncTimestampsFile(printSyncTimestampsFile(rows))).toEqual({ rows, problems: [] });
      }),
    );
  });

  it("the last run", () => {
    const run = { startedAt: 1795320500, lastCheckAt: 1795321200 };
    expect(printTrackerStatusFile(run)).toBe("up_time=1795320500\nlast_check_time=1795321200\n");
    expect(parseTrackerStatusFile(printTrackerStatusFile(run))).toEqual(run);
    expect(parseTrackerStatusFile("up_time=1")).toBeUndefined();
  });
});

describe("files that were cut", () => {
  const storagesFile = fixture("plain", "storage_servers_new.dat");
  const whole = parseStoragesFile(storagesFile).storages;

  it("at any byte: storages keep what was complete, and the cut is reported", () => {
    // The last line feed is all that a cut can take without losing anything but itself.
    for (let end = 1; end < storagesFile.length; end++) {
      const { storages, problems } = parseStoragesFile(storagesFile.slice(0, end));
      expect(problems.length).toBeGreaterThan(0);
      const isFirstComplete = end > storagesFile.indexOf("# storage: 10.98.0.12");
      if (isFirstComplete) expect(storages[0]).toEqual(whole[0]);
      // A member whose status is gone is dropped rather than guessed.
      for (const storage of storages) expect(storage.status).toBe(5);
    }
  });

  it("at any byte: groups", () => {
    const file = fixture("trunk", "storage_groups_new.dat");
    const complete = file.lastIndexOf("10.98.0.11") + "10.98.0.11".length + 1;
    for (let end = 0; end < complete; end++) {
      expect(parseGroupsFile(file.slice(0, end)).problems.length).toBeGreaterThan(0);
    }
  });

  it("say where and what is lost", () => {
    const end = storagesFile.indexOf("free_mb=", storagesFile.indexOf("[Storage002]")) + "free_mb=12".length;
    const { problems } = parseStoragesFile(storagesFile.slice(0, end));
    expect(problems[0]).toEqual({
      line: storagesFile.slice(0, end).split("\n").length,
      what: "the file ends in the middle of a line",
      lost: "what stood behind",
    });
    expect(problems.at(-1)?.what).toContain("storage_count is missing");
  });

  it("a changelog loses only its unfinished line", () => {
    const sound = Buffer.from("1795320624 group1 10.98.0.12 4 \n1795320625 group1 10.98.0.12 3 10.98.0.13\n");
    expect(parseChangelogFile(sound)).toEqual({ content: sound, problems: [] });
    const cut = parseChangelogFile(Buffer.concat([sound, Buffer.from("17953206")]));
    expect(cut.content).toEqual(sound);
    expect(cut.problems).toMatchObject([{ line: 3, what: "the last line is cut" }]);
    const odd = Buffer.from("what?\n");
    expect(parseChangelogFile(odd)).toMatchObject({ content: odd, problems: [{ line: 1 }] });
  });
});

describe("nonsense", () => {
  it("never throws", () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom("[", "]", "=", "\n", "G", "l", "0", ",", "#", "\0") }),
    );
    fc.assert(
      fc.property(text, (nonsense) => {
        parseGroupsFile(nonsense);
        parseStoragesFile(nonsense);
        parseSyncTimestampsFile(nonsense);
        parseChangelogFile(Buffer.from(nonsense));
        parseTrackerStatusFile(nonsense);
      }),
    );
  });

  it.each([
    ["a group twice", "[Global]\ngroup_count=2\n[Group001]\ngroup_name=g\n[Group002]\ngroup_name=g\n", "there twice"],
    ["a group without name", "[Global]\ngroup_count=1\n[Group001]\n", "not a group name"],
    ["a line without sense", "[Global]\ngroup_count=0\nwhat\n", "not key=value"],
    ["a number that is none", "[Global]\ngroup_count=1\n[Group001]\ngroup_name=g\nstorage_port=x\n", "not a number"],
    ["a wrong count", "[Global]\ngroup_count=3\n", "group_count=3, but there are 0"],
  ])("reports %s", (_what, text, expected) => {
    expect(
      parseGroupsFile(text)
        .problems.map(({ what }) => what)
        .join("; "),
    ).toContain(expected);
  });

  it("reports a storage without group, and one with a bad row of times", () => {
    const { storages, problems } = parseStoragesFile("[Storage001]\nstatus=5\n[Global]\nstorage_count=1\n");
    expect([storages, problems.length]).toEqual([[], 1]);
    expect(parseSyncTimestampsFile("group1,a,1,x\ngroup1,,0\n").problems.map(({ line }) => line)).toEqual([1, 2]);
  });
});
