import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { crc32 } from "./crc32.ts";

/** The definition, bit by bit. */
function slowCrc32(bytes: Uint8Array): number {
  let state = 0xffff_ffff;
  for (const byte of bytes) {
    state ^= byte;
    for (let bit = 0; bit < 8; bit++) state = state & 1 ? (state >>> 1) ^ 0xedb88320 : state >>> 1;
  }
  return ~state >>> 0;
}

describe("CRC-32", () => {
  it("has the check value of its definition", () => {
    expect(crc32(0, Buffer.from("123456789"))).toBe(0xcbf43926);
    expect(crc32(0, Buffer.alloc(0))).toBe(0);
    expect(crc32(0, Buffer.from("hello"))).toBe(0x3610a686);
  });

  it("equals the definition for any bytes at any address, cut anywhere", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(7), fc.nat(), fc.nat(), (all, skip, a, b) => {
        const bytes = all.subarray(Math.min(skip, all.length));
        const [first = 0, second = 0] = [a % (bytes.length + 1), b % (bytes.length + 1)].sort((x, y) => x - y);
        const steps = crc32(crc32(crc32(0, bytes, 0, first), bytes, first, second), bytes, second);
        expect(steps).toBe(slowCrc32(bytes));
        expect(crc32(0, bytes)).toBe(steps);
      }),
      { numRuns: 1000 },
    );
  });
});
