// A peer that has to be compared with first (recovery/member-repair.ts) is not fed before. What a power cut has torn here must
// not replace what the peer has whole. The wait has an end: a member that others may not read from is never asked, unless it
// is being filled.
import type { Clock, Logger } from "@fastdfs-ts/runtime";

/** A peer that can be reached is compared with by then, if it can be at all. */
const REPAIR_WAIT_MS = 120_000;

export interface RepairWaitOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly isRepairOwedTo: (storageId: string) => boolean;
}

export class RepairWait {
  private readonly options: RepairWaitOptions;
  /** Monotonic time at which the peer was reached first. */
  private sinceMs: number | undefined;

  constructor(options: RepairWaitOptions) {
    this.options = options;
  }

  /** The peer was reached: whether it must not be fed yet. */
  isOn(storageId: string): boolean {
    const { clock, log, isRepairOwedTo } = this.options;
    if (!isRepairOwedTo(storageId)) return false;
    this.sinceMs ??= clock.monotonic();
    if (clock.monotonic() - this.sinceMs < REPAIR_WAIT_MS) return true;
    log.warn("replication.not-compared", { peer: storageId });
    return false;
  }
}
