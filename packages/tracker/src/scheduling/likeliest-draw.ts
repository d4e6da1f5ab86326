// A draw that leaves nothing to chance, for explanations: it takes the likeliest one, remembers how likely each was, and uses
// up no random numbers, so the draws of clients are what they would have been.
import type { Moment } from "./cluster-picture.ts";
import { betterShares, type Candidates } from "./weighted-draw.ts";

export class LikeliestDraw implements Moment {
  private readonly nowMs: number;
  private shares: readonly number[] | undefined;

  constructor(nowMs: number) {
    this.nowMs = nowMs;
  }

  monotonicMs(): number {
    return this.nowMs;
  }

  /** The first one on a tie; -1 if nobody may be taken. */
  draw(candidates: Candidates): number {
    const shares = betterShares(candidates);
    const largest = Math.max(0, ...shares);
    this.shares = shares;
    return largest === 0 ? -1 : shares.indexOf(largest);
  }

  /** How likely each of `count` was: as drawn, or 1 for `chosen` where nothing was drawn. */
  chances(count: number, chosen: number | undefined): readonly number[] {
    return this.shares ?? Array.from({ length: count }, (_, index) => (index === chosen ? 1 : 0));
  }
}
