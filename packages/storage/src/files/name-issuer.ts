// Gives out names for new files: each one only once (storage-formats.md §1.8), but for very large ones (free-name.ts). Two names of one second differ in 23 bits,
// which need not be random, only different: they run through all 2^23 values in a scattered order, from a random start.
// Remembering names, as C does, would cost more than making them.
import { composeName, FACTS_BLOCK_CHARS, mintTail, type NewName, printLogicalName } from "@fastdfs-ts/protocol";
import type { Random } from "@fastdfs-ts/runtime";

import type { DirectoryPlacement } from "./directory-placement.ts";

const SCATTERED_BITS = 23;
/** Odd, so that adding it again and again reaches every value; near the golden ratio of the range, so that it scatters. */
const STEP = 5_184_609;

export class NameIssuer {
  private readonly random: Random;
  private readonly placement: DirectoryPlacement;
  private scattered: number;

  constructor(random: Random, placement: DirectoryPlacement) {
    this.random = random;
    this.placement = placement;
    this.scattered = random.uint32();
  }

  /** A new logical name on a store path, in the directory whose turn it is. */
  issue(storePathIndex: number, facts: NewName): string {
    const { high, low } = this.placement.next(this.random);
    const fileName = composeName(facts, this.nextBits(), mintTail(facts.extension, this.random.uint32()));
    return printLogicalName(storePathIndex, high, low, fileName);
  }

  /** A new name for an existing file: same directory, same tail, new facts (storage-formats.md §1.11). */
  issueInPlaceOf(oldLogicalName: string, facts: NewName): string {
    const factsAt = oldLogicalName.lastIndexOf("/") + 1;
    const tail = oldLogicalName.slice(factsAt + FACTS_BLOCK_CHARS);
    return oldLogicalName.slice(0, factsAt) + composeName(facts, this.nextBits(), tail);
  }

  private nextBits(): number {
    this.scattered = (this.scattered + STEP) & (2 ** SCATTERED_BITS - 1);
    return this.scattered;
  }
}
