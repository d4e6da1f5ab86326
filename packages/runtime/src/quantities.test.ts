import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  parseBoolean,
  parseLeadingInteger,
  parsePercentRatio,
  parseSizeBytes,
  parseSpaceReserve,
  parseTimeOfDay,
  printSizeBytes,
  printSpaceReserve,
  printTimeOfDay,
} from "./quantities.ts";

describe("quantities", () => {
  it.each([
    ["256KB", 262144],
    ["1 g", 1073741824],
    ["512", 512],
    ["64m", 67108864],
    ["2TB", 2199023255552],
    ["0", 0],
    ["-1", -1],
    ["", undefined],
    ["12X", undefined],
    ["1.5M", undefined],
    ["256B", undefined],
    ["9999999T", undefined],
  ])("reads the size %j as %j bytes", (text, bytes) => expect(parseSizeBytes(text)).toBe(bytes));

  it.each([
    ["20%", 0.2],
    ["0.5 %", 0.005],
    ["0%", undefined],
    ["100%", undefined],
    ["20", undefined],
  ])("reads the ratio %j as %j", (text, ratio) => expect(parsePercentRatio(text)).toBe(ratio));

  it.each([
    ["2:00", { hour: 2, minute: 0, second: 0 }],
    ["23:59:58", { hour: 23, minute: 59, second: 58 }],
    ["24:00", undefined],
    ["12", undefined],
    ["1:60", undefined],
  ])("reads the time %j", (text, time) => expect(parseTimeOfDay(text)).toEqual(time));

  it("knows C's words for yes, everything else is no", () => {
    expect(["true", "YES", "On", "1"].map(parseBoolean)).toEqual([true, true, true, true]);
    expect(["enabled", "2", "", "false", "true # x"].map(parseBoolean)).toEqual([false, false, false, false, false]);
  });

  it("reads leading digits, as C does", () => {
    expect(["23000 # x", " +5", "-3s", "abc", ""].map(parseLeadingInteger)).toEqual([23000, 5, -3, 0, 0]);
  });

  it("prints what it reads back", () => {
    const time = fc.record({ hour: fc.nat(23), minute: fc.nat(59), second: fc.nat(59) });
    fc.assert(
      fc.property(time, (value) => {
        expect(parseTimeOfDay(printTimeOfDay(value))).toEqual(value);
      }),
    );
    const bytes = fc.maxSafeNat();
    fc.assert(
      fc.property(bytes, (value) => {
        expect(parseSizeBytes(printSizeBytes(value))).toBe(value);
      }),
    );
    const percent = fc
      .integer({ min: 1, max: 9999 })
      .map((value) => ({ kind: "ratio" as const, ratio: value / 10000 }));
    fc.assert(
      fc.property(percent, (value) => {
        const read = parseSpaceReserve(printSpaceReserve(value));
        expect(read?.kind === "ratio" ? read.ratio : undefined).toBeCloseTo(value.ratio, 12);
      }),
    );
  });
});
