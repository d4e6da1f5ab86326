// How far a recovery is, for people: it takes hours, and the storage says nothing else meanwhile.
import type { Clock, Logger, Timer } from "@fastdfs-ts/runtime";

const LOG_INTERVAL_MS = 10_000;

/** What became of one file. there: it was copied before the recovery was stopped. missing: no member has it any more. */
export type FileOutcome = "copied" | "there" | "missing" | "damaged";

export class RecoveryProgress {
  /** Files on the lists that are still to be looked at. */
  totalFiles = 0;
  private readonly clock: Clock;
  private readonly log: Logger;
  private readonly path: string;
  private readonly sinceMs: number;
  private readonly counts: Record<FileOutcome, number> = { copied: 0, there: 0, missing: 0, damaged: 0 };
  private bytes = 0;
  private readonly timer: Timer;

  constructor(clock: Clock, log: Logger, path: string) {
    this.clock = clock;
    this.log = log;
    this.path = path;
    this.sinceMs = clock.monotonic();
    this.timer = clock.every(LOG_INTERVAL_MS, () => log.notice("recovery.progress", this.fields()));
  }

  note(outcome: FileOutcome, bytes = 0): void {
    this.counts[outcome]++;
    this.bytes += bytes;
  }

  /** Stops telling, with a last word. */
  end(isDone: boolean): void {
    this.timer.cancel();
    this.log.notice(isDone ? "recovery.done" : "recovery.interrupted", this.fields());
  }

  private fields() {
    const { counts, totalFiles, bytes } = this;
    const doneFiles = counts.copied + counts.there + counts.missing + counts.damaged;
    const seconds = Math.max((this.clock.monotonic() - this.sinceMs) / 1000, 0.001);
    const filesPerSecond = doneFiles / seconds;
    return {
      path: this.path,
      ...counts,
      doneFiles,
      totalFiles,
      bytes,
      seconds: Math.round(seconds),
      bytesPerSecond: Math.round(bytes / seconds),
      remainingSeconds: filesPerSecond === 0 ? "unknown" : Math.ceil((totalFiles - doneFiles) / filesPerSecond),
    };
  }
}
