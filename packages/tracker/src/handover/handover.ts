// Before the first storage joins: does another tracker know better what the cluster looks like? A tracker without groups,
// or one that was down for long, takes over the state of the best other one (cluster-behaviour.md §7.6).
import { FdfsError, trackerCommands } from "@fastdfs-ts/protocol";
import { type Clock, type ServerAddress, sleep } from "@fastdfs-ts/runtime";

import type { Cluster } from "../cluster/cluster.ts";
import { restoreCluster } from "../cluster/stored-cluster.ts";
import { type CheckedTrackerList, trackerName } from "../cluster/tracker-list.ts";
import { type Candidate, compareCandidates, type Standing } from "../election/candidate-rank.ts";
import { knowsNothingYet, type TrackerPeers } from "../election/tracker-peers.ts";
import { OUTDATED_AFTER_SECONDS, STATE_FETCH_ATTEMPTS, STATE_FETCH_PAUSE_MS } from "../limits.ts";
import { fetchStateFiles } from "./fetch-state-files.ts";
import { parseStateFiles, type StateFileContents } from "./state-files-of.ts";

export interface HandoverOptions {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly peers: TrackerPeers;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
  readonly ownStanding: () => Standing;
  /** How long this tracker had been down before its start. */
  readonly downSeconds: number;
  /** Makes the picture in memory durable, with this changelog. Throws the disk's error. */
  readonly replaceStored: (changelog: Buffer) => Promise<void>;
}

export class Handover {
  private readonly options: HandoverOptions;
  private isFirstJoin = true;
  private underWay: Promise<void> | undefined;

  constructor(options: HandoverOptions) {
    this.options = options;
  }

  /** Whether the next join has to wait for `take`. */
  get isDue(): boolean {
    const { cluster, downSeconds } = this.options;
    return cluster.groups.length === 0 || (this.isFirstJoin && downSeconds > OUTDATED_AFTER_SECONDS);
  }

  /**
   * Takes over the state of the best other tracker of the list, if there is one that has any. Joins that come meanwhile
   * wait for the same attempt. Throws TRY_AGAIN if there is one and it could not be taken over: the storage joins again.
   */
  async take(list: CheckedTrackerList): Promise<void> {
    this.underWay ??= this.attempt(list).finally(() => {
      this.underWay = undefined;
    });
    await this.underWay;
    this.isFirstJoin = false;
  }

  private async attempt(list: CheckedTrackerList): Promise<void> {
    const { cluster } = this.options;
    const donors = await this.donors(list);
    const failures: string[] = [];
    for (const { tracker } of donors) {
      try {
        await this.takeFrom(tracker);
        return;
      } catch (thrown) {
        const error = FdfsError.fromUnknown(thrown);
        cluster.note("warn", "state.not-fetched", { from: trackerName(tracker), reason: error.message });
        failures.push(trackerName(tracker));
      }
    }
    if (failures.length === 0) return;
    const reason = `the state of the cluster could not be fetched from ${failures.join(", ")}; the storage will join again`;
    throw new FdfsError("TRY_AGAIN", { reason });
  }

  /** Who has something to give, the best first. */
  private async donors({ self, others }: CheckedTrackerList): Promise<Candidate[]> {
    const { cluster, peers, ownStanding } = this.options;
    const donors: Candidate[] = [];
    for (const answered of await peers.askAll(others, trackerCommands.trackerStatus, {})) {
      const { tracker } = answered;
      if ("answer" in answered) donors.push({ tracker, standing: answered.answer });
      else if (!knowsNothingYet(answered.error)) {
        cluster.note("warn", "state.not-asked", { tracker: trackerName(tracker), reason: answered.error.message });
      }
    }
    donors.sort((a, b) => compareCandidates(b, a));
    if (cluster.groups.length === 0) return donors;
    // This tracker's own picture is old, but may still be the best one there is.
    const own = { tracker: self, standing: ownStanding() };
    return donors[0] !== undefined && compareCandidates(donors[0], own) > 0 ? donors : [];
  }

  /** Several new trackers may come to the same donor, which serves one at a time: it takes milliseconds. */
  private async fetchInTurn(donor: ServerAddress): Promise<StateFileContents> {
    const { clock, peers, signal } = this.options;
    for (let attempt = 1; ; attempt++) {
      try {
        return await fetchStateFiles(peers, donor);
      } catch (error) {
        const isBusy = error instanceof FdfsError && error.kind === "BUSY";
        if (!isBusy || attempt === STATE_FETCH_ATTEMPTS) throw error;
        await sleep(clock, STATE_FETCH_PAUSE_MS, signal);
      }
    }
  }

  private async takeFrom(donor: ServerAddress): Promise<void> {
    const { cluster, replaceStored } = this.options;
    const stored = parseStateFiles(await this.fetchInTurn(donor));
    if (typeof stored === "string") {
      throw new FdfsError("BAD_ANSWER", {
        peer: trackerName(donor),
        reason: `its state files do not fit together: ${stored}`,
      });
    }
    for (const group of [...cluster.groups]) cluster.removeGroup(group);
    cluster.changelog.replace(stored.changelog);
    for (const complaint of restoreCluster(cluster, stored)) {
      cluster.note("warn", "state.not-restored", { reason: complaint });
    }
    cluster.changed("membership");
    cluster.note("info", "state.fetched", {
      from: trackerName(donor),
      groups: stored.groups.length,
      storages: stored.storages.length,
    });
    await replaceStored(stored.changelog);
  }
}
