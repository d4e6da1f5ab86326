// A host's clock on virtual time. All hosts share one event queue; each has a wall clock of its own that may be wrong.
import type { Clock, Timer } from "@fastdfs-ts/runtime";
import type { EventQueue } from "./event-queue.ts";
import type { Life } from "./life.ts";

/** What a host's wall clock shows, beyond virtual time. It survives crashes. */
export interface WallClock {
  /** Milliseconds since 1970 at the beginning of the simulation. Change it to let the clock jump. */
  startMs: number;
}

export class VirtualClock implements Clock {
  readonly #queue: EventQueue;
  readonly #wall: WallClock;
  readonly #life: Life;
  readonly #stalledUntilMs: () => number;

  /** `stalledUntilMs`: virtual time up to which the process stands still in calls that block it; it sees the time of their end. */
  constructor(queue: EventQueue, wall: WallClock, life: Life, stalledUntilMs: () => number) {
    this.#stalledUntilMs = stalledUntilMs;
    this.#queue = queue;
    this.#wall = wall;
    this.#life = life;
  }

  now(): number {
    return Math.floor(this.#wall.startMs + this.monotonic());
  }

  monotonic(): number {
    return Math.max(this.#queue.nowMs, this.#stalledUntilMs());
  }

  after(delayMs: number, callback: () => void): Timer {
    let isCancelled = false;
    const timer = this.#queue.after(
      delayMs,
      // A timer that came due while the process was frozen can still be cancelled before the process hears of it.
      this.#life.while(() => {
        if (!isCancelled) callback();
      }),
    );
    const cancel = () => {
      isCancelled = true;
      timer.cancel();
    };
    return { cancel };
  }

  every(intervalMs: number, callback: () => void): Timer {
    let timer: Timer;
    const again = () => {
      timer = this.after(intervalMs, again);
      callback();
    };
    timer = this.after(intervalMs, again);
    return { cancel: () => timer.cancel() };
  }
}
