// Whoever opens, closes; last opened, first closed. A server's `open` function pushes what it opened; if a later step
// fails, `await using` undoes the earlier ones. Node 20 has no AsyncDisposableStack.
import { invariant } from "../invariant.ts";

export class ShutdownStack implements AsyncDisposable {
  #cleanups: (() => unknown)[] = [];
  #isDone = false;

  /** Closes `resource` when the stack is closed, and hands it back. */
  use<T extends AsyncDisposable | Disposable>(resource: T): T {
    this.defer(() => (Symbol.asyncDispose in resource ? resource[Symbol.asyncDispose]() : resource[Symbol.dispose]()));
    return resource;
  }

  /** Calls `cleanup` when the stack is closed. */
  defer(cleanup: () => void | PromiseLike<void>): void {
    invariant(!this.#isDone, "nothing is pushed on a shutdown stack that was closed or moved");
    this.#cleanups.push(cleanup);
  }

  /** Hands everything over to a new stack: what was opened so far is no longer undone when this one is closed. */
  move(): ShutdownStack {
    invariant(!this.#isDone, "a shutdown stack is moved once");
    this.#isDone = true;
    const heir = new ShutdownStack();
    heir.#cleanups = this.#cleanups;
    this.#cleanups = [];
    return heir;
  }

  /**
   * Closes everything, one after the other, the last pushed first. A failure does not keep the others from being closed;
   * all of them are thrown together as an AggregateError. A second call does nothing.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDone = true;
    const failures: unknown[] = [];
    for (let cleanup = this.#cleanups.pop(); cleanup; cleanup = this.#cleanups.pop()) {
      try {
        await cleanup();
      } catch (failure) {
        failures.push(failure);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, "closing failed");
  }
}
