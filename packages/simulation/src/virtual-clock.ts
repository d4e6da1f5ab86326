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
  readonly #stalledMs: () => number;

  /** `stalledMs`: how long the process stood still in calls that blocked it, which virtual time alone does not show. */
  constructor(queue: EventQueue, wall: WallClock, life: Life, stalledMs: () => number) {
    this.#stalledMs = stalledMs;
    this.#queue = queue;
    this.#wall = wall;
    this.#life = life;
  }

  now(): number {
    return Math.floor(this.#wall.startMs + this.monotonic());
  }

  monotonic(): number {
    return this.#queue.nowMs + this.#stalledMs();
  }

  after(delayMs: number, callback: () => void): Timer {
    return this.#queue.after(delayMs, this.#life.while(callback));
  }

  every(intervalMs: number, callback: () => void): Timer {
    const again = this.#life.while(() => {
      timer = this.#queue.after(intervalMs, again);
      callback();
    });
    let timer = this.#queue.after(intervalMs, again);
    return { cancel: () => timer.cancel() };
  }
}
