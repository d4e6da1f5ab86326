import type { ChoiceExplanation, MemberCandidate } from "@fastdfs-ts/protocol";
import { expect, it } from "vitest";

import { recordingTerminal } from "../../test/recording-terminal.ts";
import { printTime } from "../terminal/units.ts";
import { printChoice } from "./choice-report.ts";

const now = 1_800_000_000;

const member: MemberCandidate = {
  storageId: "100001",
  address: "10.0.0.11",
  port: 23000,
  status: "ACTIVE",
  ruledOut: undefined,
  trouble: undefined,
  hasFile: undefined,
  isSource: false,
  syncedSeconds: undefined,
  totalMib: 20_480,
  freeMib: 10_240,
  uploadPriority: 10,
  tasks: 2.04,
  latencyMicros: 850.2,
  diskSpeed: 120_000_000,
  report: {
    ageMs: 312,
    cpuPermille: 250,
    memoryPermille: 500,
    diskPermille: 98,
    diskBytesPerSecond: 9_800_000,
    networkPermille: undefined,
  },
  capacity: 0.83,
  cost: 3.663,
  chance: 0.75,
};
const offline: MemberCandidate = {
  ...member,
  storageId: "100002",
  address: "10.0.0.12",
  status: "OFFLINE",
  ruledOut: "it is OFFLINE: its connection closed",
  tasks: 0,
  latencyMicros: 12_345,
  diskSpeed: undefined,
  report: undefined,
  capacity: 1,
  cost: 1,
  chance: 0,
};
const group = {
  groupName: "group1",
  ruledOut: undefined,
  totalMib: 20_480,
  freeMib: 10_240,
  reservedMib: 1024,
  trunkFreeMib: 0,
  promisedMib: 0,
  writableMembers: 1,
  diskUsage: 0.526,
  taskRatio: 0.031,
  load: 0.13,
  chance: 0.8,
};

const upload: ChoiceExplanation = {
  version: 1,
  takenSeconds: now,
  purpose: "upload",
  settings: [
    { key: "store_lookup", value: "3", meaning: "groups by disk usage and tasks" },
    { key: "reserved_storage_space", value: "1024MB", meaning: "more than this has to be free" },
  ],
  file: undefined,
  groups: [group, { ...group, groupName: "group2", chance: 0.2, ruledOut: "it is full" }],
  groupName: "group1",
  members: [member, offline],
  paths: [
    { index: 0, totalMib: 10_240, freeMib: 100, reservedMib: 512, ruledOut: "not more than 512 MiB are free" },
    { index: 10, totalMib: 10_240, freeMib: 10_140, reservedMib: 512, ruledOut: undefined },
  ],
  choice: {
    groupName: "group1",
    storageId: "100001",
    address: "10.0.0.11",
    port: 23000,
    storePathIndex: 10,
    chance: 0.6,
    reasons: ["store_lookup 3: likeliest", "store_path 0: the next in turn"],
  },
  refusal: undefined,
};

function printed(explained: ChoiceExplanation): string[] {
  return printChoice(recordingTerminal(), explained).split("\n");
}

it("an upload: settings, groups, storages, paths, and the choice in words", () => {
  expect(printed(upload)).toEqual([
    "Settings",
    "  setting                 value   meaning",
    "  store_lookup            3       groups by disk usage and tasks",
    "  reserved_storage_space  1024MB  more than this has to be free",
    "",
    "Groups",
    "     group   chance  writable     free       of  reserved  disk load  task load  load  ruled out",
    "  >  group1     80%         1  10.0 GB  20.0 GB    1.0 GB        53%         3%   13%",
    "     group2     20%         1  10.0 GB  20.0 GB    1.0 GB        53%         3%   13%  it is full",
    "",
    "Storages of group1",
    "     storage  address          status   chance  cost  capacity  tasks  latency  cpu  memory  disk  throughput  disk speed    reported  priority     free  notes",
    "  >  100001   10.0.0.11:23000  ACTIVE      75%  3.66      0.83    2.0   850 us  25%     50%   10%    9.3 MB/s    114 MB/s  312 ms ago        10  10.0 GB",
    "     100002   10.0.0.12:23000  OFFLINE      0%  1.00      1.00    0.0  12.3 ms                                                               10  10.0 GB  it is OFFLINE: its connection closed",
    "",
    "Store paths of 100001",
    "     path        free       of  reserved  ruled out",
    "     0 (M00)   100 MB  10.0 GB    512 MB  not more than 512 MiB are free",
    "  >  10 (M0A)  9.9 GB  10.0 GB    512 MB",
    "",
    "Choice: the upload goes to 100001 at 10.0.0.11:23000 in group1, store path 10 (M0A) with a chance of 60%. " +
      "Why: store_lookup 3: likeliest; store_path 0: the next in turn.",
  ]);
});

it("a download: what the name says, and who has the file", () => {
  const file = { sourceId: "100001", createdSeconds: now - 60, mayChange: true };
  // As C storages, which tell nothing of their load.
  const untold = { report: undefined, latencyMicros: undefined, diskSpeed: undefined };
  const members = [
    { ...member, ...untold, isSource: true, hasFile: "it took the upload", chance: 1 },
    { ...offline, ...untold, syncedSeconds: now - 90 },
  ];
  const choice = { ...upload.choice!, storePathIndex: undefined, chance: 1, reasons: ["its source"] };
  const lines = printed({ ...upload, purpose: "download", file, members, paths: [], choice });
  expect(lines.slice(5)).toEqual([
    `File: stored at ${printTime(now - 60)}, 100001 took the upload; it may have been changed since (an appender, or a slave file).`,
    "",
    "Storages of group1",
    "     storage  address          status   chance  cost  capacity  tasks  has of 100001 until  notes",
    "  >  100001   10.0.0.11:23000  ACTIVE     100%  3.66      0.83    2.0  source               it took the upload",
    `     100002   10.0.0.12:23000  OFFLINE      0%  1.00      1.00    0.0  ${printTime(now - 90)}  it is OFFLINE: its connection closed`,
    "",
    "Choice: the download goes to 100001 at 10.0.0.11:23000 in group1. Why: its source.",
  ]);
});

it("a refusal: what the client gets, why, and which setting is behind it", () => {
  const refusal = {
    status: 28,
    reason: "every store path is full",
    groupName: "group1",
    storageId: "100001",
    storePathIndex: 0,
    freeMib: 1,
    limitMib: 2,
    setting: "reserved_storage_space",
  };
  const full = printed({ ...upload, choice: undefined, refusal });
  expect(full.at(-1)).toBe(
    "No choice: the client is answered with status 28. Why: group1: every store path is full. The tracker's setting: reserved_storage_space.",
  );
  expect(full.some((line) => line.startsWith("  >"))).toBe(false);
  const lost = { ...refusal, status: 2, reason: "unknown group", setting: undefined };
  const nothing = { settings: [], groups: [], members: [], paths: [], choice: undefined };
  expect(printed({ ...upload, ...nothing, refusal: lost })).toEqual([
    "No choice: the client is answered with status 2. Why: group1: unknown group.",
  ]);
});
