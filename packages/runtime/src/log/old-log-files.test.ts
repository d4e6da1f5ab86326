import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { MemoryDisk } from "../../test/memory-disk.ts";
import { SteppedClock } from "../../test/stepped-clock.ts";
import type { LogFileConfig } from "../config/server-config.ts";
import { SystemError, systemErrorCode } from "../ports/system-error.ts";
import { RotatingFile } from "./rotating-file.ts";

const start = new Date(2026, 10, 22, 23, 59, 50).getTime();
const dayMs = 86_400_000;
const midnight = { hour: 0, minute: 0, second: 0 };
const config: LogFileConfig = {
  flushIntervalMs: 1000,
  rotateDaily: true,
  rotateTime: midnight,
  rotateOnSizeBytes: 0,
  compressOld: true,
  compressDaysBefore: 1,
  keepDays: 15,
  deleteOldTime: { hour: 1, minute: 30, second: 0 },
};

function setUp(more: Partial<LogFileConfig> = {}) {
  const clock = new SteppedClock(start);
  const disk = new MemoryDisk(clock);
  const troubles: unknown[] = [];
  const open = () =>
    RotatingFile.open({
      disk,
      clock,
      path: "/l/x.log",
      config: { ...config, ...more },
      onError: (error, concerns) => troubles.push([concerns, systemErrorCode(error)]),
    });
  /** Lets time pass, and promises settle. */
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += ms / 100) {
      clock.advance(ms / 100);
      await Promise.resolve();
      await Promise.resolve();
    }
  };
  return { clock, disk, troubles, open, pass };
}

const unzipped = (disk: MemoryDisk, path: string) => gunzipSync(disk.readFile(path)).toString();

describe("old copies of a log", () => {
  it("are compressed at their age, with the time of the original, which is gone then", async () => {
    const { disk, open, pass } = setUp();
    disk.put("/l/x.log.20261121", "yesterday\n", start - dayMs).put("/l/x.log.20261122_101112", "today\n");
    const file = open();
    await pass(1000);
    expect(disk.readDirectory("/l")).toEqual(["x.log", "x.log.20261121.gz", "x.log.20261122_101112"]);
    expect(unzipped(disk, "/l/x.log.20261121.gz")).toBe("yesterday\n");
    expect(disk.stat("/l/x.log.20261121.gz")!.modifiedMs).toBe(start - dayMs);
    await pass(2 * 3_600_000);
    expect(disk.readDirectory("/l")).toEqual(["x.log", "x.log.20261121.gz", "x.log.20261122_101112.gz"]);
    file.close();
    expect(disk.openFiles).toBe(0);
  });

  it("of any size are read back as they were, in pieces with pauses between", async () => {
    const { clock, disk, open, pass } = setUp();
    const large = Buffer.from(Array.from({ length: 500_000 }, (_, at) => (at * 7) ^ (at >> 9)));
    disk.put("/l/x.log.20261120", large).put("/l/x.log.20261121", "");
    const file = open();
    const writes = disk.writes;
    clock.advance(1);
    expect(disk.writes - writes).toBe(1);
    await pass(1000);
    expect(gunzipSync(disk.readFile("/l/x.log.20261120.gz")).equals(large)).toBe(true);
    expect(unzipped(disk, "/l/x.log.20261121.gz")).toBe("");
    expect(disk.stat("/l/x.log.20261120")).toBeUndefined();
    file.close();
  });

  it("are compressed as soon as they are old with days 0, and never replace one of the same day", async () => {
    const { disk, open, pass } = setUp({ compressDaysBefore: 0, rotateOnSizeBytes: 0 });
    disk.put("/l/x.log.20261122.gz", "an earlier one");
    const file = open();
    file.append("last of the day\n");
    await pass(12_000);
    expect(disk.text("/l/x.log.20261122.gz")).toBe("an earlier one");
    expect(unzipped(disk, "/l/x.log.20261123_000000.gz")).toBe("last of the day\n");
    file.close();
  });

  it("stay plain when that is not wanted", async () => {
    const { disk, open, pass } = setUp({ compressOld: false });
    disk.put("/l/x.log.20261120", "x");
    const file = open();
    await pass(dayMs);
    expect(disk.text("/l/x.log.20261120")).toBe("x");
    file.close();
  });

  it("are left as they are by a server that stops on the way; the next one begins anew", async () => {
    const { clock, disk, open, pass } = setUp();
    const content = "x".repeat(300_000);
    disk.put("/l/x.log.20261120", content);
    const file = open();
    clock.advance(1);
    expect(disk.stat("/l/x.log.20261120.gz.tmp")).toBeDefined();
    file.close();
    file.close();
    expect([disk.readDirectory("/l"), disk.openFiles, clock.timers]).toEqual([["x.log", "x.log.20261120"], 0, 0]);
    // One that was killed leaves its half behind.
    disk.put("/l/x.log.20261120.gz.tmp", "half");
    const next = open();
    await pass(1000);
    expect(unzipped(disk, "/l/x.log.20261120.gz")).toBe(content);
    expect(disk.readDirectory("/l")).toEqual(["x.log", "x.log.20261120.gz"]);
    next.close();
  });

  it("are left as they are by a disk that fails, which is told, and tried again the next day", async () => {
    const { disk, troubles, open, pass } = setUp();
    disk.put("/l/x.log.20261120", "x");
    const file = open();
    disk.writeError = new SystemError("ENOSPC", "write");
    await pass(3_600_000);
    expect([troubles, disk.readDirectory("/l")]).toEqual([[["old files", "ENOSPC"]], ["x.log", "x.log.20261120"]]);
    disk.writeError = undefined;
    await pass(3_600_000);
    expect(unzipped(disk, "/l/x.log.20261120.gz")).toBe("x");
    file.close();
    expect([disk.openFiles, file.lostLines]).toEqual([0, 0]);
  });

  it("are deleted at their age, compressed or half so", () => {
    const { disk, open } = setUp({ keepDays: 2 });
    for (const name of ["x.log.20261119", "x.log.20261118.gz", "x.log.20261118_101010.gz.tmp"])
      disk.put(`/l/${name}`, "");
    for (const name of ["x.log.20261120.gz", "x.log.20261118.gzip"]) disk.put(`/l/${name}`, "");
    open().close();
    expect(disk.readDirectory("/l")).toEqual(["x.log", "x.log.20261118.gzip", "x.log.20261120.gz"]);
  });
});
