import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { FdfsError } from "../errors.ts";
import { factsOfQuery, parseFileId, printFileId, splitFileId } from "./file-id.ts";
import { parseLogicalName, printLogicalName } from "./logical-name.ts";
import { composeName, mintName, mintTail, type NewName } from "./mint-name.ts";
import { parseNameFacts, printNameFacts, statedFileBytes } from "./name-facts.ts";
import { fileSource, sourceOfIp, sourceOfStorageId } from "./storage-id.ts";
import { parseTrunkSlice, printTrunkSlice, trunkFileName } from "./trunk-name.ts";
import { localPath, metadataName, trunkFilePath } from "./local-path.ts";

const word = fc.integer({ min: 0, max: 0xffff_ffff });
const positiveInt32 = fc.integer({ min: 0, max: 0x7fff_ffff });
const extension = fc.stringMatching(/^[A-Za-z0-9_-]{0,6}$/);

const kindAndBytes: fc.Arbitrary<Pick<NewName, "kind" | "fileBytes" | "slice">> = fc.oneof(
  fc.record({ kind: fc.constant("normal" as const), fileBytes: fc.maxSafeNat() }),
  fc.record({ kind: fc.constant("normal" as const), fileBytes: word }),
  fc.record({ kind: fc.constant("appender" as const), fileBytes: fc.maxSafeNat() }),
  fc.record({
    kind: fc.constant("trunk" as const),
    fileBytes: word,
    slice: fc.record({ trunkFileId: positiveInt32, offset: positiveInt32, slotBytes: positiveInt32 }),
  }),
);
const newName: fc.Arbitrary<NewName> = fc
  .tuple(fc.record({ source: word, createdSeconds: word, crc32: word, extension }), kindAndBytes)
  .map(([facts, kind]) => ({ ...facts, ...kind }));

describe("names", () => {
  it("say what they were minted from", () => {
    fc.assert(
      fc.property(newName, word, word, fc.nat(255), (name, first, second, index) => {
        const draws = [first, second];
        const random = { uint32: () => draws.shift() ?? 0, bytes: (length: number) => Buffer.alloc(length) };
        const logicalName = printLogicalName(index, 7, 171, mintName(name, random));
        const parsed = parseFileId(printFileId({ groupName: "group1", logicalName }));
        expect(parsed).toMatchObject({
          kind: name.kind,
          storePathIndex: index,
          extension: name.extension,
          fileBytes: name.kind === "appender" ? undefined : name.fileBytes,
          crc32: name.kind === "appender" ? undefined : name.crc32,
          slice: name.slice,
          source: fileSource(name.source),
        });
        expect(parsed.facts?.createdSeconds).toBe(name.createdSeconds);
        expect(logicalName).toHaveLength(name.kind === "trunk" ? 60 : 44);
      }),
    );
  });

  it("are told from each other by their random parts", () => {
    const name: NewName = { source: 1, createdSeconds: 2, kind: "normal", fileBytes: 3, crc32: 4, extension: "txt" };
    expect(composeName(name, 1, "000.txt")).not.toBe(composeName(name, 2, "000.txt"));
    expect(composeName(name, 0x80_0001, "000.txt")).toBe(composeName(name, 1, "000.txt"));
  });

  it.each([
    ["", 9_876_543, /^\d{7}$/],
    ["c", 4_294_967_295, /^\d{5}\.c$/],
    ["txt", 7, /^\d{3}\.txt$/],
    ["jpeg", 0, /^\d{2}\.jpeg$/],
    ["abcdef", 5, /^\.abcdef$/],
  ])("end in seven characters for extension %j", (ext, draw, shape) => {
    expect(mintTail(ext, draw)).toMatch(shape);
    expect(mintTail(ext, draw)).toHaveLength(7);
  });

  it("draw every digit of the tail", () => {
    const seen = Array.from({ length: 7 }, () => new Set<string>());
    for (let i = 0; i < 20_000; i++) {
      const tail = mintTail("", (i * 2_654_435_761) >>> 0);
      seen.forEach((digits, at) => digits.add(tail.charAt(at)));
    }
    expect(seen.map((digits) => digits.size)).toEqual([10, 10, 10, 10, 10, 10, 10]);
  });
});

