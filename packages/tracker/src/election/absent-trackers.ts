// A leader looks after trackers that do not ping it: one that is down or knows nothing yet must not cost the leader its
// lease, and two leaders must find each other when the network between them is whole again. C's leaders do not look, and
// lead side by side until a storage notices (cluster-behaviour.md §7.4, §11.1 W16).
import { type FdfsError, trackerCommands, type TrackerStatus } from "@fastdfs-ts/protocol";
import type { ServerAddress } from "@fastdfs-ts/runtime";

import type { Leadership } from "../cluster/leadership.ts";
import { trackerName } from "../cluster/tracker-list.ts";
import { ABSENCE_MS } from "../limits.ts";
import { compareCandidates, type Standing } from "./candidate-rank.ts";
import { standingIn } from "./election.ts";
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

  /** Asks those that have not pinged lately what they are doing. Does not wait: one that hangs must not hide the others. */
  look(): void {
    const { trackers, lease } = this.options.leadership;
    const absent = trackers.others.filter((tracker) => lease.silenceOf(tracker) > ABSENCE_MS);
    for (const tracker of this.logged) if (!absent.includes(tracker)) this.present(tracker);
    for (const tracker of absent) if (!this.asked.has(tracker)) void this.ask(tracker);
  }

  /** Never throws. */
  private async ask(tracker: ServerAddress): Promise<void> {
    this.asked.add(tracker);
    const answered = await this.options.peers.tryAsk(tracker, trackerCommands.trackerStatus, {});
    this.asked.delete(tracker);
    if (this.options.leadership.state !== "LEADING") return;
    if ("error" in answered) this.noteFailure(tracker, answered.error);
    else await this.noteAnswer(tracker, answered.answer);
  }

  private noteFailure(tracker: ServerAddress, error: FdfsError): void {
    if (certainlyDoesNotRun(error) || knowsNothingYet(error)) this.options.leadership.lease.back(tracker);
    if (knowsNothingYet(error)) this.present(tracker);
    else if (!this.logged.has(tracker)) {
      this.logged.add(tracker);
      this.options.onEvent("tracker.absent", { tracker: trackerName(tracker), reason: error.message });
    }
  }

  private async noteAnswer(tracker: ServerAddress, answer: TrackerStatus): Promise<void> {
    const { leadership, ownStanding } = this.options;
    this.present(tracker);
    if (!answer.isLeader) return leadership.lease.back(tracker);
    const own = ownStanding();
    const { self } = leadership.trackers;
    // Our own lease may have ended while we asked.
    if (self === undefined || own?.isLeader !== true) return;
    if (compareCandidates({ tracker, standing: standingIn(answer) }, { tracker: self, standing: own }) > 0) {
      leadership.resign("steppedDown", `${trackerName(tracker)} leads too and ranks higher`);
    } else await this.depose(tracker);
  }

  /** A tracker of ours finds out by itself that it ranks lower; a C tracker has to be told, as storages tell it (68). */
  private async depose(tracker: ServerAddress): Promise<void> {
    const { onEvent, peers } = this.options;
    onEvent("leader.second", {
      tracker: trackerName(tracker),
      reason: "it leads too and ranks lower: told to step down",
    });
    // If it is not reached, or has stepped down meanwhile, the next look will show.
    await peers.tryAsk(tracker, trackerCommands.reselectLeader, {});
  }

  private present(tracker: ServerAddress): void {
    if (!this.logged.delete(tracker)) return;
    this.options.onEvent("tracker.back", { tracker: trackerName(tracker) });
  }
}
