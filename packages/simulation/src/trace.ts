// What happened in a simulated world, line by line. Two runs with the same seed must give the same trace.
import type { EventQueue } from "./event-queue.ts";
import { hash } from "./prng.ts";

/** Lines kept for reading; the fingerprint covers all. */
const keptLinesMax = 500_000;

export class Trace {
  readonly #queue: EventQueue;
  #lines: string[] = [];
  #count = 0;
  #fingerprint = hash("");

  constructor(queue: EventQueue) {
    this.#queue = queue;
  }

  /** Notes that something happened now, on a host or in the world. */
  record(host: string, what: string): void {
    const line = `${this.#queue.nowMs.toFixed(3)} ${host} ${what}`;
    this.#count++;
    this.#fingerprint = hash(line, this.#fingerprint);
    this.#lines.push(line);
    if (this.#lines.length > 2 * keptLinesMax) this.#lines = this.#lines.slice(-keptLinesMax);
  }

  /** The last lines. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** The same for two runs in which the same happened. */
  get fingerprint(): string {
    return `${this.#count}-${this.#fingerprint.toString(16).padStart(8, "0")}`;
  }
}