describe("the facts in a name", () => {
  it("agree with base64url of any runtime", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 20, maxLength: 20 }), (bytes) => {
        const text = Buffer.from(bytes).toString("base64url");
        const facts = parseNameFacts(`##${text}`, 2)!;
        expect([facts.source, facts.createdSeconds, facts.sizeHigh, facts.sizeLow, facts.crc32]).toEqual(
          [0, 4, 8, 12, 16].map((at) => Buffer.from(bytes).readUInt32BE(at)),
        );
        expect(printNameFacts(facts)).toBe(text);
      }),
    );
  });

  it("are undefined for odd names, and nothing is thrown", () => {
    fc.assert(fc.property(fc.string(), fc.integer(), (text, at) => void parseNameFacts(text, at)));
    expect(parseNameFacts("Cm.AC2sCbOOAPw7tAAAAIZWFsUE", 0)).toBeUndefined();
    expect(parseNameFacts("CmIAC2sCbOOAPw7tAAAAIZWFsU", 0)).toBeUndefined();
    expect(parseNameFacts("CmIAC2sCbOOAPw7tAAAAIZWFsUÄ", 0)).toBeUndefined();
    expect(factsOfQuery("x")).toBeUndefined();
    expect(factsOfQuery("M00/00/00/CmIAC2sCbOOAPw7tAAAAIZWFsUE780.txt")?.createdSeconds).toBe(1_795_321_059);
  });

  it("state no size for a plain word beyond 2^53", () => {
    const facts = { source: 0, createdSeconds: 0, sizeLow: 5, crc32: 0 };
    expect(statedFileBytes({ ...facts, sizeHigh: 1 })).toBe(0x1_0000_0005);
    expect(statedFileBytes({ ...facts, sizeHigh: 0x40_0000 })).toBeUndefined();
    expect(statedFileBytes({ ...facts, sizeHigh: 0x0800_0000 })).toBe(5);
  });

  it("hold an address or an id", () => {
    expect(sourceOfIp("10.98.0.11")).toBe(0x0a62000b);
    expect(fileSource(0x0a62000b)).toEqual({ type: "ip", ip: "10.98.0.11" });
    expect(sourceOfStorageId("100001")).toBe(0xa1860100);
    expect(fileSource(0xa1860100)).toEqual({ type: "id", storageId: "100001" });
    for (const ip of ["", "1.2.3", "1.2.3.4.5", "1.2.3.256", "a.b.c.d", "1..2.3"]) {
      expect(() => sourceOfIp(ip), ip).toThrow(FdfsError);
    }
    for (const id of ["0", "16777216", "-1", "x", ""]) expect(() => sourceOfStorageId(id), id).toThrow(FdfsError);
  });
});

describe("trunk slices", () => {
  it("come back as they went out", () => {
    fc.assert(
      fc.property(word, word, word, (trunkFileId, offset, slotBytes) => {
        const slice = { trunkFileId, offset, slotBytes };
        expect(parseTrunkSlice(printTrunkSlice(slice), 0)).toEqual(slice);
      }),
    );
    expect(parseTrunkSlice("AAAAAQAAAAAAAAE", 0)).toBeUndefined();
  });

  it("name their trunk file with six digits or more", () => {
    expect([trunkFileName(1), trunkFileName(1_234_567)]).toEqual(["000001", "1234567"]);
  });
});

describe("logical names", () => {
  it("are taken apart", () => {
    expect(parseLogicalName("M0b/0C/1F/name.txt", 12)).toEqual({
      storePathIndex: 11,
      pathInStore: "0C/1F/name.txt",
      fileName: "name.txt",
    });
    expect(parseLogicalName("00/0C/1Fname", 1 + 0)).toMatchObject({ storePathIndex: 0, fileName: "1Fname" });
  });

  it.each([
    ["too short", "M00/00/00/"],
    ["no slash behind the store path", "M00x00/00/name"],
    ["store path is no hex", "M0G/00/00/name"],
    ["store path is not here", "M02/00/00/name"],
    ["lower-case directory", "M00/0a/00/name"],
    ["one directory only", "M00/00/name-name"],
    ["a further slash", "M00/00/00/a/../../etc"],
    ["parent directories", "M00/../../etc/passwd"],
    ["absolute", "/etc/passwd/x/y"],
    ["a NUL", "M00/00/00/a\0b"],
  ])("are refused: %s", (_why, name) => {
    expect(() => parseLogicalName(name, 2)).toThrow(FdfsError);
  });

  it("never lead out of their directory, and nothing but an FdfsError is thrown", () => {
    const nasty = fc.string({ unit: fc.constantFrom("M", "0", "A", "/", ".", "\\", "\0", "é", "-"), maxLength: 30 });
    fc.assert(
      fc.property(nasty, (name) => {
        try {
          const { fileName } = parseLogicalName(name, 256);
          expect(fileName).not.toMatch(/[/\0]/);
        } catch (error) {
          expect(error).toBeInstanceOf(FdfsError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("lead to paths on disk", () => {
    const name = parseLogicalName("M01/00/0C/name.txt", 2);
    expect(localPath("/disk1", name)).toBe("/disk1/data/00/0C/name.txt");
    expect(trunkFilePath("/disk1", name, 3)).toBe("/disk1/data/00/0C/000003");
    expect(metadataName("M01/00/0C/name.txt")).toBe("M01/00/0C/name.txt-m");
  });
});

describe("file ids", () => {
  it("split at the first slash", () => {
    expect(splitFileId("g/M00/x")).toEqual({ groupName: "g", logicalName: "M00/x" });
  });

  it.each(["", "group1", "/M00/00/00/x", "gr-oup/M00/00/00/x", "a2345678901234567/M00/00/00/x"])(
    "are refused: %j",
    (id) => {
      expect(() => splitFileId(id)).toThrow(FdfsError);
    },
  );

  it("with unreadable facts are of unknown kind", () => {
    expect(parseFileId("group1/M00/00/00/hello.txt")).toMatchObject({
      kind: "unknown",
      facts: undefined,
      extension: "txt",
    });
  });

  it("throw nothing but an FdfsError", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((tail) => `group1/M00/00/00/${tail}`),
        ),
        (id) => {
          try {
            expect(printFileId(parseFileId(id))).toBe(id);
          } catch (error) {
            expect(error).toBeInstanceOf(FdfsError);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});
