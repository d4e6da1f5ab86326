// A promise of the cluster, checked from outside. Each has a file of its own.
import type { StoryStage } from "../story/stage.ts";

export interface Checker {
  /** What is promised. */
  readonly promise: string;
  /**
   * always    also while faults go on: checked again and again
   * settled   some time after the last fault has ended; until then it may not hold yet
   */
  readonly when: "always" | "settled";
  /** What does not hold, one line each. */
  readonly check: (stage: StoryStage) => string[];
}

/** More complaints than this about one promise say nothing more. */
const complaintsMax = 5;

export function complaintsOf(checkers: readonly Checker[], stage: StoryStage): string[] {
  return checkers.flatMap(({ promise, check }) => firstOf(check(stage)).map((complaint) => `${promise}: ${complaint}`));
}

function firstOf(complaints: readonly string[]): readonly string[] {
  const more = complaints.length - complaintsMax;
  return more <= 0 ? complaints : [...complaints.slice(0, complaintsMax), `and ${more} more`];
}
