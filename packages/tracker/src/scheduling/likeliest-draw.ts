// A draw that leaves nothing to chance, for explanations: it takes the likeliest one, remembers how likely each was, and uses
// up no random numbers, so the draws of clients are what they would have been.
import type { Moment } from "./cluster-picture.ts";
import { betterShares } from "./weighted-draw.ts";

export class LikeliestDraw implements Moment {
  private readonly nowMs: number;
  private shares: readonly number[] | undefined;

  constructor(nowMs: number) {
    this.nowMs = nowMs;
  }

  monotonicMs(): number {
    return this.nowMs;
  }

  /** The first one on a tie. */
  draw(weights: readonly number[], costs: readonly number[]): number {
    const shares = betterShares(weights, costs);
    this.shares = shares;
    return shares.indexOf(Math.max(...shares));
  }

  /** How likely each of `count` was: as drawn, or 1 for `chosen` where nothing was drawn. */
  chances(count: number, chosen: number | undefined): readonly number[] {
    return this.shares ?? Array.from({ length: count }, (_, index) => (index === chosen ? 1 : 0));
  }
}
