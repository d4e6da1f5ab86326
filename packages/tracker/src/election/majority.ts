// How many trackers have to stand behind a leader (docs/decisions/0006-one-leader.md).

/**
 * More than half. Of two trackers one is enough: else the loss of either would leave no leader, and two trackers are run
 * so that one can be lost.
 */
export function majorityOf(trackers: number): number {
  return trackers === 2 ? 1 : Math.floor(trackers / 2) + 1;
}
