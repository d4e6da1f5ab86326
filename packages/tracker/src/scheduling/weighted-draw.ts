// Chance with weights. Drawing two and taking the better one keeps everybody from rushing to the same best one, and is
// nearly as even as always taking it (power of two choices).
import type { Random } from "@fastdfs-ts/runtime";

const RANGE = 2 ** 32;

/** An index below `weights.length`, each as likely as its weight; all are 0 or more, one at least is above 0. */
export function drawByWeight(random: Random, weights: readonly number[]): number {
  let total = 0;
  for (const weight of weights) total += weight;
  let left = (random.uint32() / RANGE) * total;
  let last = 0;
  for (let index = 0; index < weights.length; index++) {
    const weight = weights[index]!;
    if (weight <= 0) continue;
    last = index;
    left -= weight;
    if (left < 0) return index;
  }
  // Sums of fractions may be a little short of their total.
  return last;
}

/** Two draws by weight; of the two the one with the lower cost, the first on a tie. */
export function drawBetter(random: Random, weights: readonly number[], costs: readonly number[]): number {
  const first = drawByWeight(random, weights);
  const second = drawByWeight(random, weights);
  return costs[second]! < costs[first]! ? second : first;
}

/** How likely `drawBetter` takes each; the sum is 1. */
export function betterShares(weights: readonly number[], costs: readonly number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const chances = weights.map((weight) => weight / total);
  return chances.map((chance, index) => {
    let share = 0;
    for (const [other, otherChance] of chances.entries()) {
      if (costs[other]! > costs[index]!) share += 2 * chance * otherChance;
      else if (costs[other] === costs[index]) share += chance * otherChance;
    }
    return share;
  });
}
