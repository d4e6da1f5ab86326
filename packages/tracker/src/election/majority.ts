// How many trackers have to stand behind a leader (docs/decisions/0006-one-leader.md).

/**
 * Whether `supporters` (the leader among them) are more than half of those trackers that may support somebody. `neutral`
 * are those that certainly support nobody: they need not be outvoted. Of two trackers one is enough: else the loss of
 * either would leave no leader, and two are run so that one can be lost.
 */
export function isMajority({
  supporters,
  neutral,
  all,
}: {
  supporters: number;
  neutral: number;
  all: number;
}): boolean {
  return all === 2 || 2 * supporters > all - neutral;
}
