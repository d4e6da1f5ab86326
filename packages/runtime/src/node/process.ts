// The signals that ask a server to stop, and the one that asks it to read its configuration again.
import { isatty } from "node:tty";

const shutdownSignals = ["SIGINT", "SIGTERM"] as const;
export type ShutdownSignal = (typeof shutdownSignals)[number];

/**
 * Calls `callback` at the first SIGINT or SIGTERM. A second one means that the user does not want to wait: the process
 * exits at once with status 1. Returns a function that stops listening.
 */
export function onShutdownSignal(callback: (signal: ShutdownSignal) => void): () => void {
  let asked = false;
  const onSignal = (signal: NodeJS.Signals) => {
    if (asked) process.exit(1);
    asked = true;
    callback(signal as ShutdownSignal);
  };
  for (const signal of shutdownSignals) process.on(signal, onSignal);
  return () => {
    for (const signal of shutdownSignals) process.off(signal, onSignal);
  };
}

const STDERR = 2;

/**
 * SIGHUP. It ends the process unless somebody listens: servers do, and read their configuration again. But when the
 * terminal goes in which the process was started, the system sends it too, and then it means to stop.
 */
export class HangupSignal {
  readonly #onTerminalGone: () => void;
  readonly #hasTerminal: () => boolean;
  readonly #hadTerminal: boolean;
  readonly #listeners = new Set<() => void>();
  readonly #onSignal = (): void => {
    if (this.isTerminalGone) this.#onTerminalGone();
    else for (const listener of this.#listeners) listener();
  };

  constructor(onTerminalGone: () => void, hasTerminal = () => isatty(STDERR)) {
    this.#onTerminalGone = onTerminalGone;
    this.#hasTerminal = hasTerminal;
    this.#hadTerminal = hasTerminal();
  }

  /** Whether there was a terminal at the start and is none now. */
  get isTerminalGone(): boolean {
    return this.#hadTerminal && !this.#hasTerminal();
  }

  /** Calls `listener` at every SIGHUP until what is returned is disposed. */
  listen(listener: () => void): Disposable {
    if (this.#listeners.size === 0) process.on("SIGHUP", this.#onSignal);
    this.#listeners.add(listener);
    return {
      [Symbol.dispose]: () => {
        this.#listeners.delete(listener);
        if (this.#listeners.size === 0) process.off("SIGHUP", this.#onSignal);
      },
    };
  }
}
