// Waiting for a time, or until something changes that has to be looked at.
import { FdfsError } from "@fastdfs-ts/protocol";
import { type Clock, sleep } from "@fastdfs-ts/runtime";

export class InterruptibleWait {
  private readonly clock: Clock;
  private readonly stopping: AbortSignal;
  private bell = new AbortController();

  /** Whoever aborts `stopping` rings, too; then nothing waits any more. */
  constructor(clock: Clock, stopping: AbortSignal) {
    this.clock = clock;
    this.stopping = stopping;
  }

  /** Something changed. */
  ring(): void {
    this.bell.abort(new FdfsError("ABORTED", { reason: "something changed" }));
  }

  /** Everything is looked at now: what changed before calls nothing off any more. */
  lookAtAll(): void {
    if (this.bell.signal.aborted) this.bell = new AbortController();
  }

  /** Until `ms` milliseconds have passed, or something changed since all was looked at. */
  async wait(ms: number): Promise<void> {
    if (this.stopping.aborted) return;
    await sleep(this.clock, ms, this.bell.signal).catch(() => undefined);
  }

  /** Runs `work` with a signal that aborts when something changes, or has since all was looked at. */
  async during<T>(work: (changed: AbortSignal) => Promise<T>): Promise<T | "changed"> {
    const { signal } = this.bell;
    try {
      return await work(signal);
    } catch (error) {
      if (!signal.aborted || this.stopping.aborted) throw error;
      return "changed";
    }
  }
}
