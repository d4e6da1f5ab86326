// How long tasks take at one storage. Ratios count, so means are geometric: a storage that turned a hundred times slower is
// believed to be quick again as soon as it was believed to be slow. What was measured loses half of its weight every two
// seconds, and where little is left the guess prevails that the storage is like the others. So one that is avoided because
// it was slow is given a task now and then, which is how it is noticed that it is quick again.

/** Newer measurements come to count as much as older ones after this time: a lasting change is believed within seconds. */
const HALF_LIFE_MS = 2000;
/**
 * More finished tasks in one report than this make it no surer: else a storage that turns slow, and finishes fewer, would be
 * judged by what it did before.
 */
const FINISHED_MAX = 10;
/** The guess counts as much as so many finished tasks. */
const GUESS_TASKS = 1;
/** What is left of measurements after half a minute is nothing. */
const EVIDENCE_MIN = 0.001;

export class MeasuredLatency {
  /** Finished tasks, and the logarithms of the microseconds that each took; weighted by age at `atMs`. */
  private finished = 0;
  private logarithms = 0;
  private atMs = 0;

  /** `micros`: the mean of tasks that ended lately, above 0. */
  take(micros: number, finished: number, nowMs: number): void {
    const left = this.left(nowMs);
    const weight = Math.min(finished, FINISHED_MAX);
    this.finished = left * this.finished + weight;
    this.logarithms = left * this.logarithms + weight * Math.log(micros);
    this.atMs = nowMs;
  }

  /** Microseconds. */
  estimate(typicalMicros: number, nowMs: number): number {
    const left = this.left(nowMs);
    const above = left * (this.logarithms - this.finished * Math.log(typicalMicros));
    return typicalMicros * Math.exp(above / (left * this.finished + GUESS_TASKS));
  }

  /** Of what was measured, whole microseconds; undefined if nothing was. */
  get mean(): number | undefined {
    return this.finished === 0 ? undefined : Math.round(Math.exp(this.logarithms / this.finished));
  }

  private left(nowMs: number): number {
    return 2 ** ((this.atMs - nowMs) / HALF_LIFE_MS);
  }

  /** Of all tasks that were measured there, microseconds; undefined if none were of late. */
  static typical(all: readonly MeasuredLatency[], nowMs: number): number | undefined {
    let finished = 0;
    let logarithms = 0;
    for (const one of all) {
      const left = one.left(nowMs);
      finished += left * one.finished;
      logarithms += left * one.logarithms;
    }
    return finished < EVIDENCE_MIN ? undefined : Math.exp(logarithms / finished);
  }
}
