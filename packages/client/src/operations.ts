// Everything the caller asked for that is still under way. Closing the client calls all of it off and waits until each
// has let go of its connection.
import { FdfsError } from "@fastdfs-ts/protocol";

/** One operation: its signal fires when the caller's does, or when the client is closed. */
export interface Operation {
  readonly signal: AbortSignal;
  /** Must be called exactly once, when nothing of the operation is left. */
  end(): void;
}

export class Operations {
  private readonly running = new Set<AbortController>();
  private readonly linked = new Map<AbortSignal, Set<AbortController>>();
  private closing = false;
  private allEnded: (() => void) | undefined;

  /** Throws FdfsError ABORTED if the caller's signal has fired already or the client is closed. */
  begin(signal: AbortSignal | undefined): Operation {
    if (this.closing) throw new FdfsError("ABORTED", { reason: "the client is closed" });
    if (signal?.aborted === true) throw new FdfsError("ABORTED", {}, { cause: signal.reason });
    const controller = new AbortController();
    const unlink = signal === undefined ? undefined : this.link(signal, controller);
    this.running.add(controller);
    return {
      signal: controller.signal,
      end: () => {
        unlink?.();
        this.running.delete(controller);
        if (this.running.size === 0) this.allEnded?.();
      },
    };
  }

  /** Runs `work` as one operation. */
  async run<T>(signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const operation = this.begin(signal);
    try {
      return await work(operation.signal);
    } finally {
      operation.end();
    }
  }

  /** Calls off what is under way and waits for it. May be called twice. */
  async close(): Promise<void> {
    this.closing = true;
    if (this.running.size === 0) return;
    const ended = new Promise<void>((resolve) => {
      this.allEnded = resolve;
    });
    for (const controller of this.running) controller.abort(new Error("the client is closed"));
    await ended;
  }

  /**
   * Passes the caller's signal on. By hand, and with one listener however many operations share the signal:
   * AbortSignal.any keeps a reference in every long-lived signal it was given, and Node warns of more than ten listeners.
   */
  private link(signal: AbortSignal, controller: AbortController): () => void {
    const known = this.linked.get(signal);
    const sharing = known ?? new Set<AbortController>();
    sharing.add(controller);
    if (known === undefined) {
      this.linked.set(signal, sharing);
      signal.addEventListener("abort", this.passOn);
    }
    return () => {
      sharing.delete(controller);
      if (sharing.size > 0) return;
      this.linked.delete(signal);
      signal.removeEventListener("abort", this.passOn);
    };
  }

  private readonly passOn = ({ target }: Event): void => {
    const signal = target as AbortSignal;
    for (const controller of this.linked.get(signal) ?? []) controller.abort(signal.reason);
  };
}
