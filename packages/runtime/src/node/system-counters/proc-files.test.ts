import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { deviceName, parseDisks, parseInterfaces, parseMemory, parseProcessorTimes, parseSpeed } from "./proc-files.ts";

describe("/proc/stat", () => {
  it.each([
    [
      "a machine with two processors",
      "cpu  100 10 50 800 30 4 6 0 90 5\ncpu0 1 1 1 1\nintr 5\n",
      { used: 170, total: 1000 },
    ],
    ["without the columns after idle, as Linux 2.4", "cpu 1 2 3 4\n", { used: 6, total: 10 }],
    ["one more column than today", "cpu  1 0 0 1 0 0 0 2 0 0 77\n", { used: 3, total: 4 }],
    ["no sum line", "cpu0 1 2 3 4\n", undefined],
    ["too few columns", "cpu  1 2 3\n", undefined],
    ["a negative number", "cpu  1 -2 3 4\n", undefined],
    ["a number that cannot be counted with", "cpu  1 2 3 99999999999999999999\n", undefined],
    ["nothing", "", undefined],
  ])("%s", (_, text, expected) => expect(parseProcessorTimes(text)).toEqual(expected));
});

describe("/proc/meminfo", () => {
  const line = (key: string, kib: number | string) => `${key}:       ${kib} kB\n`;
  it.each([
    [
      "usual",
      line("MemTotal", 1000) + line("MemFree", 10) + line("MemAvailable", 400),
      { totalBytes: 1_024_000, availableBytes: 409_600 },
    ],
    ["old", line("MemTotal", 1000) + line("MemFree", 10), undefined],
    ["more available than there is", line("MemTotal", 10) + line("MemAvailable", 11), undefined],
    ["no memory", line("MemTotal", 0) + line("MemAvailable", 0), undefined],
    ["no number", line("MemTotal", "many") + line("MemAvailable", 11), undefined],
    ["nothing", "", undefined],
  ])("%s", (_, text, expected) => expect(parseMemory(text)).toEqual(expected));
});

describe("/proc/diskstats", () => {
  const text = [
    "   8       0 sda 10 1 200 5 20 2 400 6 0 7000 11 0 0 0 0",
    "   8       1 sda1 5 1 100 5 10 2 200 6 0 3500 11",
    " 253       0 dm-0 1 0 8 1 1 0 8 1 0 2 2 0 0 0 0 0 0",
    "   8      17 sdb1 1 2 3 4",
    "   8      33 sdc1 1 2 3 4 5 6 7 8 9 x",
    "",
  ].join("\n");
  const found = (...devices: string[]) => parseDisks(text, new Set(devices));

  it("has a line per disk, partition and mapped device; those that are watched are taken", () => {
    expect(found("8:1", "253:0")).toEqual([
      { device: "8:1", busyMs: 3500, bytes: 300 * 512 },
      { device: "253:0", busyMs: 2, bytes: 16 * 512 },
    ]);
  });

  it("says nothing about file systems without a device, and in lines that are short or no numbers", () => {
    expect(found("0:45", "8:17", "8:33")).toEqual([]);
    expect(parseDisks("", new Set(["8:1"]))).toEqual([]);
  });
});

describe("/proc/net/dev", () => {
  const head =
    "Inter-|   Receive                                                |  Transmit\n" +
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n";
  it.each([
    ["loopback", head + "    lo: 9 1 0 0 0 0 0 0 9 1 0 0 0 0 0 0\n", []],
    [
      "an interface",
      head + "  eth0: 100 1 0 0 0 0 0 0 200 1 0 0 0 0 0 0\n",
      [{ name: "eth0", receivedBytes: 100, sentBytes: 200 }],
    ],
    [
      "no space before a long number",
      "eth0:100 1 0 0 0 0 0 0 200 1\n",
      [{ name: "eth0", receivedBytes: 100, sentBytes: 200 }],
    ],
    ["a line that was cut", "eth0: 100 1 0 0\n", []],
    ["no numbers", "eth0: a b c d e f g h i j\n", []],
    ["nothing", "", []],
  ])("%s", (_, text, expected) => expect(parseInterfaces(text)).toEqual(expected));
});

it.each([
  ["1000\n", 1_000_000_000],
  ["-1\n", undefined],
  ["0\n", undefined],
  ["", undefined],
  ["fast", undefined],
])("the speed %j", (text, expected) => expect(parseSpeed(text)).toBe(expected));

it.each([
  [0xfe00, "254:0"],
  [0x0801, "8:1"],
  [45, "0:45"],
  [0x10_0305, "3:261"],
  [0x1000_0000_0801, "4104:1"],
])("the device number %d is %s", (dev, name) => expect(deviceName(dev)).toBe(name));

it("no text makes a parser throw or answer anything but counters", () => {
  const pieces = fc.constantFrom(
    "cpu ",
    "MemTotal: ",
    "MemAvailable: ",
    "8 1 sda1 ",
    "eth0:",
    " kB",
    "\n",
    " ",
    "-",
    "7",
    "1e9",
    "NaN",
    "18446744073709551615",
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(pieces, fc.string({ maxLength: 5 }))), (parts) => {
      const text = parts.join("");
      const found = [
        parseProcessorTimes(text),
        parseMemory(text),
        ...parseDisks(text, new Set(["8:1"])),
        ...parseInterfaces(text),
      ];
      const numbers = found
        .flatMap((each): unknown[] => Object.values(each ?? {}))
        .filter((value) => typeof value === "number");
      expect(numbers.every((value) => value >= 0)).toBe(true);
    }),
  );
});
