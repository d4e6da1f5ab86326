// What cluster a story is about.
import type { Prng } from "../prng.ts";

export interface StoryShape {
  readonly trackers: number;
  /** Members of each group. */
  readonly groups: readonly number[];
  readonly storePaths: readonly string[];
  readonly usesIds: boolean;
}

export function drawShape(random: Prng): StoryShape {
  return {
    trackers: random.pick([1, 2, 2, 3]),
    groups: random.pick([[2], [3], [3, 2], [3, 3], [2, 2]]),
    storePaths: random.pick([["/disk0"], ["/disk0", "/disk1"]]),
    usesIds: random.chance(0.5),
  };
}
