// Notices when the wall clock is set: what was written before has times that no time of now leads to.
import type { Clock } from "@fastdfs-ts/runtime";

import { WRITE_BACK_SECONDS } from "../store/written-back.ts";
import { joinSpans, type TimeSpan } from "./time-spans.ts";

/** Clocks that are steered move less than this between two looks. */
const SET_MS = 5000;

export class ClockWatch {
  private readonly clock: Clock;
  /** What the clock showed before it was set, and for how long that matters (monotonic milliseconds). */
  private before: { readonly span: TimeSpan; readonly untilMs: number }[];
  private lastMs: number;
  private lastMonotonicMs: number;

  /** `before`: what it showed in an earlier process. */
  constructor(clock: Clock, before: readonly TimeSpan[]) {
    this.clock = clock;
    this.lastMs = clock.now();
    this.lastMonotonicMs = clock.monotonic();
    this.before = before.map((span) => this.remembered(span));
  }

  /** Call it often. Tells whether the clock was set since the last time. */
  look(): boolean {
    const [nowMs, monotonicMs] = [this.clock.now(), this.clock.monotonic()];
    const steppedMs = nowMs - this.lastMs - (monotonicMs - this.lastMonotonicMs);
    const last = Math.floor(this.lastMs / 1000);
    this.lastMs = nowMs;
    this.lastMonotonicMs = monotonicMs;
    this.before = this.before.filter(({ untilMs }) => untilMs > monotonicMs);
    if (Math.abs(steppedMs) < SET_MS) return false;
    this.before.push(this.remembered({ fromSeconds: Math.max(0, last - WRITE_BACK_SECONDS), untilSeconds: last + 1 }));
    return true;
  }

  /** Other times than those that lead to now, of what may not be on the disk yet. */
  get clockWas(): TimeSpan[] {
    return joinSpans(this.before.map(({ span }) => span));
  }

  private remembered(span: TimeSpan) {
    return { span, untilMs: this.lastMonotonicMs + WRITE_BACK_SECONDS * 1000 };
  }
}
