// One run of a simulated process. When its host crashes, the code of that run is still in memory: its timers must not
// fire, nobody may call it, and what it tries to do must not reach the disk or the network of the next run. While it is
// frozen (stopped by a signal, a paused virtual machine, a disk call that does not return) it is called by nobody either,
// and hears of everything that it missed when it thaws, in order.

/** Thrown into code that was cut off by a crash of its host, and into all it tries afterwards. */
export class HostCrashed extends Error {
  constructor(host: string) {
    super(`the simulated host ${host} has crashed`);
    this.name = "HostCrashed";
  }
}

export class Life {
  readonly host: string;
  readonly #schedule: (callback: () => void) => void;
  readonly #onThaw: () => void;
  readonly #freezers = new Set<object>();
  #missed: (() => void)[] = [];
  #isOver = false;

  /** `schedule` runs a callback in an event of its own, as soon as possible; `onThaw` is called when a frozen life goes on. */
  constructor(host: string, schedule: (callback: () => void) => void, onThaw: () => void) {
    this.host = host;
    this.#schedule = schedule;
    this.#onThaw = onThaw;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get isFrozen(): boolean {
    return this.#freezers.size > 0;
  }

  end(): void {
    this.#isOver = true;
    this.#missed = [];
  }

  /** Throws HostCrashed once the life is over. */
  check(): void {
    if (this.#isOver) throw new HostCrashed(this.host);
  }

  /** `callback`, which does nothing once the life is over, and waits while it is frozen. */
  while(callback: () => void): () => void {
    const call = () => {
      if (this.#isOver) return;
      // Who comes after the thaw queues up behind what was missed.
      if (this.isFrozen || this.#missed.length > 0) this.#missed.push(callback);
      else callback();
    };
    return call;
  }

  /** Calls nobody until the function that it returns is called. Several may freeze at once. */
  freeze(): () => void {
    const freezer = {};
    this.#freezers.add(freezer);
    return () => {
      if (!this.#freezers.delete(freezer) || this.isFrozen || this.#isOver) return;
      this.#schedule(() => this.#catchUp());
      this.#onThaw();
    };
  }

  /** One missed call per event, so that promises settle in between as they would. */
  #catchUp(): void {
    if (this.isFrozen || this.#isOver) return;
    const next = this.#missed.shift();
    if (this.#missed.length > 0) this.#schedule(() => this.#catchUp());
    next?.();
  }
}
