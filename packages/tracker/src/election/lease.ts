// For how long a leader may act: as long as a majority of the trackers has lately shown that it follows no other one. A
// leader that was cut off or stood still finds its lease ended, and has to be elected again
// (docs/decisions/0006-one-leader.md).
import type { ServerAddress } from "@fastdfs-ts/runtime";

import type { TrackerList } from "../cluster/tracker-list.ts";
import { LEASE_MS } from "../limits.ts";
import { majorityOf } from "./majority.ts";

export class Lease {
  private readonly trackers: TrackerList;
  private readonly monotonicMs: () => number;
  private readonly backedAtMs = new Map<ServerAddress, number>();
  private hasEnded = true;

  constructor(trackers: TrackerList, monotonicMs: () => number) {
    this.trackers = trackers;
    this.monotonicMs = monotonicMs;
  }

  /** This tracker was elected with the support of `backers`, which are others. */
  begin(backers: Iterable<ServerAddress>): void {
    this.hasEnded = false;
    this.backedAtMs.clear();
    for (const tracker of backers) this.backedAtMs.set(tracker, this.monotonicMs());
  }

  /** This tracker does not lead any more. */
  end(): void {
    this.hasEnded = true;
  }

  /**
   * Another tracker pinged this one, said that it does not lead, or certainly does not run. Nothing brings back a lease
   * that has ended: what arrives late was said long ago.
   */
  back(tracker: ServerAddress): void {
    if (this.holds()) this.backedAtMs.set(tracker, this.monotonicMs());
  }

  /** How long ago this tracker last backed the lease, in milliseconds. */
  silenceOf(tracker: ServerAddress): number {
    return this.monotonicMs() - (this.backedAtMs.get(tracker) ?? -Infinity);
  }

  holds(): boolean {
    if (this.hasEnded) return false;
    const backers = this.trackers.others.filter((tracker) => this.silenceOf(tracker) <= LEASE_MS);
    this.hasEnded = 1 + backers.length < majorityOf(this.trackers.all.length);
    return !this.hasEnded;
  }
}
