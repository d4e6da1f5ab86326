// The only source of chance in a simulation: xoshiro128** (Blackman and Vigna), seeded by splitmix32. The same seed gives
// the same stream on every machine.
import { type Random, randomBelow } from "@fastdfs-ts/runtime";

export class Prng implements Random {
  readonly #seed: string;
  readonly #state: Uint32Array;

  private constructor(seed: string) {
    this.#seed = seed;
    let word = hash(seed);
    this.#state = Uint32Array.from({ length: 4 }, () => mix((word = (word + 0x9e3779b9) | 0)));
  }

  static fromSeed(seed: number | string): Prng {
    return new Prng(String(seed));
  }

  /**
   * A stream of its own for one part of the simulation. It depends on the seed and the name alone, so that one part
   * drawing more does not change what another one sees. The same name gives the same stream.
   */
  fork(name: string): Prng {
    return new Prng(`${this.#seed}/${name}`);
  }

  uint32(): number {
    const s = this.#state;
    const [s0, s1, s2, s3] = [s[0]!, s[1]!, s[2]!, s[3]!];
    const result = Math.imul(rotate(Math.imul(s1, 5), 7), 9) >>> 0;
    s[0] = s0 ^ s3 ^ s1;
    s[1] = s1 ^ s2 ^ s0;
    s[2] = s2 ^ s0 ^ (s1 << 9);
    s[3] = rotate(s3 ^ s1, 11);
    return result;
  }

  bytes(length: number): Buffer {
    const buffer = Buffer.allocUnsafe(length);
    for (let at = 0; at < length; at++) buffer[at] = this.uint32() >>> 24;
    return buffer;
  }

  /** An integer from 0 to `limit` - 1. */
  below(limit: number): number {
    return randomBelow(this, limit);
  }

  /** A number from `min` to below `max`, with a fraction. */
  between(min: number, max: number): number {
    return min + (this.uint32() / 0x1_0000_0000) * (max - min);
  }

  /** True with the given probability from 0 to 1. */
  chance(probability: number): boolean {
    return this.uint32() < probability * 0x1_0000_0000;
  }

  /** One of the items, which are not empty. */
  pick<T>(items: readonly [T, ...T[]] | readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

/** The finaliser of splitmix32: neighbouring words become unrelated ones. */
function mix(word: number): number {
  let z = word;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return (z ^ (z >>> 15)) >>> 0;
}

/** FNV-1a over UTF-16 units. */
export function hash(text: string, start = 0x811c9dc5): number {
  let word = start;
  for (let at = 0; at < text.length; at++) word = Math.imul(word ^ text.charCodeAt(at), 0x01000193);
  return word >>> 0;
}
