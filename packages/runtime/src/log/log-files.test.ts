import { describe, expect, it } from "vitest";
import { MemoryDisk } from "../../test/memory-disk.ts";
import { SteppedClock } from "../../test/stepped-clock.ts";
import type { LogFileConfig } from "../config/server-config.ts";
import { SystemError, systemErrorCode } from "../ports/system-error.ts";
import { AccessLineFormat, AccessLog } from "./access-log.ts";
import { lastDaily, LocalTimeText, nextDaily } from "./local-time.ts";
import { fileSink } from "./log-sinks.ts";
import { RotatingFile } from "./rotating-file.ts";
import { textFormat } from "./text-format.ts";

const start = new Date(2026, 10, 22, 23, 59, 50).getTime();
const dayMs = 86_400_000;
const config: LogFileConfig = {
  flushIntervalMs: 1000,
  rotateDaily: true,
  rotateTime: { hour: 0, minute: 0, second: 0 },
  rotateOnSizeBytes: 0,
  compressOld: false,
  compressDaysBefore: 1,
  keepDays: 2,
  deleteOldTime: { hour: 1, minute: 30, second: 0 },
};

function setUp(more: Partial<LogFileConfig> = {}) {
  const clock = new SteppedClock(start);
  const disk = new MemoryDisk(clock);
  const errors: unknown[] = [];
  const open = () =>
    RotatingFile.open({
      disk,
      clock,
      path: "/l/x.log",
      config: { ...config, ...more },
      onError: (error, concerns) => errors.push([concerns, systemErrorCode(error)]),
    });
  return { clock, disk, errors, open };
}

describe("rotating file", () => {
  it("writes in batches, and what is left at the end", () => {
    const { clock, disk, open } = setUp();
    const file = open();
    file.append("a\n");
    file.append("b\n");
    expect(disk.text("/l/x.log")).toBe("");
    clock.advance(1000);
    expect([disk.text("/l/x.log"), disk.writes]).toEqual(["a\nb\n", 1]);
    file.append("c\n");
    file.close();
    file.close();
    file.append("too late\n");
    expect(disk.text("/l/x.log")).toBe("a\nb\nc\n");
    expect(clock.timers).toBe(0);
  });

  it("does not keep more than a bounded batch in memory", () => {
    const { disk, open } = setUp();
    const file = open();
    file.append("x".repeat(64 * 1024));
    expect(disk.writes).toBe(1);
    file.close();
  });

  it("starts a new file at midnight under the date of the day that ended", () => {
    const { clock, disk, open } = setUp();
    const file = open();
    file.append("old\n");
    clock.advance(11_000);
    file.append("new\n");
    file.close();
    expect([disk.text("/l/x.log.20261122"), disk.text("/l/x.log")]).toEqual(["old\n", "new\n"]);
  });

  it("never replaces a copy that exists, and makes none of an empty file", () => {
    const { clock, disk, open } = setUp();
    disk.put("/l/x.log.20261122", "kept");
    const file = open();
    clock.advance(dayMs);
    expect(disk.readDirectory("/l")).toEqual(["x.log", "x.log.20261122"]);
    file.close();
    const second = setUp();
    second.disk.put("/l/x.log.20261122", "kept");
    const again = second.open();
    again.append("a\n");
    second.clock.advance(11_000);
    again.close();
    expect(second.disk.text("/l/x.log.20261122")).toBe("kept");
    expect(second.disk.text("/l/x.log.20261123_000000")).toBe("a\n");
  });

  it("rotates at the size, with the time in the name", () => {
    const { clock, disk, open } = setUp({ rotateOnSizeBytes: 4, rotateDaily: false });
    const file = open();
    file.append("1234\n");
    clock.advance(1000);
    file.append("5\n");
    file.close();
    expect(disk.text("/l/x.log.20261122_235951")).toBe("1234\n");
    expect(disk.text("/l/x.log")).toBe("5\n");
  });

  it("rotates at the start what was written before the last rotation", () => {
    const { disk, open } = setUp();
    disk.put("/l/x.log", "yesterday\n", start - dayMs);
    open().close();
    expect([disk.text("/l/x.log.20261121"), disk.text("/l/x.log")]).toEqual(["yesterday\n", ""]);
  });

  it("deletes old copies by the date in their names, and nothing else", () => {
    const { clock, disk, open } = setUp();
    const old = ["x.log.20261119", "x.log.20261120_101010", "x.log.20261120.gz"];
    const kept = ["x.log.20261121", "x.log.backup", "x.logs.20200101", "y.log.20200101"];
    for (const name of [...old, ...kept]) disk.put(`/l/${name}`, "x");
    const file = open();
    clock.advance(2 * 3_600_000);
    file.close();
    expect(disk.readDirectory("/l")).toEqual(["x.log", ...kept].sort());
  });

  it("keeps everything with keep_days 0", () => {
    const { clock, disk, open } = setUp({ keepDays: 0 });
    disk.put("/l/x.log.20200101", "x");
    const file = open();
    clock.advance(dayMs);
    file.close();
    expect(disk.stat("/l/x.log.20200101")).toBeDefined();
  });

  it("deletes at the start, too: a server may never run at that time of the day", () => {
    const { disk, open } = setUp();
    disk.put("/l/x.log.20261119", "x");
    open().close();
    expect(disk.readDirectory("/l")).toEqual(["x.log"]);
  });

  it("loses counted lines on a failing disk, reports once, and goes on", () => {
    const { clock, disk, errors, open } = setUp();
    const file = open();
    disk.writeError = new SystemError("ENOSPC", "write");
    for (const line of ["a\n", "b\n"]) {
      file.append(line);
      clock.advance(1000);
    }
    expect([file.lostLines, errors.length]).toEqual([2, 1]);
    disk.writeError = undefined;
    file.append("c\n");
    file.close();
    expect(disk.text("/l/x.log")).toBe("c\n");
  });

  it("gets urgent records at once, others with the batch", () => {
    const { disk, open } = setUp();
    const sink = fileSink(open(), textFormat());
    sink.write({ timeMs: start, level: "info", message: "one", fields: {} });
    expect(disk.text("/l/x.log")).toBe("");
    sink.write({ timeMs: start, level: "error", message: "two", fields: {} });
    expect(disk.text("/l/x.log").split("\n")).toHaveLength(3);
    sink.close();
  });
});

