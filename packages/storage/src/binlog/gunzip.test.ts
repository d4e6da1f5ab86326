import { constants, deflateRawSync, gzipSync } from "node:zlib";

import { crc32, FdfsError } from "@fastdfs-ts/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { Gunzip } from "./gunzip.ts";

/** Reads `bytes` in portions of `portion`. */
function gunzip(bytes: Uint8Array, portion = 1000): Buffer {
  let at = 0;
  const stream = new Gunzip((into) => {
    const part = bytes.subarray(at, at + Math.min(portion, into.length));
    into.set(part);
    at += part.length;
    return part.length;
  });
  const pieces: Buffer[] = [];
  for (let piece = stream.next(); piece !== undefined; piece = stream.next()) pieces.push(piece);
  return Buffer.concat(pieces);
}

const lines = (count: number) =>
  Buffer.from(
    Array.from({ length: count }, (_, i) => `17953${i} C M00/00/${i % 7}/CmIAC2sC${i * 7919}.txt\n`).join(""),
  );

const content = fc.oneof(
  fc.uint8Array({ maxLength: 3000 }),
  fc.string({ unit: fc.constantFrom("a", "b", "\n"), maxLength: 3000 }).map((text) => Buffer.from(text)),
  fc.nat(3000).map(lines),
);
const strategy = fc.constantFrom(
  constants.Z_DEFAULT_STRATEGY,
  constants.Z_FIXED,
  constants.Z_HUFFMAN_ONLY,
  constants.Z_RLE,
);

describe("Gunzip", () => {
  it("gives what was compressed, at any level, in any portions, member by member", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(content, fc.nat(9), strategy), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 5000 }),
        (members, portion) => {
          const bytes = members.map(([each, level, kind]) => gzipSync(each, { level, strategy: kind }));
          const whole = Buffer.concat(members.map(([each]) => each));
          expect(gunzip(Buffer.concat(bytes), portion).equals(whole)).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("reaches back over the pieces that it handed out", () => {
    const far = Buffer.concat([Buffer.alloc(31_000, "abc"), lines(4000), Buffer.alloc(300_000, "xyz"), lines(4000)]);
    expect(gunzip(gzipSync(far, { level: 9 }), 65_536).equals(far)).toBe(true);
    expect(gunzip(gzipSync(far, { level: 0 }), 7).equals(far)).toBe(true);
  });

  it("passes over what programs put into headers, and over filling behind the end", () => {
    const text = Buffer.from("text");
    const trailer = Buffer.alloc(8);
    trailer.writeUInt32LE(crc32(0, text) >>> 0, 0);
    trailer.writeUInt32LE(text.length, 4);
    const header = Buffer.from([0x1f, 0x8b, 8, 4 | 8 | 16 | 2, 0, 0, 0, 0, 0, 3, 2, 0, 9, 9]);
    const named = [header, Buffer.from("name\0comment\0"), Buffer.alloc(2), deflateRawSync(text), trailer];
    expect(gunzip(Buffer.concat([...named, Buffer.alloc(100)])).toString()).toBe("text");
  });

  it("refuses what is damaged or cut short, whatever it is", () => {
    const sound = gzipSync(lines(300));
    fc.assert(
      fc.property(fc.nat(sound.length - 1), fc.integer({ min: 1, max: 255 }), fc.boolean(), (at, change, cuts) => {
        const bytes = Buffer.from(cuts ? sound.subarray(0, at) : sound);
        if (!cuts) bytes[at]! ^= change;
        try {
          // A change of the time in the header, or of bits that nobody uses, means nothing.
          expect(gunzip(bytes).equals(lines(300)) && !cuts).toBe(true);
        } catch (error) {
          if (!(error instanceof FdfsError)) throw error;
          expect(error.kind).toBe("IO_FAILED");
        }
      }),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (noise) => {
        expect(() => gunzip(Buffer.concat([sound.subarray(0, 10), noise]))).toThrow(FdfsError);
      }),
    );
  });
});
