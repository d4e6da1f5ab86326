// The text of the C tools, as fdfs_monitor and fdfs_file_info 6.16.1 printed it for the same records.
import type { FileInfo } from "@fastdfs-ts/client";
import { GroupRecord, rwModes, StorageRecord, storageStatusOf } from "@fastdfs-ts/protocol";
import { describe, expect, it } from "vitest";

import type { StorageView } from "../cluster/cluster-view.ts";
import { printTime } from "../terminal/units.ts";
import { printCMib } from "./c-size.ts";
import { printInfoAsC } from "./info-text.ts";
import { printMonitorAsC } from "./monitor-text.ts";

const group: GroupRecord = {
  ...GroupRecord.decode(Buffer.alloc(GroupRecord.fixedSize)),
  groupName: "group2",
  totalMib: 252 * 1024,
  freeMib: 79 * 1024,
  reservedMib: 1,
  trunkFreeMib: 63,
  storageCount: 2,
  readableStorageCount: 1,
  storagePort: 23102,
  storePathCount: 1,
  subdirCountPerPath: 4,
  currentTrunkFileId: -1,
};

function storage(change: Partial<StorageView>, statistics: Partial<StorageView["statistics"]> = {}): StorageView {
  const empty = StorageRecord.decode(Buffer.alloc(StorageRecord.fixedSize));
  const row = { ...empty, groupName: "group2", storageId: "100001", storageIp: "10.0.0.1", storagePort: 23102 };
  const all = { ...row, status: 7, rwMode: rwModes.readWrite, version: "6.16.1", ...change };
  const statusName = storageStatusOf(all.status) ?? String(all.status);
  return { ...all, statusName, statistics: { ...empty.statistics, ...statistics } };
}

const linesOf = (...storages: StorageView[]): string[] =>
  printMonitorAsC({ groups: [group], storages, trackers: ["10.0.0.9:22122"], isOneGroup: false }).split("\n");

