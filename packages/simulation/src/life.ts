// One run of a simulated process. When its host crashes, the code of that run is still in memory: its timers must not
// fire, nobody may call it, and what it tries to do must not reach the disk or the network of the next run.

/** Thrown into code that was cut off by a crash of its host, and into all it tries afterwards. */
export class HostCrashed extends Error {
  constructor(host: string) {
    super(`the simulated host ${host} has crashed`);
    this.name = "HostCrashed";
  }
}

export class Life {
  readonly host: string;
  #isOver = false;

  constructor(host: string) {
    this.host = host;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  end(): void {
    this.#isOver = true;
  }

  /** Throws HostCrashed once the life is over. */
  check(): void {
    if (this.#isOver) throw new HostCrashed(this.host);
  }

  /** `callback`, which does nothing once the life is over. */
  while(callback: () => void): () => void {
    return () => {
      if (!this.#isOver) callback();
    };
  }
}
