// Who leads, as this tracker sees it. Everything that finds something out (election/) comes here; everything that depends
// on the answer asks here.
import type { ServerAddress } from "@fastdfs-ts/runtime";

import { Followers } from "../election/followers.ts";
import { type LeaderEvent, type LeaderState, leaderStates } from "../election/leader-states.ts";
import { Lease } from "../election/lease.ts";
import { Vote } from "../election/vote.ts";
import { type TrackerList, trackerName } from "./tracker-list.ts";

type LeadershipEventSink = (event: string, fields: Readonly<Record<string, string | number | undefined>>) => void;

export interface LeadershipOptions {
  readonly trackers: TrackerList;
  /** Milliseconds that never go back. */
  readonly monotonicMs: () => number;
  readonly onEvent: LeadershipEventSink;
}

export class Leadership {
  readonly trackers: TrackerList;
  readonly lease: Lease;
  readonly vote: Vote;
  readonly followers = new Followers();
  /** Advances when this tracker begins or ends to lead; connections compare it with what they were told. */
  changes = 0;
  /** Called after every change of state. */
  onChange: (() => void) | undefined;
  private readonly options: LeadershipOptions;
  private present: LeaderState = "UNINTRODUCED";
  private followed: ServerAddress | undefined;
  private steppedDownAtMs = -Infinity;

  constructor(options: LeadershipOptions) {
    this.options = options;
    this.trackers = options.trackers;
    this.lease = new Lease(options.trackers, options.monotonicMs);
    this.vote = new Vote(options.monotonicMs);
  }

  get state(): LeaderState {
    return this.present;
  }

  /** Whether this tracker may act as the leader now. A leader whose lease has ended may not. */
  get isLeader(): boolean {
    return this.present === "LEADING" && this.lease.holds();
  }

  /** The leading tracker, if one is known. */
  get leader(): ServerAddress | undefined {
    return this.isLeader ? this.trackers.self : this.followed;
  }

  /** How long ago this tracker was told to step down, in milliseconds; Infinity if never. */
  get sinceStepDownMs(): number {
    return this.options.monotonicMs() - this.steppedDownAtMs;
  }

  /** A storage has joined, so this tracker knows the others and itself. Alone it leads at once. */
  introduce(): void {
    this.enter("introduced");
    if (this.trackers.all.length === 1 && this.present === "LOOKING") {
      this.elected([], [], "no other tracker is known");
    }
  }

  /** Returns false, and nothing changes, if this tracker leads itself or knows no trackers. */
  follow(leader: ServerAddress, reason: string): boolean {
    const before = this.followed;
    if (leaderStates.next(this.present, "leaderFound") === undefined) return false;
    this.followed = leader;
    this.enter("leaderFound");
    if (before !== leader) this.options.onEvent("leader.following", { leader: trackerName(leader), reason });
    return true;
  }

  /** This tracker leads from now on: `backers` confirmed it, `down` do not run. Returns false if it knows no trackers. */
  elected(backers: readonly ServerAddress[], down: readonly ServerAddress[], reason: string): boolean {
    if (leaderStates.next(this.present, "elected") === undefined) return false;
    this.lease.begin(backers, down);
    if (this.enter("elected")) this.options.onEvent("leader.elected", { reason });
    return true;
  }

  /** The leader is not to be found any more. */
  lost(reason: string): void {
    const { followed } = this;
    if (!this.enter("leaderLost")) return;
    this.options.onEvent("leader.lost", { leader: followed && trackerName(followed), reason });
  }

  /** Stops leading. Returns false if this tracker does not lead. */
  resign(event: "steppedDown" | "leaseLost", reason: string): boolean {
    if (this.present !== "LEADING") return false;
    if (event === "steppedDown") this.steppedDownAtMs = this.options.monotonicMs();
    this.enter(event);
    this.options.onEvent("leader.resigned", { reason });
    return true;
  }

  private enter(event: LeaderEvent): boolean {
    const next = leaderStates.next(this.present, event);
    if (next === undefined || next === this.present) return false;
    if (next === "LEADING" || this.present === "LEADING") this.changes++;
    if (next !== "LEADING") this.lease.end();
    if (next !== "FOLLOWING") this.followed = undefined;
    this.present = next;
    this.onChange?.();
    return true;
  }
}
