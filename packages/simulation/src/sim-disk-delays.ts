// A simulated disk that takes its time: slow, or hanging until it is told to go on.

export interface DiskDelay {
  /** Only for paths that contain this text. */
  readonly path?: string;
  /** How long each call takes, in milliseconds; without it calls hang until the delay is ended. */
  readonly ms?: number;
}

interface ActiveDelay extends DiskDelay {
  readonly waiting: (() => void)[];
}

/** What stands still with an inline call that takes long: the process that made it. */
export interface StalledProcess {
  readonly nowMs: number;
  /** Freezes the process; the function that is returned thaws it. */
  freeze(): () => void;
  after(delayMs: number, callback: () => void): void;
}

export class DiskDelays {
  readonly #active = new Set<ActiveDelay>();
  #stalledMs = 0;
  #stalledUntilMs = 0;
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

  /** How long the host's processes stood still in inline calls of slow disks, in all. */
  get stalledMs(): number {
    return this.#stalledMs;
  }

  /** Virtual time at which the last slow inline call returns. Code that runs now is thought to run then. */
  get stalledUntilMs(): number {
    return this.#stalledUntilMs;
  }

  get isActive(): boolean {
    return this.#active.size > 0;
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

  /**
   * Called by each call: an inline one makes its process stand still. What the process does in the same turn after the call
   * is thought to happen when the call returns; it is called again by nobody before.
   */
  stall(path: string, process: StalledProcess): void {
    if (this.#isInBackground) return;
    for (const { ms, waiting } of this.#on(path)) {
      const thaw = process.freeze();
      if (ms === undefined) {
        waiting.push(thaw);
        continue;
      }
      this.#stalledMs += ms;
      this.#stalledUntilMs = Math.max(this.#stalledUntilMs, process.nowMs) + ms;
      process.after(this.#stalledUntilMs - process.nowMs, thaw);
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
