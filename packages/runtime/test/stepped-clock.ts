// A clock that starts at a moment the test names and moves in one turn: log files are about dates, and their timers are
// synchronous. Timers run in the order of their times.
import type { Clock, Timer } from "../src/index.ts";

interface Waiting {
  atMs: number;
  readonly everyMs: number | undefined;
  readonly callback: () => void;
}

export class SteppedClock implements Clock {
  readonly #startMs: number;
  #elapsedMs = 0;
  readonly #waiting = new Set<Waiting>();

  constructor(startMs: number) {
    this.#startMs = startMs;
  }

  get timers(): number {
    return this.#waiting.size;
  }

  now(): number {
    return this.#startMs + this.#elapsedMs;
  }

  monotonic(): number {
    return this.#elapsedMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    return this.#wait({ atMs: this.#elapsedMs + delayMs, everyMs: undefined, callback });
  }

  every(intervalMs: number, callback: () => void): Timer {
    return this.#wait({ atMs: this.#elapsedMs + intervalMs, everyMs: intervalMs, callback });
  }

  advance(ms: number): void {
    const end = this.#elapsedMs + ms;
    for (;;) {
      const next = [...this.#waiting].filter(({ atMs }) => atMs <= end).sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.#elapsedMs = Math.max(this.#elapsedMs, next.atMs);
      if (next.everyMs === undefined) this.#waiting.delete(next);
      else next.atMs += next.everyMs;
      next.callback();
    }
    this.#elapsedMs = end;
  }

  #wait(waiting: Waiting): Timer {
    this.#waiting.add(waiting);
    return { cancel: () => this.#waiting.delete(waiting) };
  }
}
