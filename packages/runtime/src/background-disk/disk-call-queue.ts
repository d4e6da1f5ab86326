// The order of the calls of one background disk: first come, first served, one at a time, bounded, and with a way out for
// the callers when the disk does not answer. The same for the real worker and the simulated one.
import { SystemError } from "../ports/system-error.ts";

/** More than the connections a server has; each of them waits for one call at a time. */
const waitingMax = 4096;

/** What becomes of a call that has not begun when its caller is sent away. */
export type WhenGivenUp = "forgotten" | "done";

export interface DiskCall<Result> {
  /** For errors. */
  readonly name: string;
  /** `isWanted` tells whether the caller still waits: after that its buffers are not its own any more. */
  readonly run: (isWanted: () => boolean) => Promise<Result>;
  readonly whenGivenUp: WhenGivenUp;
  /** Whether it may exceed the bound: closing a file, which frees what is scarce. */
  readonly isAlwaysTaken?: boolean;
  /** Gets the result if the caller has been sent away meanwhile. */
  readonly onLateResult?: ((result: Result) => void) | undefined;
}

interface QueuedCall {
  readonly call: DiskCall<unknown>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  isGivenUp: boolean;
}

export class DiskCallQueue {
  /** What the disk is called in errors. */
  readonly #name: string;
  #waiting: QueuedCall[] = [];
  #running: QueuedCall | undefined;
  #ended = 0;
  #isClosed = false;

  constructor(name: string) {
    this.#name = name;
  }

  get outstanding(): number {
    return this.#waiting.length + (this.#running === undefined ? 0 : 1);
  }

  get ended(): number {
    return this.#ended;
  }

  /** Runs a call when its turn comes. Throws EAGAIN if too many wait, EBADF after `close`. */
  add<Result>(call: DiskCall<Result>): Promise<Result> {
    if (this.#isClosed) return Promise.reject(new SystemError("EBADF", call.name, this.#name));
    if (this.#waiting.length >= waitingMax && call.isAlwaysTaken !== true) {
      return Promise.reject(new SystemError("EAGAIN", call.name, this.#name));
    }
    return new Promise<Result>((resolve, reject) => {
      this.#waiting.push({
        call: call as DiskCall<unknown>,
        resolve: resolve as (result: unknown) => void,
        reject,
        isGivenUp: false,
      });
      if (this.#running === undefined) void this.#runAll();
    });
  }

  /** See `BackgroundDisk.giveUp`. */
  giveUp(reason: Error): void {
    const left = this.#running === undefined ? this.#waiting : [this.#running, ...this.#waiting];
    this.#waiting = this.#waiting.filter(({ call }) => call.whenGivenUp === "done");
    for (const queued of left) {
      if (queued.isGivenUp) continue;
      queued.isGivenUp = true;
      queued.reject(reason);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.giveUp(new SystemError("EBADF", "close", this.#name));
    this.#waiting = [];
  }

  async #runAll(): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      this.#running = next;
      await this.#run(next);
    }
    this.#running = undefined;
  }

  async #run(queued: QueuedCall): Promise<void> {
    try {
      const result = await queued.call.run(() => !queued.isGivenUp);
      this.#ended++;
      if (queued.isGivenUp) queued.call.onLateResult?.(result);
      else queued.resolve(result);
    } catch (error) {
      this.#ended++;
      queued.reject(error);
    }
  }
}