describe("access log", () => {
  const at = new Date(2026, 10, 22, 4, 17, 39, 634).getTime();

  it("writes the lines of storage-formats.md §7.2", () => {
    const format = new AccessLineFormat("ms");
    expect(format.header(at)).toBe(
      "[2026-11-22 04:17:39.634] client_ip action filename status time_used_ms req_len resp_len\n",
    );
    expect(
      format.line(at, "10.98.0.100", "upload", "M00/00/00/CmIAC2sCbOOAPw7tAAAAIZWFsUE780.txt", 0, 1.9, 58, 70),
    ).toBe("[2026-11-22 04:17:39.634] 10.98.0.100 upload M00/00/00/CmIAC2sCbOOAPw7tAAAAIZWFsUE780.txt 0 1 58 70\n");
    const micros = new AccessLineFormat("us");
    expect(micros.header(at)).toContain("[2026-11-22 04:17:39.634000] client_ip action filename status time_used_us ");
    expect(micros.line(at + 0.25, "::1", "delete", "x", 2, 1.9, 1, 2)).toBe(
      "[2026-11-22 04:17:39.634250] ::1 delete x 2 1900 1 2\n",
    );
  });

  it("lets no name of a peer move columns or add lines", () => {
    const line = new AccessLineFormat("ms").line(at, "::1", "download", "a b\n[x] c\u0000", 22, 0, 1, 2);
    expect(line.split(" ")).toHaveLength(9);
    expect(line).toContain(" a\\x20b\\x0a[x]\\x20c\\x00 22 ");
    expect(new AccessLineFormat("ms").line(at, "::1", "upload", "", 22, 0, 1, 2)).toContain(" upload - 22 ");
  });

  it("begins every new file with a header and never writes per request", () => {
    const { clock, disk } = setUp();
    const log = AccessLog.open({ disk, clock, path: "/l/a.log", config: { ...config, timePrecision: "ms" } });
    const before = disk.writes;
    for (let n = 0; n < 100; n++) log.request("10.0.0.1", "download", "M00/00/00/x", 0, clock.monotonic(), 60, 5000);
    expect(disk.writes).toBe(before);
    clock.advance(11_000);
    log.request("10.0.0.1", "download", "M00/00/00/x", 0, clock.monotonic() - 7, 60, 5000);
    log.close();
    const old = disk.text("/l/a.log.20261122").split("\n");
    expect(old).toHaveLength(102);
    expect(old[0]).toMatch(/client_ip action/);
    const fresh = disk.text("/l/a.log").split("\n");
    expect(fresh[0]).toMatch(/client_ip action/);
    expect(fresh[1]).toMatch(/ 10\.0\.0\.1 download M00\/00\/00\/x 0 7 60 5000$/);
  });
});

describe("local times", () => {
  it("finds daily moments around a time", () => {
    const time = { hour: 23, minute: 59, second: 50 };
    expect(nextDaily(start, time)).toBe(new Date(2026, 10, 23, 23, 59, 50).getTime());
    expect(nextDaily(start - 1, time)).toBe(start);
    expect(lastDaily(start, time)).toBe(start);
    expect(lastDaily(start - 1, time)).toBe(new Date(2026, 10, 21, 23, 59, 50).getTime());
  });

  it("prints fractions of a second", () => {
    const text = new LocalTimeText();
    expect(text.fraction(start + 5, "ms")).toBe("2026-11-22 23:59:50.005");
    expect(text.fraction(start + 5, "us")).toBe("2026-11-22 23:59:50.005000");
  });
});
