// The real clock. Its timers never keep the process alive: a server lives as long as its listeners do.
import type { Clock, Timer } from "../ports/clock.ts";

/** Node turns a longer delay into 1 ms, so longer ones are waited for in pieces. */
const delayMsMax = 2 ** 31 - 1;

class NodeTimer implements Timer {
  readonly #callback: () => void;
  #leftMs: number;
  #timeout: NodeJS.Timeout;

  constructor(delayMs: number, callback: () => void) {
    this.#callback = callback;
    this.#leftMs = delayMs;
    this.#timeout = this.#waitOnePiece();
  }

  cancel(): void {
    clearTimeout(this.#timeout);
  }

  #waitOnePiece(): NodeJS.Timeout {
    const pieceMs = Math.min(this.#leftMs, delayMsMax);
    this.#leftMs -= pieceMs;
    return setTimeout(() => {
      if (this.#leftMs > 0) this.#timeout = this.#waitOnePiece();
      else this.#callback();
    }, pieceMs).unref();
  }
}

export const nodeClock: Clock = {
  now: () => Date.now(),

  monotonic: () => performance.now(),

  after(delayMs, callback) {
    if (delayMs > 0) return new NodeTimer(delayMs, callback);
    // "At once" means after the I/O that is already waiting. setTimeout would make it a millisecond; an immediate must
    // not be unref'ed, because the loop would then sleep in its poll until something else happens.
    const immediate = setImmediate(callback);
    return { cancel: () => clearImmediate(immediate) };
  },

  every(intervalMs, callback) {
    const interval = setInterval(callback, Math.min(intervalMs, delayMsMax)).unref();
    return { cancel: () => clearInterval(interval) };
  },
};
