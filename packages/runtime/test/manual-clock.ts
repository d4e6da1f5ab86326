// A clock for unit tests of this package, which lies below the simulation and can't use its clock. Time stands still
// until the test moves it.
import type { Clock, Timer } from "../src/index.ts";

interface Entry {
  atMs: number;
  readonly callback: () => void;
}

export class ManualClock implements Clock {
  #nowMs = 0;
  #entries: Entry[] = [];

  now(): number {
    return 1_700_000_000_000 + Math.floor(this.#nowMs);
  }

  monotonic(): number {
    return this.#nowMs;
  }

  /** Timers that are waiting. */
  get timers(): number {
    return this.#entries.length;
  }

  after(delayMs: number, callback: () => void): Timer {
    const entry = { atMs: this.#nowMs + delayMs, callback };
    this.#entries.push(entry);
    return {
      cancel: () => {
        this.#entries = this.#entries.filter((other) => other !== entry);
      },
    };
  }

  every(intervalMs: number, callback: () => void): Timer {
    const again = () => {
      timer = this.after(intervalMs, again);
      callback();
    };
    let timer = this.after(intervalMs, again);
    return { cancel: () => timer.cancel() };
  }

  /** Moves time on, runs what falls due in its order, and lets promises settle after each. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settle();
    for (;;) {
      const due = this.#entries.filter((entry) => entry.atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (!due) break;
      this.#entries = this.#entries.filter((entry) => entry !== due);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.callback();
      await settle();
    }
    this.#nowMs = endMs;
  }

  /** Moves time on without running anything, as if the process had been stopped. */
  hang(ms: number): void {
    this.#nowMs += ms;
  }
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
