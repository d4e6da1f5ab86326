// Runs workers: loops over their steps, waits when they are idle, backs off when they fail, tells what each is doing.
import { sleep } from "../concurrency/sleep.ts";
import { invariant, InvariantError } from "../invariant.ts";
import type { Clock } from "../ports/clock.ts";
import type { Service } from "./service.ts";
import type { Worker, WorkerActivity, WorkerStatus } from "./worker.ts";

export interface WorkerPoolOptions {
  /** Wait after the first failure; every further one in a row doubles it. */
  readonly backOffMsMin?: number;
  readonly backOffMsMax?: number;
  /** Told of every failed step. The place to log it. */
  readonly onFailure?: (worker: Worker, error: unknown, retryInMs: number) => void;
  /** Told when a step broke an invariant; the worker has stopped. By default the error ends the process. */
  readonly onInvariantBroken?: (error: InvariantError) => void;
}

/** One worker in its pool. */
export interface WorkerHandle {
  readonly status: WorkerStatus;
  /** Ends an idle wait now, because there is work. Does not shorten the wait after a failure. */
  wake(): void;
  /** Aborts the step under way, and resolves when the worker is out of the pool. May be called twice. */
  stop(): Promise<void>;
}

const defaults: Required<WorkerPoolOptions> = {
  backOffMsMin: 1000,
  backOffMsMax: 60_000,
  onFailure: () => {},
  onInvariantBroken(error) {
    // Outside of any promise, so that nothing can catch it.
    queueMicrotask(() => {
      throw error;
    });
  },
};

class RunningWorker implements WorkerHandle {
  readonly #worker: Worker;
  readonly #clock: Clock;
  readonly #options: Required<WorkerPoolOptions>;
  readonly #root = new AbortController();
  readonly done: Promise<void>;
  #isDraining = false;
  #wakeUp = new AbortController();
  /** Somebody called `wake` while a step was under way that may have missed the reason. */
  #isWoken = false;
  #activity: WorkerActivity = { kind: "stepping" };
  #stepsDone = 0;
  #failuresInARow = 0;
  #lastError: unknown;

  constructor(worker: Worker, clock: Clock, options: Required<WorkerPoolOptions>) {
    this.#worker = worker;
    this.#clock = clock;
    this.#options = options;
    this.done = this.#loop();
  }

  get status(): WorkerStatus {
    return {
      name: this.#worker.name,
      activity: this.#activity,
      stepsDone: this.#stepsDone,
      failuresInARow: this.#failuresInARow,
      lastError: this.#lastError,
    };
  }

  wake(): void {
    this.#isWoken = true;
    if (this.#activity.kind === "idle") this.#wakeUp.abort();
  }

  /** Lets the step under way end, and starts no other. */
  drain(): Promise<void> {
    this.#isDraining = true;
    this.#wakeUp.abort();
    return this.done;
  }

  stop(): Promise<void> {
    this.#root.abort();
    return this.drain();
  }

  async #loop(): Promise<void> {
    // Not in the turn in which the pool was started: its owner may still be opening other things.
    await sleep(this.#clock, 0);
    while (!this.#isDraining) await this.#stepAndWait();
    this.#activity = { kind: "stopped" };
  }

  async #stepAndWait(): Promise<void> {
    this.#activity = { kind: "stepping" };
    this.#isWoken = false;
    try {
      const outcome = await this.#worker.step(this.#root.signal);
      this.#stepsDone++;
      this.#failuresInARow = 0;
      // Even a busy worker lets everyone else have a turn between two steps.
      if (outcome === "busy") await sleep(this.#clock, 0);
      else await this.#wait("idle", this.#wokenMeanwhile() ? 0 : outcome.idleMs);
    } catch (error) {
      await this.#onFailure(error);
    }
  }

  #wokenMeanwhile(): boolean {
    return this.#isWoken;
  }

  async #onFailure(error: unknown): Promise<void> {
    const { backOffMsMin, backOffMsMax, onFailure, onInvariantBroken } = this.#options;
    this.#lastError = error;
    if (error instanceof InvariantError) {
      // A broken assumption is no reason to try again.
      this.#isDraining = true;
      onInvariantBroken(error);
    }
    if (this.#isDraining) return;
    const retryInMs = Math.min(backOffMsMin * 2 ** this.#failuresInARow, backOffMsMax);
    this.#failuresInARow++;
    onFailure(this.#worker, error, retryInMs);
    await this.#wait("backing-off", retryInMs);
  }

  async #wait(kind: "idle" | "backing-off", delayMs: number): Promise<void> {
    if (this.#isDraining) return;
    this.#activity = { kind, untilMs: this.#clock.monotonic() + delayMs };
    this.#wakeUp = new AbortController();
    // Being woken is a way for a wait to end, not a failure.
    await sleep(this.#clock, delayMs, this.#wakeUp.signal).catch(() => undefined);
  }
}

export class WorkerPool implements Service {
  readonly name = "background work";
  readonly #clock: Clock;
  readonly #options: Required<WorkerPoolOptions>;
  readonly #running = new Map<string, RunningWorker>();
  #isClosed = false;

  private constructor(clock: Clock, options: WorkerPoolOptions) {
    this.#clock = clock;
    this.#options = { ...defaults, ...options };
  }

  static start(
    workers: Iterable<Worker>,
    { clock }: { readonly clock: Clock },
    options: WorkerPoolOptions = {},
  ): WorkerPool {
    const pool = new WorkerPool(clock, options);
    for (const worker of workers) pool.add(worker);
    return pool;
  }

  /** Adds a worker that comes later, such as a replicator to a new member of the group. */
  add(worker: Worker): WorkerHandle {
    invariant(!this.#isClosed, `no worker is added to a pool that is closed: ${worker.name}`);
    invariant(!this.#running.has(worker.name), `a worker's name is unique in its pool: ${worker.name}`);
    const running = new RunningWorker(worker, this.#clock, this.#options);
    this.#running.set(worker.name, running);
    void running.done.finally(() => this.#running.delete(worker.name));
    return running;
  }

  /** What every worker is doing, in the order in which they were added. */
  statuses(): WorkerStatus[] {
    return Array.from(this.#running.values(), (running) => running.status);
  }

  /** Ends the idle wait of a worker; does nothing if there is none of this name. */
  wake(name: string): void {
    this.#running.get(name)?.wake();
  }

  async drain(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(Array.from(this.#running.values(), (running) => running.drain()));
  }

  async stop(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(Array.from(this.#running.values(), (running) => running.stop()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
