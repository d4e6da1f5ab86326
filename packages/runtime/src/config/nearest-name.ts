// "Did you mean …?": the known name with the fewest typing mistakes between it and an unknown one.

/** The nearest candidate, if it is near enough to be meant: at most one mistake in three letters, and never more than 4. */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let fewest = Math.min(4, Math.max(1, Math.floor(name.length / 3))) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - name.length) >= fewest) continue;
    const mistakes = editDistance(name, candidate);
    if (mistakes < fewest) {
      fewest = mistakes;
      nearest = candidate;
    }
  }
  return nearest;
}

/** Letters to insert, delete or replace to turn one text into the other (Levenshtein). */
export function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}
