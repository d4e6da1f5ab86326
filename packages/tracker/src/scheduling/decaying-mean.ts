// What was measured at one storage of late: how long tasks take there, how quick its disk is. Ratios count, so means are
// geometric: a storage that turned a hundred times slower is believed to be quick again as soon as it was believed to be
// slow. What was measured loses half of its weight every two seconds, and where little is left the guess prevails that the
// storage is like the others. So one that is avoided because it was slow is given a task now and then, which is how it is
// noticed that it is quick again.

/** Newer measurements come to count as much as older ones after this time: a lasting change is believed within seconds. */
const HALF_LIFE_MS = 2000;
/**
 * More evidence in one report than this makes it no surer: else a storage that turns slow, and finishes fewer tasks, would be
 * judged by what it did before.
 */
const EVIDENCE_MAX = 10;
/** The guess counts as much as so much evidence. */
const GUESS_EVIDENCE = 1;
/** What is left of measurements after half a minute is nothing. */
const EVIDENCE_MIN = 0.001;

export class DecayingMean {
  /** Evidence, and the logarithms of the values that it is for; weighted by age at `atMs`. */
  private evidence = 0;
  private logarithms = 0;
  private atMs = 0;

  /** `value`: what was measured lately, above 0. `evidence`: how many tasks that is from, or what is as sure; above 0. */
  take(value: number, evidence: number, nowMs: number): void {
    const left = this.left(nowMs);
    const weight = Math.min(evidence, EVIDENCE_MAX);
    this.evidence = left * this.evidence + weight;
    this.logarithms = left * this.logarithms + weight * Math.log(value);
    this.atMs = nowMs;
  }

  /** How many times `typical` the value probably is: 1 where nothing was measured. */
  ratio(typical: number, nowMs: number): number {
    if (this.evidence === 0) return 1;
    const left = this.left(nowMs);
    const above = left * (this.logarithms - this.evidence * Math.log(typical));
    return Math.exp(above / (left * this.evidence + GUESS_EVIDENCE));
  }

  /** Of what was measured, a whole number; undefined if nothing was. */
  get mean(): number | undefined {
    return this.evidence === 0 ? undefined : Math.round(Math.exp(this.logarithms / this.evidence));
  }

  private left(nowMs: number): number {
    return 2 ** ((this.atMs - nowMs) / HALF_LIFE_MS);
  }

  /** Of all that was measured there; undefined if nothing was of late. */
  static typical(all: readonly DecayingMean[], nowMs: number): number | undefined {
    let evidence = 0;
    let logarithms = 0;
    for (const one of all) {
      const left = one.left(nowMs);
      evidence += left * one.evidence;
      logarithms += left * one.logarithms;
    }
    return evidence < EVIDENCE_MIN ? undefined : Math.exp(logarithms / evidence);
  }
}
