import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { hasRoom } from "./space-reserve.ts";

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

describe("room for a file on a path", () => {
  // free, total, needed, reserve, paths, answer (cluster-behaviour.md §6.4)
  const rows: [number, number, number, Parameters<typeof hasRoom>[3], number, boolean][] = [
    [2 * GIB, 10 * GIB, 0, { kind: "bytes", bytes: GIB }, 1, true],
    [GIB, 10 * GIB, 0, { kind: "bytes", bytes: GIB }, 1, false],
    [GIB + MIB, 10 * GIB, 0, { kind: "bytes", bytes: GIB }, 1, true],
    [GIB + MIB - 1, 10 * GIB, 0, { kind: "bytes", bytes: GIB }, 1, false],
    [2 * GIB, 10 * GIB, GIB - MIB, { kind: "bytes", bytes: GIB }, 1, true],
    [2 * GIB, 10 * GIB, GIB, { kind: "bytes", bytes: GIB }, 1, false],
    // Less than a MiB counts as nothing.
    [GIB + MIB, 10 * GIB, MIB - 1, { kind: "bytes", bytes: GIB }, 1, true],
    // Each of four paths keeps a quarter.
    [257 * MIB, 10 * GIB, 0, { kind: "bytes", bytes: GIB }, 4, true],
    [256 * MIB, 10 * GIB, 0, { kind: "bytes", bytes: GIB }, 4, false],
    [2 * GIB, 10 * GIB, 0, { kind: "ratio", ratio: 0.1 }, 1, true],
    [GIB, 10 * GIB, 0, { kind: "ratio", ratio: 0.1 }, 1, false],
    [GIB, 10 * GIB, 0, { kind: "ratio", ratio: 0.1 }, 4, false],
    [2 * GIB, 10 * GIB, GIB, { kind: "ratio", ratio: 0.1 }, 1, false],
    [0, 0, 0, { kind: "ratio", ratio: 0 }, 1, false],
    [-5, 10 * GIB, 0, { kind: "bytes", bytes: 0 }, 1, false],
    [0, 10 * GIB, 0, { kind: "bytes", bytes: 0 }, 1, false],
    // Beyond 2^53 nothing overflows.
    [2 ** 60, 2 ** 61, 2 ** 40, { kind: "bytes", bytes: GIB }, 1, true],
    [2 ** 40, 2 ** 61, 2 ** 62, { kind: "bytes", bytes: GIB }, 1, false],
  ];

  it.each(rows)("free %d of %d, %d needed, %j, %d paths: %s", (free, total, needed, reserve, paths, expected) => {
    expect(hasRoom(free, total, needed, reserve, paths)).toBe(expected);
  });

  it("is never there for more and not for less", () => {
    const reserve = fc.oneof(
      fc.nat(20 * GIB).map((bytes) => ({ kind: "bytes", bytes }) as const),
      fc.double({ min: 0, max: 1, noNaN: true }).map((ratio) => ({ kind: "ratio", ratio }) as const),
    );
    const bytes = fc.maxSafeNat();
    fc.assert(
      fc.property(
        bytes,
        bytes,
        bytes,
        bytes,
        reserve,
        fc.integer({ min: 1, max: 8 }),
        (free, total, a, b, kept, paths) => {
          const [less, more] = a < b ? [a, b] : [b, a];
          if (hasRoom(free, total, more, kept, paths)) expect(hasRoom(free, total, less, kept, paths)).toBe(true);
        },
      ),
    );
  });
});
