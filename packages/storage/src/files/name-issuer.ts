// Gives out names for new files: each one only once. Two names of one second differ by 23 random bits and the digits of
// the tail, so a short memory of what was just given out is enough (storage-formats.md §1.8).
import { composeName, FACTS_BLOCK_CHARS, mintName, type NewName, printLogicalName } from "@fastdfs-ts/protocol";
import { type Clock, InvariantError, type Random } from "@fastdfs-ts/runtime";

import type { DirectoryPlacement } from "./directory-placement.ts";

const REMEMBER_MS = 3000;
const TRIES = 10;

export class NameIssuer {
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly placement: DirectoryPlacement;
  private recent = new Set<string>();
  private older = new Set<string>();
  private turnedAtMs: number;

  constructor(clock: Clock, random: Random, placement: DirectoryPlacement) {
    this.clock = clock;
    this.random = random;
    this.placement = placement;
    this.turnedAtMs = clock.monotonic();
  }

  /** A new logical name on a store path, in the directory whose turn it is. */
  issue(storePathIndex: number, facts: NewName): string {
    const { high, low } = this.placement.next(this.random);
    return this.unused(() => printLogicalName(storePathIndex, high, low, mintName(facts, this.random)));
  }

  /** A new name for an existing file: same directory, same tail, new facts (storage-formats.md §1.11). */
  issueInPlaceOf(oldLogicalName: string, facts: NewName): string {
    const facts27At = oldLogicalName.lastIndexOf("/") + 1;
    const tail = oldLogicalName.slice(facts27At + FACTS_BLOCK_CHARS);
    return this.unused(() => oldLogicalName.slice(0, facts27At) + composeName(facts, this.random.uint32(), tail));
  }

  private unused(make: () => string): string {
    this.forgetOld();
    for (let i = 0; i < TRIES; i++) {
      const name = make();
      if (this.recent.has(name) || this.older.has(name)) continue;
      this.recent.add(name);
      return name;
    }
    throw new InvariantError(`no unused name in ${TRIES} tries: the random source is broken`);
  }

  private forgetOld(): void {
    const now = this.clock.monotonic();
    if (now - this.turnedAtMs < REMEMBER_MS) return;
    this.turnedAtMs = now;
    this.older = this.recent;
    this.recent = new Set();
  }
}
