import { describe, expect, it } from "vitest";

import { groupHasSpace, groupHasTrunkSpace, pathHasSpace, printReserve, reservedMib } from "./space-reserve.ts";

const fixed = { kind: "mib", mib: 1024 } as const;
const share = { kind: "ratio", ratio: 0.2 } as const;

describe("a fixed reserve", () => {
  it.each([
    [1023, false],
    [1024, false],
    [1025, true],
  ])("%i MiB free", (freeMib, has) => {
    expect(groupHasSpace(fixed, 0, freeMib)).toBe(has);
    expect(groupHasTrunkSpace(fixed, 0, freeMib - 10, 10)).toBe(has);
    expect(pathHasSpace(fixed, { totalMib: 0, freeMib }, 1)).toBe(has);
  });

  it("is divided by the number of paths, in whole MiB", () => {
    // 1024 div 3 = 341
    expect(pathHasSpace(fixed, { totalMib: 1, freeMib: 341 }, 3)).toBe(false);
    expect(pathHasSpace(fixed, { totalMib: 1, freeMib: 342 }, 3)).toBe(true);
    expect(pathHasSpace(fixed, { totalMib: 1, freeMib: 340 }, 3, 2)).toBe(true);
  });

  it("is listed and printed as it is", () => {
    expect(reservedMib(fixed, 7)).toBe(1024);
    expect(printReserve(fixed)).toBe("1024MB");
  });
});

describe("a reserve as a share", () => {
  it.each([
    [1000, 200, false],
    [1000, 201, true],
    [0, 0, false],
    [0, 5, false],
  ])("%i MiB total, %i free", (totalMib, freeMib, has) => {
    expect(groupHasSpace(share, totalMib, freeMib)).toBe(has);
    expect(groupHasTrunkSpace(share, totalMib, 0, freeMib)).toBe(has);
    expect(pathHasSpace(share, { totalMib, freeMib }, 4)).toBe(has);
    expect(pathHasSpace(share, { totalMib, freeMib: 0 }, 4, freeMib)).toBe(has);
  });

  it("is listed truncated and printed with two decimals", () => {
    expect(reservedMib({ kind: "ratio", ratio: 0.01 }, 258_019)).toBe(2580);
    expect(printReserve({ kind: "ratio", ratio: 0.01 })).toBe("1.00%");
    expect(printReserve(share)).toBe("20.00%");
  });
});
