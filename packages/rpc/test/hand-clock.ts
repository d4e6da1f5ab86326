// A clock that only moves when it is told to.
import type { Clock, Timer } from "@fastdfs-ts/runtime";

export class HandClock implements Clock {
  private time = 0;
  private readonly timers = new Set<{ at: number; every: number | undefined; run: () => void }>();
  now = (): number => this.time;
  monotonic = (): number => this.time;
  after = (delayMs: number, run: () => void): Timer => this.add({ at: this.time + delayMs, every: undefined, run });
  every = (everyMs: number, run: () => void): Timer => this.add({ at: this.time + everyMs, every: everyMs, run });

  advance(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const [next] = [...this.timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.time = next.at;
      if (next.every === undefined) this.timers.delete(next);
      else next.at += next.every;
      next.run();
    }
    this.time = end;
  }

  private add(timer: { at: number; every: number | undefined; run: () => void }): Timer {
    this.timers.add(timer);
    return { cancel: () => void this.timers.delete(timer) };
  }
}
