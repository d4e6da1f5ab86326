import { describe, expect, it } from "vitest";
import { Prng } from "./prng.ts";

const draw = (random: Prng) => Array.from({ length: 5 }, () => random.uint32());

describe("Prng", () => {
  it("gives the same stream for the same seed, another for another", () => {
    expect(draw(Prng.fromSeed(7))).toEqual(draw(Prng.fromSeed("7")));
    expect(draw(Prng.fromSeed(7))).not.toEqual(draw(Prng.fromSeed(8)));
  });

  it("gives the same stream for ever: recorded seeds stay good", () => {
    expect(draw(Prng.fromSeed(1))).toEqual([1_322_085_210, 3_448_142_222, 3_302_272_250, 76_698_490, 172_264_274]);
  });

  it("forks streams that do not depend on what was drawn before", () => {
    const parent = Prng.fromSeed(7);
    const before = draw(parent.fork("disk"));
    draw(parent);
    expect(draw(parent.fork("disk"))).toEqual(before);
    expect(draw(parent.fork("network"))).not.toEqual(before);
  });

  it("keeps its promises on ranges", () => {
    const random = Prng.fromSeed("ranges");
    const numbers = Array.from({ length: 1000 }, () => random.between(2, 5));
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(2);
    expect(Math.max(...numbers)).toBeLessThan(5);
    expect(Array.from({ length: 100 }, () => random.chance(0)).includes(true)).toBe(false);
    expect(Array.from({ length: 100 }, () => random.chance(1)).includes(false)).toBe(false);
    expect(new Set(Array.from({ length: 100 }, () => random.pick(["a", "b"])))).toEqual(new Set(["a", "b"]));
  });
});
