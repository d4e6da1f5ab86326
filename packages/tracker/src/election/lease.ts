// For how long a leader may act: as long as it lately heard from a majority of the trackers. One that was cut off or stood
// still finds its lease ended, and has to be elected again (docs/decisions/0006-one-leader.md).
import type { ServerAddress } from "@fastdfs-ts/runtime";

import type { TrackerList } from "../cluster/tracker-list.ts";
import { LEASE_MS } from "../limits.ts";
import { isMajority } from "./majority.ts";

export class Lease {
  private readonly trackers: TrackerList;
  private readonly monotonicMs: () => number;
  private readonly backedAtMs = new Map<ServerAddress, number>();
  private readonly neutralAtMs = new Map<ServerAddress, number>();
  private hasEnded = true;

  constructor(trackers: TrackerList, monotonicMs: () => number) {
    this.trackers = trackers;
    this.monotonicMs = monotonicMs;
  }

  /** This tracker was elected: `backers` confirmed it, `down` support nobody because they do not run. */
  begin(backers: readonly ServerAddress[], down: readonly ServerAddress[] = []): void {
    this.hasEnded = false;
    this.backedAtMs.clear();
    this.neutralAtMs.clear();
    for (const tracker of backers) this.noteFollower(tracker);
    for (const tracker of down) this.noteNeutral(tracker);
  }

  /** This tracker does not lead any more. */
  end(): void {
    this.hasEnded = true;
  }

  /**
   * Another tracker follows this one. A lease that has ended does not come back by it: what arrives late was said long
   * ago.
   */
  noteFollower(tracker: ServerAddress): void {
    this.backedAtMs.set(tracker, this.monotonicMs());
  }

  /** Another tracker supports nobody: it certainly does not run, or knows of no leader. */
  noteNeutral(tracker: ServerAddress): void {
    this.neutralAtMs.set(tracker, this.monotonicMs());
  }

  /** How long ago this tracker last showed that it follows this one, in milliseconds. */
  silenceOf(tracker: ServerAddress): number {
    return this.monotonicMs() - (this.backedAtMs.get(tracker) ?? -Infinity);
  }

  /** False for good, until the next election, once a majority was silent for too long. */
  holds(): boolean {
    if (this.hasEnded) return false;
    const { all, others } = this.trackers;
    const backers = others.filter((tracker) => this.isRecent(this.backedAtMs, tracker));
    const neutral = others.filter((tracker) => !backers.includes(tracker) && this.isRecent(this.neutralAtMs, tracker));
    this.hasEnded = !isMajority({ supporters: 1 + backers.length, neutral: neutral.length, all: all.length });
    return !this.hasEnded;
  }

  private isRecent(atMs: ReadonlyMap<ServerAddress, number>, tracker: ServerAddress): boolean {
    return this.monotonicMs() - (atMs.get(tracker) ?? -Infinity) <= LEASE_MS;
  }
}
