// Chance with weights. Drawing two and taking the better one keeps everybody from rushing to the same best one, and is
// nearly as even as always taking it (power of two choices).
//
// A draw takes anyone and keeps it as often as its weight says, else draws again: then it looks at a few candidates only,
// however many there are. Where that takes too long all weights are added up, which draws in the same proportions.
import type { Random } from "@fastdfs-ts/runtime";

const RANGE = 2 ** 32;
const TRIES = 12;

export interface Candidates {
  readonly count: number;
  /** 0 … 1: how likely one is drawn; 0 for one that may not be taken. */
  weight(index: number): number;
  /** Whether one is clearly the better of the two. */
  isBetter(index: number, other: number): boolean;
}

/** An index, each as likely as its weight; -1 if there is none with a weight. */
export function drawByWeight(random: Random, candidates: Candidates): number {
  const { count } = candidates;
  for (let tries = 0; count > 0 && tries < TRIES; tries++) {
    const index = Math.floor((random.uint32() / RANGE) * count);
    if (random.uint32() / RANGE < candidates.weight(index)) return index;
  }
  const weights = weightsOf(candidates);
  let left = (random.uint32() / RANGE) * sum(weights);
  let last = -1;
  for (const [index, weight] of weights.entries()) {
    if (weight <= 0) continue;
    last = index;
    left -= weight;
    if (left < 0) return index;
  }
  // Sums of fractions may be a little short of their total.
  return last;
}

/** Two draws by weight; the second if it is clearly better, else the first. -1 if there is none with a weight. */
export function drawBetter(random: Random, candidates: Candidates): number {
  const first = drawByWeight(random, candidates);
  if (first < 0) return -1;
  const second = drawByWeight(random, candidates);
  return second !== first && candidates.isBetter(second, first) ? second : first;
}

/** How likely `drawBetter` takes each; the sum is 1, or 0 if there is none with a weight. */
export function betterShares(candidates: Candidates): number[] {
  const weights = weightsOf(candidates);
  const total = sum(weights);
  if (total === 0) return weights;
  const chances = weights.map((weight) => weight / total);
  const shares = weights.map(() => 0);
  for (const [first, firstChance] of chances.entries()) {
    for (const [second, secondChance] of chances.entries()) {
      const taken = second !== first && candidates.isBetter(second, first) ? second : first;
      shares[taken]! += firstChance * secondChance;
    }
  }
  return shares;
}

function weightsOf(candidates: Candidates): number[] {
  return Array.from({ length: candidates.count }, (_, index) => candidates.weight(index));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
