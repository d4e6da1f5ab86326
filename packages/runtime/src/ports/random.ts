// Randomness as an argument, so that a simulated cluster draws everything from one seed.

export interface Random {
  /** A uniformly distributed integer from 0 to 2^32 - 1. */
  uint32(): number;
  /** `length` random bytes in a fresh buffer. */
  bytes(length: number): Buffer;
}

/** A uniformly distributed integer from 0 to `limit` - 1; `limit` is between 1 and 2^32. */
export function randomBelow(random: Random, limit: number): number {
  return Math.floor((random.uint32() / 0x1_0000_0000) * limit);
}
