import type { Prng } from "../prng.ts";

/** A row, each as often as its weight says. */
export function pickWeighted<T extends { readonly weight: number }>(random: Prng, rows: readonly T[]): T {
  let dice = random.below(rows.reduce((sum, { weight }) => sum + weight, 0));
  for (const row of rows) {
    dice -= row.weight;
    if (dice < 0) return row;
  }
  throw new Error("weights are positive");
}
