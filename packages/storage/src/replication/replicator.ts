// Feeds one peer, round by round: waits until it may be fed, has it settled where the log begins for it, keeps a session up,
// rests after trouble.
import { FdfsError, storageStatusValue } from "@fastdfs-ts/protocol";
import { invariant } from "@fastdfs-ts/runtime";

import type { BinlogPosition } from "../binlog/binlog-position.ts";
import type { BinlogRecord } from "../binlog/binlog-record.ts";
import type { Peer } from "../tracker-link/membership-view.ts";
import { BackfillMilestones } from "./backfill-milestones.ts";
import { type FeedingObstacle, feedingObstacle } from "./feeding-obstacle.ts";
import { InterruptibleWait } from "./interruptible-wait.ts";
import { type PeerConnection, PeerDialer } from "./peer-dialer.ts";
import { PeerProgress, type SourceAnswer } from "./peer-progress.ts";
import { PeerSession, type SessionEnd } from "./peer-session.ts";
import { PeerTrouble } from "./peer-trouble.ts";
import type { PushQueue } from "./push-queue.ts";
import { RepairWait } from "./repair-wait.ts";
import type { ReplicatorContext } from "./replicator-context.ts";
import { permissions, type ReplicatorEvent, type ReplicatorPhase, replicatorTable } from "./replicator-states.ts";
import { type PeerReplicationStatus, replicationStatus } from "./replicator-status.ts";

/** How often it is looked whether the peer may still be fed, and whether it has everything. */
const LOOK_MS = 1000;

export class Replicator {
  private readonly context: ReplicatorContext;
  private readonly progress: PeerProgress;
  private readonly milestones: BackfillMilestones;
  private readonly dialer: PeerDialer;
  private readonly repairWait: RepairWait;
  private readonly trouble: PeerTrouble;
  private readonly changes: InterruptibleWait;
  private readonly stopping = new AbortController();
  private readonly ended: Promise<void>;
  private peer: Peer;
  private session: PeerSession | undefined;
  private phase: ReplicatorPhase = "WAITING";
  private sinceMs: number;
  private reason = "not begun yet";

  constructor(peer: Peer, markPath: string, context: ReplicatorContext) {
    const { world, config, log } = context;
    const { signal } = this.stopping;
    const { storageId } = peer;
    this.context = context;
    this.peer = peer;
    this.sinceMs = world.clock.now();
    this.progress = new PeerProgress({
      context,
      storageId,
      status: () => this.peer.status,
      markPath,
      signal,
      onDrained: () => this.milestones.noteCaughtUp(),
    });
    this.milestones = new BackfillMilestones({ context, progress: this.progress, peer: () => this.peer, signal });
    this.dialer = new PeerDialer({ ...context, ...config, storageId: context.ownId });
    this.repairWait = new RepairWait({ ...context, clock: world.clock });
    this.trouble = new PeerTrouble(log, storageId);
    this.changes = new InterruptibleWait(world.clock, signal);
    this.ended = this.run(signal);
  }

  /** How far the peer has confirmed the log; undefined before that is known. */
  get confirmed(): BinlogPosition | undefined {
    return this.progress.confirmed;
  }

  /** What the peer refuses. */
  get refused(): readonly BinlogRecord[] {
    return this.progress.refused;
  }

  /** The first place in the log that the peer may still need; undefined before that is known. */
  get neededFrom(): BinlogPosition | undefined {
    return this.progress.neededFrom;
  }

  /** The trackers say something new of the peer. */
  peerChanged(peer: Peer): void {
    const before = this.peer;
    this.peer = peer;
    if (before.status !== peer.status) this.dialer.forgetKind();
    const wasAhead = storageStatusValue(before.status) > storageStatusValue("WAIT_SYNC");
    // It lost everything and begins anew.
    if (
      wasAhead &&
      permissions[peer.status] !== "never" &&
      storageStatusValue(peer.status) <= storageStatusValue("WAIT_SYNC")
    ) {
      this.forgetStart();
    }
    const isElsewhere = before.address !== peer.address || before.port !== peer.port;
    if (isElsewhere || this.obstacle() !== undefined) this.interrupt(`the peer is ${peer.status} now`);
    this.changes.ring();
  }

  status(): PeerReplicationStatus {
    const { peer, phase, sinceMs, reason, progress, context } = this;
    const moment = { storageId: peer.storageId, phase, sinceMs, reason };
    return replicationStatus(moment, progress, context.store.binlog, context.world);
  }

  /** Ends the session and saves the mark. May be called twice. */
  async stop(): Promise<void> {
    this.stopping.abort(new FdfsError("ABORTED", { reason: "replication to this peer ends" }));
    this.interrupt("replication to this peer ends");
    this.changes.ring();
    await this.ended;
  }

  private async run(signal: AbortSignal): Promise<void> {
    const isStopping = (): boolean => signal.aborted;
    while (!isStopping()) {
      try {
        await this.step(signal);
      } catch (thrown) {
        if (isStopping()) break;
        await this.rest({ error: FdfsError.fromUnknown(thrown), isPeerInTrouble: false });
      }
    }
    this.enter("stopped", "stopped");
    await this.progress.stop();
  }

