// The way from one simulated host to another: how long bytes take, and whether they get through.
import type { EventQueue } from "./event-queue.ts";
import type { Prng } from "./prng.ts";

/** Bounds of the time that bytes take from host to host, in milliseconds. */
export interface Latency {
  readonly minMs: number;
  readonly maxMs: number;
}

/** What waits at a link that is cut. */
export interface HeldTraffic {
  goOn(): void;
}

export class SimLink {
  latency: Latency;
  /** A firewall lets no new connection through; those that are open go on. */
  isBlocked = false;
  readonly #queue: EventQueue;
  readonly #random: Prng;
  readonly #cuts = new Set<object>();
  #stalledUntilMs = 0;
  readonly #held = new Set<HeldTraffic>();

  constructor(queue: EventQueue, random: Prng, latency: Latency) {
    this.#queue = queue;
    this.#random = random;
    this.latency = latency;
  }

  get isCut(): boolean {
    return this.#cuts.size > 0;
  }

  /** How long what is sent now will take. */
  drawDelayMs(): number {
    const stalledMs = Math.max(0, this.#stalledUntilMs - this.#queue.nowMs);
    return stalledMs + this.#random.between(this.latency.minMs, this.latency.maxMs);
  }

  /** Nothing gets through until the function that it returns is called, or `heal`. Streams are not broken by it: TCP sends again. */
  cut(): () => void {
    const cut = {};
    this.#cuts.add(cut);
    return () => {
      if (this.#cuts.delete(cut) && this.#cuts.size === 0) this.heal();
    };
  }

  /** Ends all cuts and blocks. */
  heal(): void {
    this.isBlocked = false;
    this.#cuts.clear();
    const held = [...this.#held];
    this.#held.clear();
    for (const traffic of held) traffic.goOn();
  }

  /** What is sent in the next `durationMs` arrives after them. */
  stall(durationMs: number): void {
    this.#stalledUntilMs = this.#queue.nowMs + durationMs;
  }

  hold(traffic: HeldTraffic): void {
    this.#held.add(traffic);
  }
}
