// A leader looks after trackers that do not ping it: one that is down or just starting must not cost the leader its lease,
// and two leaders must find each other when the network between them is whole again. C's leaders do not look, and lead
// side by side until a storage notices (cluster-behaviour.md §7.4, §11.1 W16).
import { type FdfsError, trackerCommands } from "@fastdfs-ts/protocol";
import type { ServerAddress } from "@fastdfs-ts/runtime";

import type { Leadership } from "../cluster/leadership.ts";
import { trackerName } from "../cluster/tracker-list.ts";
import { ABSENCE_MS } from "../limits.ts";
import { compareCandidates, type Standing } from "./candidate-rank.ts";
import { certainlyDoesNotRun, knowsNothingYet, type TrackerPeers } from "./tracker-peers.ts";

export interface AbsentTrackersOptions {
  readonly leadership: Leadership;
  readonly peers: TrackerPeers;
  readonly ownStanding: () => Standing | undefined;
  readonly onEvent: (event: string, fields: Readonly<Record<string, string>>) => void;
}

export class AbsentTrackers {
  private readonly options: AbsentTrackersOptions;
  /** Those that have not answered yet. */
  private readonly asked = new Set<ServerAddress>();
  /** Those whose absence was logged. */
  private readonly logged = new Set<ServerAddress>();

  constructor(options: AbsentTrackersOptions) {
    this.options = options;
  }

  /** Asks those that have not pinged lately whom they follow. Does not wait: one that hangs must not hide the others. */
  look(): void {
    const { trackers, lease } = this.options.leadership;
    const absent = trackers.others.filter((tracker) => lease.silenceOf(tracker) > ABSENCE_MS);
    for (const tracker of this.logged) if (!absent.includes(tracker)) this.notePresence(tracker);
    for (const tracker of absent) if (!this.asked.has(tracker)) void this.ask(tracker);
  }

  /** Never throws. */
  private async ask(tracker: ServerAddress): Promise<void> {
    const { leadership, peers } = this.options;
    this.asked.add(tracker);
    const answered = await peers.tryAsk(tracker, trackerCommands.getLeader, {});
    if (leadership.isLeader) {
      if ("error" in answered) this.noteFailure(tracker, answered.error);
      else await this.noteLeaderOf(tracker, leadership.trackers.find(answered.answer.leader));
    }
    this.asked.delete(tracker);
  }

  private noteFailure(tracker: ServerAddress, error: FdfsError): void {
    const { lease } = this.options.leadership;
    if (knowsNothingYet(error)) {
      // It knows of no leader. It will ask, and find this one.
      lease.noteNeutral(tracker);
      this.notePresence(tracker);
      return;
    }
    if (certainlyDoesNotRun(error)) lease.noteNeutral(tracker);
    if (this.logged.has(tracker)) return;
    this.logged.add(tracker);
    this.options.onEvent("tracker.absent", { tracker: trackerName(tracker), reason: error.message });
  }

  private async noteLeaderOf(tracker: ServerAddress, leader: ServerAddress | undefined): Promise<void> {
    const { lease, trackers } = this.options.leadership;
    this.notePresence(tracker);
    // A C tracker that waits out the pause of its own election follows, but does not ping yet.
    if (leader !== undefined && leader === trackers.self) lease.noteFollower(tracker);
    else if (leader === tracker) await this.settle(tracker);
  }

  /** There is a second leader: the one that ranks lower goes. Both come to the same result. */
  private async settle(other: ServerAddress): Promise<void> {
    const { leadership, onEvent, ownStanding, peers } = this.options;
    const answered = await peers.tryAsk(other, trackerCommands.trackerStatus, {});
    const own = ownStanding();
    const { self } = leadership.trackers;
    if ("error" in answered || !answered.answer.isLeader || self === undefined || own?.isLeader !== true) return;
    const name = trackerName(other);
    if (compareCandidates({ tracker: other, standing: answered.answer }, { tracker: self, standing: own }) > 0) {
      leadership.resign("steppedDown", `${name} leads too and ranks higher`);
      return;
    }
    onEvent("leader.second", { tracker: name, reason: "it leads too and ranks lower: told to step down" });
    // A tracker of ours would find out by itself; a C tracker has to be told, as storages tell it (68).
    await peers.tryAsk(other, trackerCommands.reselectLeader, {});
  }

  private notePresence(tracker: ServerAddress): void {
    if (this.logged.delete(tracker)) this.options.onEvent("tracker.back", { tracker: trackerName(tracker) });
  }
}
