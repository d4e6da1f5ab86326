import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { FdfsError } from "./errors.ts";
import { parseMetadata, printMetadata } from "./metadata-records.ts";

const word = fc.string({ unit: "grapheme" }).filter((text) => !/[\0\x01\x02]/.test(text));

describe("metadata", () => {
  it("comes back as it went out", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(word, word)), (records) => {
        expect(parseMetadata(printMetadata(records))).toEqual(records);
      }),
    );
  });

  it("keeps its bytes as latin1", () => {
    const bytes = Buffer.from("a\x02\xff\xfe\x01b\x02", "latin1");
    expect(printMetadata(parseMetadata(bytes, "latin1"), "latin1")).toEqual(bytes);
  });

  it("drops records without a separator and keeps the rest of a value", () => {
    expect(parseMetadata(Buffer.from("junk\x01w\x02640\x01x\x02a\x02b"))).toEqual([
      ["w", "640"],
      ["x", "a\x02b"],
    ]);
    expect(parseMetadata(Buffer.alloc(0))).toEqual([]);
  });

  it("refuses separators in names and values", () => {
    for (const record of [
      ["a\x02", "b"],
      ["a\x01", "b"],
      ["a", "b\x01"],
      ["a", "\0"],
    ] as const) {
      expect(() => printMetadata([record])).toThrow(FdfsError);
    }
  });

  it("never throws on bytes", () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void parseMetadata(Buffer.from(bytes))));
  });
});
