// The middle of several rounds: one that was disturbed by a neighbour on the machine does not count.

/** Throws a RangeError for an empty list. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("no values");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Each field's median. Throws a RangeError for an empty list. */
export function medianOfEach<T extends { readonly [K in keyof T]: number }>(rounds: readonly T[]): T {
  const first = rounds[0];
  if (first === undefined) throw new RangeError("no rounds");
  const keys = Object.keys(first) as (keyof T)[];
  return Object.fromEntries(keys.map((key) => [key, median(rounds.map((round) => round[key]))])) as T;
}