describe("the text of fdfs_monitor", () => {
  it("begins with the trackers and the group", () => {
    expect(linesOf(storage({})).slice(0, 26)).toEqual([
      "tracker server count=1, current server index=0",
      "",
      "tracker server is 10.0.0.9:22122",
      "",
      "group count: 1",
      "",
      "Group 1:",
      "group name = group2",
      "disk total space     =  252 GB",
      "disk free space      =   79 GB",
      "disk reserved space  =  1.0 MB",
      "disk available space =   79 GB",
      "storage server count = 2",
      "readable server count = 1",
      "writable server count = 0",
      "storage server port = 23102",
      "store path count = 1",
      "subdir count per path = 4",
      "current write server index = 0",
      "",
      "\tStorage 1:",
      "\t\tid = 100001",
      "\t\thost = 10.0.0.1:23102  ACTIVE",
      "\t\tread write mode = both (normal)",
      "\t\tversion = 6.16.1",
      "\t\tjoin time = ",
    ]);
  });

  it("of one group has no count of groups", () => {
    const text = printMonitorAsC({ groups: [group], storages: [], trackers: ["a:1", "b:1"], isOneGroup: true });
    expect(text.split("\n").slice(0, 5)).toEqual([
      "tracker server count=2, current server index=0",
      "",
      "tracker server is a:1",
      "",
      "group name = group2",
    ]);
  });

  it("names the trunk server and the trunk file where there are any", () => {
    const text = printMonitorAsC({
      groups: [{ ...group, currentTrunkFileId: 7 }],
      storages: [storage({ isTrunkServer: true })],
      trackers: ["a:1"],
      isOneGroup: false,
    });
    expect(text).toContain("\ntrunk free space =   63 MB\nstorage server count");
    expect(text).toContain(
      "\ncurrent write server index = 0\ncurrent trunk server = 100001 (10.0.0.1)\ncurrent trunk file id = 7\n\n",
    );
    expect(text).toContain("\t\tif_trunk_server = 1\n");
  });

  it("has the counters of each storage, C's misspelling included", () => {
    const lines = linesOf(storage({}, { totalDownloadBytes: 12, successFileWriteCount: 3 }), storage({}));
    expect(lines).toContain("\t\tstotal_download_bytes = 12");
    expect(lines).toContain("\t\tsuccess_file_write_count = 3");
    expect(lines.filter((line) => /(total|success)_\w+_(count|bytes) = \d+$/.test(line)).length).toBe(2 * 38);
    // Only the first storage of a group has an empty line before it.
    const second = lines.indexOf("\tStorage 2:");
    expect(lines[second - 1]).toBe(`\t\tlast_synced_timestamp = ${printTime(0)} `);
  });

  it.each<[Partial<StorageView>, string, string]>([
    [{ status: 0, rwMode: 0 }, "INIT", "none (disabled)"],
    [{ status: 5, rwMode: 4 }, "OFFLINE", "readonly"],
    [{ status: 9, rwMode: 2 }, "RECOVERY", "writeonly"],
    [{ status: 99, rwMode: 6 }, "UNKNOWN", "both (normal)"],
    [{ status: 55, rwMode: 1 }, "UNKNOWN", "unknown"],
  ])("%j is shown as %s, %s", (change, status, mode) => {
    const lines = linesOf(storage(change));
    expect(lines).toContain(`\t\thost = 10.0.0.1:23102  ${status}`);
    expect(lines).toContain(`\t\tread write mode = ${mode}`);
  });

  it.each([
    [0, "(never synced)"],
    [1_700_000_000, "(0 second delay)"],
    [1_699_999_999, "(1 second delay)"],
    [1_700_000_000 - 3605, "(1 hour 5 seconds delay)"],
    [1_700_000_000 - 86_460, "(1 day 1 minute delay)"],
    [1_700_000_000 - 100_000, "(1 day 3 hours 46 minutes 40 seconds delay)"],
    [1_700_000_500, "(0 second delay)"],
  ])("a storage that is synced up to %i says %s", (lastSyncedSeconds, said) => {
    const source = storage({ storageId: "100002" }, { lastSourceUpdateSeconds: 1_700_000_000 });
    const text = linesOf(storage({}, { lastSyncedSeconds }), source).join("\n");
    expect(text).toContain(`\t\tlast_synced_timestamp = ${printTime(lastSyncedSeconds)} ${said}\n`);
  });

  it.each([
    [0, "   0  B"],
    [1, " 1.0 MB"],
    [9, " 9.0 MB"],
    [10, "  10 MB"],
    [999, " 999 MB"],
    [1023, "1023 MB"],
    [1024, " 1.0 GB"],
    [1500, " 1.5 GB"],
    [3000, " 2.9 GB"],
    [9999, " 9.8 GB"],
    [10_239, "  10 GB"],
    [19_998, "  20 GB"],
    [1_572_864, " 1.5 TB"],
    [3_221_225_472, " 3.0 PB"],
  ])("%i MiB are %s", (mib, text) => {
    expect(printCMib(mib)).toBe(text);
  });
});

describe("the text of fdfs_file_info", () => {
  const info: FileInfo = {
    fileId: "group1/M00/00/01/x.txt",
    groupName: "group1",
    logicalName: "M00/00/01/x.txt",
    kind: "normal",
    fileBytes: 100_006,
    crc32: 0xb3d4bde8,
    createdAt: new Date(1_700_000_000_000),
    modifiedAt: undefined,
    source: { type: "ip", ip: "10.77.0.2" },
    sourceIp: undefined,
    origin: "name",
  };

  it("of what the name says", () => {
    expect(printInfoAsC(info)).toBe(
      [
        "GET FROM SERVER: false",
        "",
        "file type: normal",
        "source storage id: 0",
        "source ip address: 10.77.0.2",
        `file create timestamp: ${printTime(1_700_000_000)}`,
        "file size: 100006",
        "file crc32: -1277903384 (0xb3d4bde8)",
        "",
      ].join("\n"),
    );
  });

  it("of what a storage says, whose time is that of the last change, and without checksum", () => {
    const asked: FileInfo = {
      ...info,
      kind: "appender",
      crc32: undefined,
      modifiedAt: new Date(1_700_000_009_000),
      source: { type: "id", storageId: "100001" },
      sourceIp: "10.77.0.3",
      origin: "server",
    };
    expect(printInfoAsC(asked)).toBe(
      [
        "GET FROM SERVER: true",
        "",
        "file type: appender",
        "source storage id: 100001",
        "source ip address: 10.77.0.3",
        `file create timestamp: ${printTime(1_700_000_009)}`,
        "file size: 100006",
        "",
      ].join("\n"),
    );
  });
});
