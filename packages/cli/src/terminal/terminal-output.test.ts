import type { Clock } from "@fastdfs-ts/runtime";
import { describe, expect, it } from "vitest";

import { recordingTerminal } from "../../test/recording-terminal.ts";
import { ProgressBar } from "./progress-bar.ts";
import { printFacts, printTable, widthOf } from "./table.ts";
import { coloured, processTerminal } from "./terminal.ts";
import { plural, printAgo, printBytes, printCount, printDuration, printPercent, printTime } from "./units.ts";

describe("units", () => {
  it.each<[number, string]>([
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1.0 KB"],
    [1536, "1.5 KB"],
    [1024 * 1024 - 1, "1.0 MB"],
    [150 * 1024 * 1024, "150 MB"],
    [5 * 1024 ** 4, "5.0 TB"],
    [Number.MAX_SAFE_INTEGER, "8.0 PB"],
  ])("%d bytes are %s", (bytes, text) => {
    expect(printBytes(bytes)).toBe(text);
  });

  it.each<[number, string]>([
    [0, "0 ms"],
    [999, "999 ms"],
    [1500, "1.5s"],
    [59_000, "59s"],
    [65_000, "1m 05s"],
    [3_600_000, "1h 00m"],
    [90_000_000, "1d 01h"],
  ])("%d ms are %s", (ms, text) => {
    expect(printDuration(ms)).toBe(text);
  });

  it("shares", () => {
    expect([printPercent(0, 0), printPercent(999, 1000), printPercent(5, 4)]).toEqual(["0%", "99%", "100%"]);
  });

  it("counts", () => {
    expect(printCount(1_234_567)).toBe("1,234,567");
    expect([plural(1, "file"), plural(1000, "file")]).toEqual(["1 file", "1,000 files"]);
  });

  it("tells times in local time and how long ago", () => {
    const local = new Date(2026, 10, 23, 5, 15, 8);
    expect(printTime(local.getTime() / 1000)).toBe("2026-11-23 05:15:08");
    expect(printAgo(0, 5000)).toBe("");
    expect(printAgo(5, 5400)).toBe("now");
    expect(printAgo(5, 8700)).toBe("3s ago");
    expect(printAgo(5, 125_000)).toBe("2m 00s ago");
  });
});

describe("tables", () => {
  const columns = [
    { title: "name", cell: (row: { name: string; count: number }) => row.name },
    { title: "n", align: "right" as const, cell: (row: { name: string; count: number }) => String(row.count) },
    { title: "end", cell: () => "x" },
  ];

  it("align text to the left and numbers to the right", () => {
    const rows = [
      { name: "a", count: 1000 },
      { name: "longer", count: 1 },
    ];
    expect(printTable(recordingTerminal(), columns, rows)).toBe(
      ["name       n  end", "a       1000  x", "longer     1  x"].join("\n"),
    );
  });

  it("count wide characters twice", () => {
    expect(widthOf("文件.txt")).toBe(8);
    const [, first] = printTable(recordingTerminal(), columns, [{ name: "文", count: 1 }]).split("\n");
    expect(first).toBe("文    1  x");
  });

  it("print facts under each other", () => {
    expect(
      printFacts([
        ["a", "1"],
        ["long", ""],
      ]),
    ).toBe("a     1\nlong");
  });

  it("are coloured only where the terminal can", () => {
    expect(coloured(recordingTerminal(), "bad", "x")).toBe("x");
    expect(coloured(recordingTerminal({ hasStyles: true }), "bad", "x")).toBe("\u001B[31mx\u001B[39m");
  });
});

describe("the progress bar", () => {
  const clockAt = (time: { ms: number }) => ({ monotonic: () => time.ms }) as Clock;

  it("is not drawn when nobody looks on", () => {
    const terminal = recordingTerminal();
    const bar = new ProgressBar(terminal, clockAt({ ms: 0 }), { bytes: 10 });
    bar.addBytes(10);
    bar.end();
    expect(terminal.err()).toBe("");
  });

  it("shows share, sizes, speed and time left, and leaves no trace", () => {
    const time = { ms: 0 };
    const terminal = recordingTerminal({ showsProgress: true, columns: () => 120 });
    const bar = new ProgressBar(terminal, clockAt(time), { bytes: 4096, files: 4 });
    time.ms = 1000;
    bar.addBytes(1024);
    expect(terminal.err()).toContain("25%  0/4 files  1.0 KB/4.0 KB  1.0 KB/s  3.0s left");
    bar.end();
    expect(terminal.err().endsWith("\r\u001B[K")).toBe(true);
  });

  it("waits before it appears, so that a quick transfer shows none", () => {
    const time = { ms: 0 };
    const terminal = recordingTerminal({ showsProgress: true });
    const bar = new ProgressBar(terminal, clockAt(time), { bytes: 10 });
    time.ms = 150;
    bar.addBytes(10);
    bar.end();
    expect(terminal.err()).toBe("");
  });

  it("never breaks the line", () => {
    const time = { ms: 0 };
    const terminal = recordingTerminal({ showsProgress: true, columns: () => 30 });
    const bar = new ProgressBar(terminal, clockAt(time), { bytes: 4096, files: 4 });
    time.ms = 1000;
    bar.addBytes(1024);
    const drawn = terminal.err().replace(/\r|\u001B\[K/g, "");
    expect(widthOf(drawn)).toBeLessThan(30);
  });
});

describe("the width of a terminal", () => {
  it.each<[object, number]>([
    [{ isTTY: true, columns: 132 }, 132],
    [{ isTTY: true, columns: 0 }, 80],
    [{}, 80],
  ])("that says %j is %i", (stderr, columns) => {
    const process = { stdout: {}, stderr, env: {} } as unknown as NodeJS.Process;
    expect(processTerminal(process).columns()).toBe(columns);
  });
});
