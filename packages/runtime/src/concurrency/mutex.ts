// Mutual exclusion across awaits: whoever asked first runs first.

export class Mutex {
  #last: Promise<void> = Promise.resolve();

  /** Runs `work` when everyone who asked before has finished, and passes its result or failure on. */
  async run<T>(work: () => T | Promise<T>): Promise<T> {
    const before = this.#last;
    const { promise, resolve } = turn();
    this.#last = promise;
    await before;
    try {
      return await work();
    } finally {
      resolve();
    }
  }
}

function turn(): { promise: Promise<void>; resolve: () => void } {
  let resolve!: () => void;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
