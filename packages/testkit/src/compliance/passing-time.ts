// How a compliance suite lets time pass: the real world needs only turns of the event loop, a simulated one is stepped.

export interface PassingTime {
  /** Lets the world go on until `condition` holds. Fails when nothing is left that could make it true. */
  readonly until: (condition: () => boolean) => Promise<void>;
}

/** The real world: turns of the event loop. The test's own time limit ends a wait that is in vain. */
export const realTime: PassingTime = {
  async until(condition) {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
  },
};

/** Lets the world go on until `work` is settled, and passes its result or failure on. */
export async function settled<T>(time: PassingTime, work: Promise<T>): Promise<T> {
  let isSettled = false;
  const note = () => {
    isSettled = true;
  };
  work.then(note, note);
  await time.until(() => isSettled);
  return work;
}
