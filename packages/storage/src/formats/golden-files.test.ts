// The state files that C 6.16 storages left behind, read and written back byte for byte.
import { readFileSync } from "node:fs";
import { join } from "node:path";

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { StorageStatistics } from "../stats.ts";
import { decodePathMark, encodePathMark } from "../store/path-mark.ts";
import { parseBinlogIndex, printBinlogIndex } from "./binlog-index-file.ts";
import { newDataInitFlag, parseDataInitFlag, printDataInitFlag } from "./data-init-flag.ts";
import { parseKeyValues } from "./key-values.ts";
import { parseSyncMark, printSyncMark, syncMarkFileName } from "./mark-file.ts";
import { parseStatistics, printStatistics } from "./stat-file.ts";

const storages = [
  { name: "c-plain-storage1", address: "10.98.0.11", peer: "10.98.0.12", stamp: 1795321042 },
  { name: "c-plain-storage2", address: "10.98.0.12", peer: "10.98.0.11", stamp: 1795321048 },
  { name: "c-trunk-storage1", address: "10.98.0.11", peer: "10.98.0.12", stamp: 1795321577 },
  { name: "c-trunk-storage2", address: "10.98.0.12", peer: "10.98.0.11", stamp: 1795321592 },
];

function fixture(storage: string, file: string): string {
  return readFileSync(join(import.meta.dirname, "../../test/fixtures", storage, file), "utf8");
}

function parsed<T>(value: T | string): T {
  if (typeof value === "string") throw new Error(value);
  return value;
}

describe.each(storages)("state files of $name", ({ name, address, peer, stamp }) => {
  it("storage_stat.dat reads back to the same bytes", () => {
    const text = fixture(name, "storage_stat.dat");
    const { statistics, unreadable } = parseStatistics(text);
    expect(unreadable).toEqual([]);
    expect(printStatistics(statistics)).toBe(text);
    expect(statistics.totalUploadCount).toBeGreaterThan(0);
  });

  it(".data_init_flag reads back to the same bytes", () => {
    const text = fixture(name, ".data_init_flag");
    const flag = parsed(parseDataInitFlag(text));
    expect(printDataInitFlag(flag)).toBe(text);
    expect(flag).toMatchObject({ joinTimeSeconds: stamp, isSyncOldDone: true, lastIpAddress: address });
    expect(flag.storePathMarks).toHaveLength(2);
  });

  it("binlog_index.dat and the peer's mark read back to the same bytes", () => {
    const index = fixture(name, "binlog_index.dat");
    expect(printBinlogIndex(parseBinlogIndex(index)!)).toBe(index);
    const markName = syncMarkFileName({ mode: "ip", storageId: peer, port: 23000 });
    const mark = fixture(name, markName);
    expect(printSyncMark(parsed(parseSyncMark(mark)))).toBe(mark);
  });

  it.each([0, 1])("the mark of store path %i decodes and encodes to the same text", (storePathIndex) => {
    const text = fixture(name, `store-path${storePathIndex}.fastdfs_vars`);
    const mark = parseKeyValues(text).get("store_path_mark")!;
    expect(parsed(parseDataInitFlag(fixture(name, ".data_init_flag"))).storePathMarks[storePathIndex]).toBe(mark);
    const facts = decodePathMark(mark)!;
    expect(facts).toMatchObject({ address, port: 23000, storePathIndex });
    // The storage of the first join made its marks in the second in which it wrote its init flag, or the next.
    expect(facts.createdSeconds - stamp).toBeOneOf([0, 1]);
    expect(encodePathMark(facts)).toBe(mark);
  });
});

describe("storage_stat.dat", () => {
  it("takes missing keys for 0 and names unreadable values", () => {
    const { statistics, unreadable } = parseStatistics(
      "success_upload_count=7\ntotal_upload_count=x\n\n# note\ndist_path",
    );
    expect(statistics.successUploadCount).toBe(7);
    expect(statistics.totalUploadCount).toBe(0);
    expect(unreadable).toEqual(["total_upload_count"]);
  });

  it("saves every number of the statistics", () => {
    const statistics = new StorageStatistics();
    const names = Object.keys(statistics) as (keyof StorageStatistics)[];
    for (const [index, name] of names.entries()) (statistics as unknown as Record<string, number>)[name] = index + 1;
    expect(parseStatistics(printStatistics(statistics)).statistics).toEqual(statistics);
  });
});

describe(".data_init_flag", () => {
  it.each(["storage_join_time", "sync_old_done", "sync_src_server"])("says that %s is missing", (key) => {
    const text = printDataInitFlag(newDataInitFlag(1)).replace(new RegExp(`^${key}=.*\n`, "m"), "");
    expect(parseDataInitFlag(text)).toBe(`${key} is missing`);
  });

  it("keeps marks at their index and keys it does not know", () => {
    const text = `${printDataInitFlag(newDataInitFlag(5))}store_path_mark1=abc\nfuture_key=1\n`;
    const flag = parsed(parseDataInitFlag(text));
    expect(flag.storePathMarks).toEqual([undefined, "abc"]);
    expect(printDataInitFlag(flag)).toBe(text);
  });

  it("round-trips any values", () => {
    const number = fc.integer({ min: 0, max: 2 ** 40 });
    const flags = fc.record({
      joinTimeSeconds: number,
      isSyncOldDone: fc.boolean(),
      syncSourceId: fc.constantFrom("", "10.0.0.1", "100001"),
      syncUntilSeconds: number,
      lastIpAddress: fc.constantFrom("", "10.0.0.1", "10.0.0.1,192.168.0.1"),
      lastPort: number,
      currentTrunkFileId: number,
      trunkLastCompressSeconds: number,
      trunkBinlogCompressStage: fc.integer({ min: 0, max: 9 }),
      storePathMarks: fc.array(fc.constantFrom("mark-a", "mark-b"), { maxLength: 4 }),
      unknown: fc.constant(new Map<string, string>()),
    });
    fc.assert(
      fc.property(flags, (flag) => {
        expect(parseDataInitFlag(printDataInitFlag(flag))).toEqual(flag);
      }),
    );
  });
});

describe("any text", () => {
  it("is either read or described, never thrown at", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(typeof parseDataInitFlag(text)).toBeOneOf(["string", "object"]);
        expect(typeof parseSyncMark(text)).toBeOneOf(["string", "object"]);
        expect(typeof parseBinlogIndex(text)).toBeOneOf(["undefined", "object"]);
        parseStatistics(text);
        decodePathMark(text);
      }),
    );
  });

  it.each(["binlog_index", "binlog_offset", "need_sync_old", "sync_old_done", "until_timestamp", "scan_row_count"])(
    "without %s is no mark",
    (key) => {
      const text = fixture("c-plain-storage1", "10.98.0.12_23000.mark").replace(new RegExp(`^${key}=.*\n`, "m"), "");
      expect(parseSyncMark(text)).toBe(`${key} is missing`);
    },
  );
});
