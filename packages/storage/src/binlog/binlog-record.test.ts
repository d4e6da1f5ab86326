import { FdfsError, MAX_NAME_BYTES } from "@fastdfs-ts/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { type BinlogOp, binlogOps, type BinlogRecord, parseBinlogRecord, printBinlogRecord } from "./binlog-record.ts";

const nameChars = Array.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./");
// Two names of full length would not fit a line.
const name = fc.string({ unit: fc.constantFrom(...nameChars), minLength: 1, maxLength: 110 });
const number = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }).map(String);

const record: fc.Arbitrary<BinlogRecord> = fc
  .constantFrom(...(Object.keys(binlogOps) as (keyof typeof binlogOps)[]))
  .chain((op) => {
    const { extra } = binlogOps[op];
    return fc.record({
      seconds: fc.nat(2 ** 32 - 1),
      op: fc.constantFrom(op, op.toLowerCase() as BinlogOp),
      logicalName: name,
      extra:
        extra === "none"
          ? fc.constant(undefined)
          : extra === "target name" || extra === "old name"
            ? name
            : fc.tuple(number, number).map((pair) => pair.join(" ")),
    });
  });

describe("a binlog record", () => {
  it("comes back from its line", () => {
    fc.assert(
      fc.property(record, (value) => {
        const line = printBinlogRecord(value);
        expect(line.endsWith("\n")).toBe(true);
        expect(parseBinlogRecord(line.slice(0, -1))).toEqual(value);
      }),
    );
  });

  it("that is none is refused, whatever it is", () => {
    const spoilt = fc.tuple(record, fc.nat(300), fc.string({ maxLength: 3 })).map(([value, at, text]) => {
      const line = printBinlogRecord(value).slice(0, -1);
      return line.slice(0, at % line.length) + text + line.slice((at % line.length) + 1);
    });
    fc.assert(
      fc.property(fc.oneof(fc.string({ maxLength: 300 }), spoilt), (line) => {
        try {
          // What is accepted is a record: it prints as it was read.
          expect(printBinlogRecord(parseBinlogRecord(line))).toBe(`${line}\n`.replace(/^0+(?=\d)/, ""));
        } catch (error) {
          if (!(error instanceof FdfsError)) throw error;
        }
      }),
      { numRuns: 2000 },
    );
  });

  // Lines that C wrote, of every operation (storage-formats.md §2.6.1).
  it.each([
    "1795321059 C M00/00/00/CmIAC2sCbOOAPw7tAAAAIZWFsUE780.txt",
    "1795321097 A M01/00/03/CmIAC2sCbQaEI0VtAAAAAMq-wSw331.log 7 14",
    "1795321100 M M01/00/03/CmIAC2sCbQaEI0VtAAAAAMq-wSw331.log 0 4",
    "1795321103 T M01/00/03/CmIAC2sCbQaEI0VtAAAAAMq-wSw331.log 21 14",
    "1795321117 r M00/00/01/CmIADGsCbR2AdX4DAAAAKV3iii4760.mp4 M00/00/01/CmIADGsCbRqEPOU5AAAAAJn_xw4760.mp4",
    "1795321125 U M00/00/00/CmIAC2sCbOOAPw7tAAAAIZWFsUE780.txt-m",
    "1795321136 D M00/00/01/CmIAC2sCbO6AYMiMAAAAEvSrUnM14345.c-m",
    "1795321147 L M00/00/03/CmIAC2sCbTuATKnlAAAAIUXcDM4618.lnk M00/00/00/CmIAC2sCbOOAPw7tAAAAIZWFsUE780.txt",
  ])("is what C wrote: %s", (line) => {
    expect(printBinlogRecord(parseBinlogRecord(line))).toBe(`${line}\n`);
  });

  it.each([
    ["", "nothing"],
    ["1 C", "no name"],
    ["x C a", "no time"],
    ["12345678901 C a", "a time of eleven digits"],
    ["1 X a", "an unknown operation"],
    ["1 CC a", "an operation of two letters"],
    ["1 C ", "an empty name"],
    ["1 C a b", "a column too many"],
    ["1 A a 1", "a column too few"],
    ["1 A a 1 x", "no number"],
    ["1 A a 1 -2", "a negative number"],
    ["1 L a ", "an empty target"],
    ["1  C a", "two blanks"],
    [`1 C ${"n".repeat(MAX_NAME_BYTES + 1)}`, "too long a name"],
    [`1 L ${"n".repeat(127)} ${"t".repeat(127)}`, "too long a line"],
  ])("%j is refused: %s", (line) => {
    expect(() => parseBinlogRecord(line)).toThrow(FdfsError);
  });
});
