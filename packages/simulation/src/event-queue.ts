// Virtual time: one queue of events for a whole simulated world. The earliest event is taken, time is set to it, it runs,
// every promise settles, and so on. Nothing ever waits for real.
import type { Timer } from "@fastdfs-ts/runtime";

/** Events at one instant after which something is taken to go round in circles without ever waiting. */
const eventsPerInstantMax = 1_000_000;

class QueuedEvent implements Timer {
  readonly atMs: number;
  readonly order: number;
  #run: (() => void) | undefined;

  constructor(atMs: number, order: number, run: () => void) {
    this.atMs = atMs;
    this.order = order;
    this.#run = run;
  }

  get isCancelled(): boolean {
    return this.#run === undefined;
  }

  cancel(): void {
    this.#run = undefined;
  }

  run(): void {
    const run = this.#run;
    this.#run = undefined;
    run?.();
  }

  isBefore(other: QueuedEvent): boolean {
    return this.atMs < other.atMs || (this.atMs === other.atMs && this.order < other.order);
  }
}

export class EventQueue {
  /** A binary heap, the earliest event first. */
  readonly #heap: QueuedEvent[] = [];
  #nowMs = 0;
  #ordered = 0;
  #ranAtThisInstant = 0;
  #eventCount = 0;

  /** Milliseconds since the simulation began. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Events that ran so far. */
  get eventCount(): number {
    return this.#eventCount;
  }

  /** Runs `run` in `delayMs` from now; events of one instant run in the order in which they were scheduled. */
  after(delayMs: number, run: () => void): Timer {
    const event = new QueuedEvent(this.#nowMs + Math.max(0, delayMs), this.#ordered++, run);
    this.#push(event);
    return event;
  }

  /**
   * Runs events until `condition` holds, which is asked after each. Throws when it can't come true any more because no
   * event is left, or when `limitMs` of virtual time have passed.
   */
  async runUntil(condition: () => boolean, limitMs: number): Promise<void> {
    const endMs = this.#nowMs + limitMs;
    await settlePromises();
    while (!condition()) {
      const event = this.#peek();
      if (!event) throw new Error("the simulation stands still: no event is left, and the condition does not hold");
      if (event.atMs > endMs) throw new Error(`the condition did not come true within ${limitMs} ms of virtual time`);
      await this.#run(event);
    }
  }

  /** Runs everything that happens in the next `durationMs`, and sets the time to their end. */
  async runFor(durationMs: number): Promise<void> {
    const endMs = this.#nowMs + durationMs;
    await settlePromises();
    for (let event = this.#peek(); event && event.atMs <= endMs; event = this.#peek()) await this.#run(event);
    this.#nowMs = endMs;
  }

  async #run(event: QueuedEvent): Promise<void> {
    this.#pop();
    this.#ranAtThisInstant = event.atMs === this.#nowMs ? this.#ranAtThisInstant + 1 : 0;
    if (this.#ranAtThisInstant > eventsPerInstantMax) {
      throw new Error(`${eventsPerInstantMax} events at ${this.#nowMs} ms: something loops without waiting`);
    }
    this.#nowMs = event.atMs;
    this.#eventCount++;
    event.run();
    await settlePromises();
  }

  /** The earliest event that was not cancelled. */
  #peek(): QueuedEvent | undefined {
    while (this.#heap[0]?.isCancelled) this.#pop();
    return this.#heap[0];
  }

  #push(event: QueuedEvent): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!event.isBefore(heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.isBefore(heap[child]!)) child++;
      if (!heap[child]!.isBefore(last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

/** Node empties the queues of promises and of process.nextTick, however long their chains, before it runs an immediate. */
function settlePromises(): Promise<void> {
  // eslint-disable-next-line no-restricted-globals -- the one real turn of the event loop that virtual time stands on
  return new Promise((resolve) => setImmediate(resolve));
}
