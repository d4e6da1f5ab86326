// Whom this tracker may support. Who answers a leader's lease (a ping) or a candidate (66) has promised for a while not to
// support anybody else, so two trackers cannot both have a majority (docs/decisions/0006-one-leader.md). C trackers
// support whoever asks last.
import type { ServerAddress } from "@fastdfs-ts/runtime";

export class Vote {
  private readonly monotonicMs: () => number;
  private promised: { readonly to: ServerAddress; readonly untilMs: number } | undefined;
  /** Whom the last 66 named. */
  candidate: ServerAddress | undefined;

  constructor(monotonicMs: () => number) {
    this.monotonicMs = monotonicMs;
  }

  /** The other tracker that still has our promise. */
  promisedToOtherThan(tracker: ServerAddress): ServerAddress | undefined {
    if (this.promised === undefined || this.promised.untilMs <= this.monotonicMs()) return undefined;
    return this.promised.to === tracker ? undefined : this.promised.to;
  }

  promise(to: ServerAddress, forMs: number): void {
    const untilMs = this.monotonicMs() + forMs;
    if (this.promised?.to === to && this.promised.untilMs >= untilMs) return;
    this.promised = { to, untilMs };
  }

  /** It said itself that it does not lead, so it needs no support. */
  release(from: ServerAddress): void {
    if (this.promised?.to === from) this.promised = undefined;
  }
}
