// The loop in which a tracker finds out who leads: elect, ping the leader, or lead (cluster-behaviour.md §7.2). One step at
// a time, at least a second apart.
import { FdfsError, type TrunkAssignment } from "@fastdfs-ts/protocol";
import { type Clock, type Random, randomBelow, type Timer } from "@fastdfs-ts/runtime";

import type { Leadership } from "../cluster/leadership.ts";
import { ELECTION_PAUSE_MS, ELECTION_SHORT_PAUSE_MS, PING_FAILURES_MAX, RELATIONSHIP_MS } from "../limits.ts";
import type { AbsentTrackers } from "./absent-trackers.ts";
import { type ElectionContext, holdElection } from "./election.ts";
import type { LeaderLink } from "./leader-link.ts";

export interface RelationshipOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly leadership: Leadership;
  readonly election: ElectionContext;
  readonly link: LeaderLink;
  readonly absent: AbsentTrackers;
  /** The leader has told who is trunk server of each group. */
  readonly onTrunkAssignments: (groups: readonly TrunkAssignment[]) => void;
  readonly onEvent: (event: string, fields: Readonly<Record<string, string>>) => void;
}

export class Relationship {
  private readonly options: RelationshipOptions;
  private pingFailures = 0;
  private said = "";
  private isStopped = false;
  private wake: (() => void) | undefined;
  private readonly ended: Promise<void>;

  private constructor(options: RelationshipOptions) {
    this.options = options;
    // Who found a leader pings it at once; who lost one waits for the next step, so that everybody has heard of it.
    options.leadership.onChange = () => {
      if (options.leadership.state !== "LOOKING") this.wake?.();
    };
    this.ended = this.run();
  }

  static start(options: RelationshipOptions): Relationship {
    return new Relationship(options);
  }

  /** The signal of the tracker's peers has to abort before. May be called twice. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.wake?.();
    await this.ended;
    this.options.link.close();
  }

  private async run(): Promise<void> {
    while (!this.isStopped) await this.pause(await this.step());
  }

  /** Returns how long to wait before the next step, in milliseconds. */
  private step(): Promise<number> | number {
    switch (this.options.leadership.state) {
      case "UNINTRODUCED":
        return RELATIONSHIP_MS;
      case "LOOKING":
        return this.elect();
      case "FOLLOWING":
        return this.follow();
      case "LEADING":
        return this.lead();
    }
  }

  private async elect(): Promise<number> {
    const { leadership, election, random } = this.options;
    const outcome = await holdElection(election);
    // Meanwhile another one may have won.
    if (leadership.state !== "LOOKING") return RELATIONSHIP_MS;
    if (outcome.kind === "wait") {
      this.say("leader.none", outcome.reason);
      const { min, max } = outcome.soon ? ELECTION_SHORT_PAUSE_MS : ELECTION_PAUSE_MS;
      return min + randomBelow(random, max - min + 1);
    }
    this.said = "";
    this.pingFailures = 0;
    if (outcome.kind === "follow") leadership.follow(outcome.leader, "it leads");
    else {
      const { backers, down } = outcome;
      const share = `${backers.length + 1} of ${leadership.trackers.all.length} trackers, ${down.length} are down`;
      leadership.elected(backers, down, share);
    }
    return RELATIONSHIP_MS;
  }

  private async follow(): Promise<number> {
    const { clock, leadership, link, onTrunkAssignments } = this.options;
    const { leader } = leadership;
    if (leader === undefined) return RELATIONSHIP_MS;
    const startedMs = clock.monotonic();
    try {
      const groups = await link.ping(leader);
      this.pingFailures = 0;
      if (leadership.leader === leader) onTrunkAssignments(groups);
      return RELATIONSHIP_MS;
    } catch (thrown) {
      const error = FdfsError.fromUnknown(thrown);
      if (error.kind === "NOT_FOUND") {
        // It leads and lives; forgetting it would only mean to find it again, for ever.
        this.say("leader.knows-us-not", `${error.message}; give all storages the same tracker_server lines`);
        return RELATIONSHIP_MS;
      }
      this.pingFailures++;
      const doesNotLead = error.kind === "NOT_SUPPORTED";
      if (leadership.leader === leader && (doesNotLead || this.pingFailures >= PING_FAILURES_MAX)) {
        this.pingFailures = 0;
        leadership.lost(error.message);
      }
      const pauseMs = RELATIONSHIP_MS * 2 ** this.pingFailures;
      return Math.max(RELATIONSHIP_MS, pauseMs - (clock.monotonic() - startedMs));
    }
  }

  private lead(): number {
    const { leadership, absent } = this.options;
    absent.look();
    if (!leadership.lease.holds()) leadership.resign("leaseLost", "no majority of the trackers can be reached");
    return RELATIONSHIP_MS;
  }

  /** The same trouble in each round is said once. */
  private say(event: string, reason: string): void {
    if (reason === this.said) return;
    this.said = reason;
    this.options.onEvent(event, { reason });
  }

  /** Ends early when the leader changes. */
  private async pause(ms: number): Promise<void> {
    if (this.isStopped) return;
    let timer: Timer | undefined;
    await new Promise<void>((resolve) => {
      timer = this.options.clock.after(ms, resolve);
      this.wake = resolve;
    });
    this.wake = undefined;
    timer?.cancel();
  }
}
