// One thread for the file calls of one disk. It may hang in a call for ever: nothing here waits for it, neither `close`
// nor the end of the process.
import { Worker } from "node:worker_threads";
import { invariant } from "../invariant.ts";
import { type FsAnswer, type FsCalls, type FsRequest, serveFsCalls } from "./serve-fs-calls.ts";

const source = `(${serveFsCalls.toString()})(
  require("node:fs"), require("node:worker_threads").parentPort, require("node:worker_threads").workerData)`;

/** The thread runs a page of code and holds one buffer; Node's own defaults are gigabytes. */
const resourceLimits = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4, stackSizeMb: 1 };

/** How long the end of the process waits for a call that is under way. */
const exitGraceMs = 500;

const threads = new Set<FsThread>();

/**
 * Node ends its threads before it ends, and a thread in a call that hangs doesn't end. Then a signal has to do it. SIGTERM,
 * because service managers take it for an orderly end.
 */
function endProcessInSpiteOfHungThreads(): void {
  for (const thread of threads) {
    if (thread.waitUntilIdle(exitGraceMs)) continue;
    process.removeAllListeners("SIGTERM");
    process.kill(process.pid, "SIGTERM");
    return;
  }
}

interface PendingCall {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export class FsThread {
  readonly #name: string;
  readonly #isBusy = new Int32Array(new SharedArrayBuffer(4));
  #worker: Worker | undefined;
  #pending: PendingCall | undefined;
  #busyMs = 0;
  #isClosed = false;

  /** The thread starts with the first call. */
  constructor(name: string) {
    this.#name = name;
  }

  /** How long all calls that have ended took on the thread, in milliseconds. */
  get busyMs(): number {
    return this.#busyMs;
  }

  /** Runs one call; the one before must have ended. `handedOver` is not usable here any more. Throws system errors. */
  call<Name extends keyof FsCalls>(
    name: Name,
    args: Parameters<FsCalls[Name]>,
    handedOver: ArrayBuffer[] = [],
  ): Promise<ReturnType<FsCalls[Name]>> {
    invariant(this.#pending === undefined && !this.#isClosed, "a disk thread has one call at a time");
    return new Promise<ReturnType<FsCalls[Name]>>((resolve, reject) => {
      const worker = (this.#worker ??= this.#start());
      this.#pending = { resolve: resolve as (result: unknown) => void, reject };
      Atomics.store(this.#isBusy, 0, 1);
      const request: FsRequest = { name, args };
      worker.postMessage(request, handedOver);
    });
  }

  /** Lets the thread end, after the call that is under way if there is one. Its result still arrives. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#worker?.postMessage("end");
  }

  /** Blocks until no call is under way, at most `limitMs`. Only for the end of the process. */
  waitUntilIdle(limitMs: number): boolean {
    return Atomics.wait(this.#isBusy, 0, 1, limitMs) !== "timed-out";
  }

  #start(): Worker {
    const worker = new Worker(source, {
      eval: true,
      name: this.#name,
      workerData: this.#isBusy,
      resourceLimits,
      // Descriptors belong to the files, not to the thread that opened them: its end must not close them.
      trackUnmanagedFds: false,
      // Nothing of the command line (inspector, loaders) and of the environment concerns it.
      execArgv: [],
      env: {},
    });
    worker.on("message", (answer: FsAnswer) => this.#settle(answer));
    let reason: unknown = new Error(`the thread of ${this.#name} ended`);
    worker.on("error", (error) => {
      reason = error;
    });
    worker.on("exit", () => this.#onExit(reason));
    // Last: a listener for messages would keep the process alive again.
    worker.unref();
    if (threads.size === 0) process.on("exit", endProcessInSpiteOfHungThreads);
    threads.add(this);
    return worker;
  }

  #settle({ tookMs, result, failure }: FsAnswer): void {
    const pending = this.#pending;
    this.#pending = undefined;
    this.#busyMs += tookMs;
    if (failure === undefined) pending?.resolve(result);
    else pending?.reject(Object.assign(new Error(failure.message), failure));
  }

  /** After a failure of its own (no memory, say) the next call starts a new one. */
  #onExit(reason: unknown): void {
    threads.delete(this);
    if (threads.size === 0) process.off("exit", endProcessInSpiteOfHungThreads);
    this.#worker = undefined;
    Atomics.store(this.#isBusy, 0, 0);
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.reject(reason);
  }
}