  /** One round: waits, or settles the start, or feeds until the session is over. */
  private async step(signal: AbortSignal): Promise<void> {
    const { progress } = this;
    this.changes.lookAtAll();
    const obstacle = this.obstacle();
    if (obstacle !== undefined) {
      await this.hold(obstacle.reason, obstacle.waitMs);
      if (obstacle.asksAgain && !signal.aborted) await this.askAgain();
      return;
    }
    this.enter("dial", progress.start === undefined ? "settling where to begin" : "connecting");
    if (progress.queue === undefined && !(await progress.settle(() => this.askForSource()))) {
      const reason = "the trackers have not settled who gives the peer its old files";
      await this.hold(reason, this.context.config.heartBeatIntervalMs);
      return;
    }
    const { queue } = progress;
    // What was learned may forbid to go on.
    if (queue === undefined || this.obstacle() !== undefined) return;
    await this.feed(queue, signal);
  }

  private obstacle(): FeedingObstacle | undefined {
    const { config, world } = this.context;
    return feedingObstacle(this.peer.status, this.progress.start, world.clock.now(), config);
  }

  /** The source of the peer's old files may be lost: then it has another one, perhaps this server. */
  private async askAgain(): Promise<void> {
    this.changes.lookAtAll();
    if (permissions[this.peer.status] !== "backfill") return;
    const source = await this.askForSource();
    if (source !== "not settled" && !this.progress.isSettledBy(source)) this.forgetStart();
  }

  /** "not settled" if the trackers do not know it, or something changed meanwhile. */
  private async askForSource(): Promise<SourceAnswer> {
    try {
      const answer = await this.changes.during((changed) => this.context.trackers.sourceOf(this.peer, changed));
      return answer === "changed" ? "not settled" : answer;
    } catch (thrown) {
      if (FdfsError.fromUnknown(thrown).kind !== "NOT_FOUND") throw thrown;
      return "not settled";
    }
  }

  private async feed(queue: PushQueue, signal: AbortSignal): Promise<void> {
    const { peer, progress } = this;
    const connection = await this.dialer.connect(peer, signal);
    if (this.repairWait.isOn(peer.storageId)) {
      connection.connection.destroy();
      await this.hold("what this storage may have lost is compared with the peer first", LOOK_MS);
      return;
    }
    const isSame = this.peer === peer && progress.isCurrent(queue);
    if (!isSame || !(await progress.goBackAfter(connection.powerLossMs, queue))) {
      connection.connection.destroy();
      return;
    }
    const end = await this.keepUp(queue, peer, connection);
    if (this.obstacle() === undefined && progress.isCurrent(queue)) await this.rest(end);
  }

  /** A session from its beginning to its end. */
  private async keepUp(queue: PushQueue, peer: Peer, connection: PeerConnection): Promise<SessionEnd> {
    const { store, world, deadlines, config, mayMissFiles } = this.context;
    const { clock } = world;
    const doneBefore = queue.syncedRows;
    const beganMs = clock.monotonic();
    const session = new PeerSession(
      { store, clock, deadlines, config, queue, dialer: this.dialer, peer, mayMissFiles },
      connection,
    );
    this.session = session;
    this.enter("connected", connection.peerIsOurs ? "connected" : "connected; the peer is a C server");
    this.trouble.connected(connection.peerIsOurs);
    this.milestones.noteFeeding();
    const lookout = clock.every(LOOK_MS, () => {
      const obstacle = this.obstacle();
      if (obstacle !== undefined) this.interrupt(obstacle.reason);
      else this.milestones.look();
    });
    const end = await session.ended;
    lookout.cancel();
    this.session = undefined;
    await this.progress.save();
    // A peer that can be reached and is lost again at once is trouble that goes on.
    const wasWorth = queue.syncedRows > doneBefore || clock.monotonic() - beganMs > config.heartBeatIntervalMs;
    if (wasWorth) this.trouble.passed();
    return end;
  }

  /** The next round settles the start anew. */
  private forgetStart(): void {
    this.interrupt("the peer begins anew");
    this.progress.forget();
  }

  private interrupt(reason: string): void {
    this.session?.stop(new FdfsError("ABORTED", { peer: this.peer.storageId, reason }));
  }

  private async hold(reason: string, waitMs: number): Promise<void> {
    this.enter("hold", reason);
    await this.changes.wait(waitMs);
  }

  private async rest(end: SessionEnd): Promise<void> {
    const restMs = this.trouble.failed(end);
    this.enter("failed", end.error.message);
    await this.changes.wait(restMs);
  }

  private enter(event: ReplicatorEvent, reason: string): void {
    const next = replicatorTable.next(this.phase, event);
    invariant(next !== undefined, `a replicator that is ${this.phase} is not told ${event}`);
    if (next !== this.phase) this.sinceMs = this.context.world.clock.now();
    this.phase = next;
    this.reason = reason;
  }
}
