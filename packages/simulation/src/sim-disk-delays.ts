// A simulated disk that takes its time: slow, or hanging until it is told to go on.
import type { DiskOperation } from "./sim-disk-faults.ts";

export interface DiskDelay {
  /** Only for paths that contain this text. */
  readonly path?: string;
  /** How long each call takes, in milliseconds; without it calls hang until the delay is ended. */
  readonly ms?: number;
}

interface ActiveDelay extends DiskDelay {
  readonly waiting: (() => void)[];
}

export class DiskDelays {
  readonly #active = new Set<ActiveDelay>();
  #stalledMs = 0;
  #isInBackground = false;

  /** Delays calls from now on. Returns a function that ends it; what hangs then goes on. */
  inject(delay: DiskDelay): () => void {
    const active: ActiveDelay = { ...delay, waiting: [] };
    this.#active.add(active);
    return () => {
      this.#active.delete(active);
      for (const goOn of active.waiting.splice(0)) goOn();
    };
  }

  /** How long the host's processes stood still in inline calls of slow disks: their clocks show it. */
  get stalledMs(): number {
    return this.#stalledMs;
  }

  /** Makes calls of the disk that do not hold up their process. */
  inBackground<Result>(calls: () => Result): Result {
    this.#isInBackground = true;
    try {
      return calls();
    } finally {
      this.#isInBackground = false;
    }
  }

  /** Called by each call: an inline one makes the process stand still. */
  stall(operation: DiskOperation, path: string): void {
    if (this.#isInBackground) return;
    for (const { ms } of this.#on(path)) {
      // Nothing can go on after a call that does not return; and only what the servers failed to foresee comes here.
      if (ms === undefined)
        throw new Error(`an inline call on a disk that hangs stops its process: ${operation} ${path}`);
      this.#stalledMs += ms;
    }
  }

  /** Calls `goOn` when a background call on `path` may go on: after `ms`, which `after` waits for, or when what hangs ends. */
  delay(path: string, after: (ms: number, goOn: () => void) => void, goOn: () => void): void {
    const delays = this.#on(path);
    const hang = delays.find(({ ms }) => ms === undefined);
    if (hang) hang.waiting.push(() => this.delay(path, after, goOn));
    else
      after(
        delays.reduce((sum, { ms = 0 }) => sum + ms, 0),
        goOn,
      );
  }

  #on(text: string): ActiveDelay[] {
    return [...this.#active].filter(({ path }) => path === undefined || text.includes(path));
  }
}
