// Work that is done at once while the disk is quick and goes on later when it is not. An `async` function would make a
// promise and several turns of the microtask queue of every step, which small files pay for more than for the work.

export type Awaitable<T> = T | Promise<T>;

/** Goes on with the value: now if it is there, else when it comes. */
export function after<T, U>(value: Awaitable<T>, goOn: (value: T) => Awaitable<U>): Awaitable<U> {
  return value instanceof Promise ? value.then(goOn) : goOn(value);
}

/** Does `work`; if it throws or rejects, now or later, the result is that of `onFailure` (which usually throws). */
export function rescue<T>(work: () => Awaitable<T>, onFailure: (error: unknown) => Awaitable<T>): Awaitable<T> {
  let result: Awaitable<T>;
  try {
    result = work();
  } catch (error) {
    return onFailure(error);
  }
  return result instanceof Promise ? result.catch(onFailure) : result;
}

/** All values: now if all are there, else when the last one comes. */
export function all<T>(values: readonly Awaitable<T>[]): Awaitable<T[]> {
  return values.some((value) => value instanceof Promise) ? Promise.all(values) : (values as T[]);
}
