// Everything that is connected to one peer at a time: a pipe for small records and lanes for large ones if it is one of
// ours, lanes alone if not. The session is over when any of them loses its peer; the queue then has everything back that
// was not confirmed.
import { FdfsError } from "@fastdfs-ts/protocol";
import type { RpcConnection } from "@fastdfs-ts/rpc";
import type { Clock, Deadlines, StorageConfig, Timer } from "@fastdfs-ts/runtime";

import type { FileStore } from "../files/file-store.ts";
import type { Peer } from "../tracker-link/membership-view.ts";
import { Fifo } from "./fifo.ts";
import type { PeerConnection, PeerDialer } from "./peer-dialer.ts";
import { outcomeOf } from "./push-forms.ts";
import { type LaneResult, PushLane } from "./push-lane.ts";
import { PushPipe, type PushPipeOwner } from "./push-pipe.ts";
import type { PushQueue } from "./push-queue.ts";
import { PushRequests } from "./push-request.ts";
import type { PushTask } from "./push-task.ts";

/** Large files under way to a peer of ours at the same time, beside its pipe. */
const LARGE_FILE_LANES = 4;
/** Log bytes, about a hundred records, that are worth not waiting for more. */
const BATCH_LOG_BYTES = 8 * 1024;
/** From one sending to the next, so that records gather meanwhile. `sync_wait_msec` may make it shorter. */
const GATHER_MS_MAX = 10;
const RETRY_PARKED_MS = 1000;
/** A record on which the connection broke this often is taken for the cause. */
const LOSSES_MAX = 3;

export interface PeerSessionOptions {
  readonly store: FileStore;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly config: Pick<
    StorageConfig,
    "networkTimeoutMs" | "heartBeatIntervalMs" | "syncThreadsMax" | "syncWaitMs" | "syncIntervalMs"
  >;
  readonly queue: PushQueue;
  readonly dialer: PeerDialer;
  readonly peer: Peer;
  readonly mayMissFiles: () => boolean;
}

/** Why a session ended. `isPeerInTrouble`: it was reached, and cannot take anything now. */
export interface SessionEnd {
  readonly error: FdfsError;
  readonly isPeerInTrouble: boolean;
}

export class PeerSession implements PushPipeOwner {
  readonly requests: PushRequests;
  readonly peerIsOurs: boolean;
  /** Resolves when the peer is lost, or with the reason given to `stop`. */
  readonly ended: Promise<SessionEnd>;
  private end!: (end: SessionEnd) => void;
  private readonly powerLossMs: number | undefined;
  private readonly options: PeerSessionOptions;
  private readonly stopping = new AbortController();
  private readonly pipe: PushPipe | undefined;
  private readonly lanes: PushLane[] = [];
  private readonly idleLanes: PushLane[] = [];
  private readonly lanesMax: number;
  /** On their way by a lane. */
  private readonly onLanes = new Set<PushTask>();
  private readonly largeTasks = new Fifo<PushTask>();
  private readonly timers: readonly Timer[];
  private readonly stopListening: () => void;
  private readonly followNoMore: () => void;
  private pumping: { readonly timer: Timer; readonly isSoon: boolean } | undefined;
  private isOver = false;
  private wasBusy = false;
  /** Monotonic time at which records were sent last. */
  private pumpedMs = -Infinity;

  constructor(options: PeerSessionOptions, first: PeerConnection) {
    const { connection, peerIsOurs, takesTogether } = first;
    const { store, config, queue, clock, deadlines } = options;
    this.options = options;
    this.peerIsOurs = peerIsOurs;
    this.powerLossMs = first.powerLossMs;
    this.requests = new PushRequests(store, peerIsOurs, options.mayMissFiles);
    this.ended = new Promise((resolve) => (this.end = resolve));
    // A pause after each batch means: not as fast as possible.
    const isPiped = peerIsOurs && config.syncIntervalMs === 0;
    this.lanesMax = isPiped ? Math.min(LARGE_FILE_LANES, config.syncThreadsMax) : config.syncThreadsMax;
    if (isPiped) {
      const pipeline = { deadlines, timeoutMs: config.networkTimeoutMs };
      this.pipe = new PushPipe(connection, pipeline, takesTogether, this);
    } else this.idleLanes.push(this.addLane(connection));
    this.timers = [
      clock.every(config.heartBeatIntervalMs, () => this.keepAlive()),
      clock.every(RETRY_PARKED_MS, () => queue.retryParked("due")),
    ];
    queue.onReady = () => this.pumpLater();
    queue.onStuck = (reason) => this.fail(new FdfsError("BUSY", { peer: options.peer.storageId, reason }), true);
    this.stopListening = store.binlog.onAppend((record, at, after) => {
      if (!queue.passAppended(record, at, after)) this.gather();
    });
    this.followNoMore = store.binlog.tail.follow();
    queue.retryParked("all");
    this.pumpLater();
  }

  /** Ends the session. What was not confirmed goes back to the queue. May be called twice. */
  stop(error: FdfsError): void {
    this.fail(error, false);
  }

  next(): PushTask | "later" | undefined {
    try {
      return this.options.queue.next();
    } catch (error) {
      this.fail(FdfsError.fromUnknown(error), true);
      return undefined;
    }
  }

  answered(task: PushTask, status: number): void {
    if (this.isOver) return;
    const { queue, store } = this.options;
    const { statistics } = store;
    const outcome = outcomeOf(task.form, status);
    statistics.totalSyncOutBytes += task.contentBytes;
    switch (outcome.kind) {
      case "done":
        statistics.successSyncOutBytes += task.contentBytes;
        queue.confirm(task);
        return;
      case "instead":
        queue.pushInstead(task, outcome.form);
        return;
      case "refused":
        queue.refuse(task, `the peer answered ${FdfsError.fromStatus(status).message}`);
        return;
      case "trouble":
        queue.giveBack([task]);
        this.fail(FdfsError.fromStatus(status, { peer: this.options.peer.storageId }), true);
    }
  }

  gone(task: PushTask): void {
    this.options.queue.skip(task);
  }

  unreadable(task: PushTask, error: FdfsError): void {
    this.options.queue.refuse(task, error.message);
  }

  large(task: PushTask): void {
    this.largeTasks.push(task);
    this.pumpLater();
  }

  rested(): void {
    const { queue } = this.options;
    if (queue.hasReady || queue.unreadBytes > BATCH_LOG_BYTES) this.pump();
    else if (queue.unreadBytes > 0) this.gather();
  }

  lost(error: FdfsError): void {
    this.fail(error, false);
  }

  /** In a turn of its own, so that clients have theirs, and what comes together is seen together. */
  pumpLater(): void {
    this.schedule(0);
  }

  /** Records are there: the first after a pause leaves at once, those that follow soon are sent together. */
  private gather(): void {
    if (this.pumping !== undefined) return;
    const gatherMs = Math.min(GATHER_MS_MAX, this.options.config.syncWaitMs);
    const passedMs = this.options.clock.monotonic() - this.pumpedMs;
    this.schedule(Math.max(0, Math.ceil(gatherMs - passedMs)));
  }

  private schedule(delayMs: number): void {
    if (this.isOver || this.pumping?.isSoon === true) return;
    this.pumping?.timer.cancel();
    const timer = this.options.clock.after(delayMs, () => {
      this.pumping = undefined;
      this.pump();
    });
    this.pumping = { timer, isSoon: delayMs === 0 };
  }

  private pump(): void {
    if (this.isOver) return;
    this.wasBusy = true;
    this.pumpedMs = this.options.clock.monotonic();
    this.pipe?.pump();
    this.dispatch();
  }

  /** Gives waiting records to idle lanes. */
  private dispatch(): void {
    while (!this.isOver) {
      const lane = this.idleLanes.pop() ?? (this.lanes.length < this.lanesMax ? this.addLane(undefined) : undefined);
      if (lane === undefined) return;
      const task = this.pipe === undefined ? this.next() : this.largeTasks.shift();
      if (task === undefined || task === "later") {
        this.idleLanes.push(lane);
        if (task === "later") this.pumpLater();
        return;
      }
      this.onLanes.add(task);
      lane
        .push(task)
        .then((result) => this.finishOnLane(lane, task, result))
        .catch((error: unknown) => this.lost(FdfsError.fromUnknown(error)));
    }
  }

  private finishOnLane(lane: PushLane, task: PushTask, result: LaneResult): void {
    if (!this.onLanes.delete(task)) return;
    switch (result.kind) {
      case "answered":
        this.answered(task, result.status);
        break;
      case "gone":
        this.gone(task);
        break;
      case "unreadable":
        this.unreadable(task, result.error);
        break;
      case "lost":
        task.losses++;
        this.onLanes.add(task);
        this.fail(result.error, false);
        return;
    }
    const { config, clock } = this.options;
    if (config.syncIntervalMs > 0) clock.after(config.syncIntervalMs, () => this.rest(lane));
    else this.rest(lane);
  }

  private rest(lane: PushLane): void {
    this.idleLanes.push(lane);
    this.dispatch();
  }

  private addLane(first: RpcConnection | undefined): PushLane {
    const { store, config, dialer, peer } = this.options;
    const { signal } = this.stopping;
    const lane = new PushLane(
      {
        groupName: store.groupName,
        requests: this.requests,
        exchange: { timeoutMs: config.networkTimeoutMs, signal },
        connect: async () => {
          const { connection, peerIsOurs, powerLossMs } = await dialer.connect(peer, signal);
          if (peerIsOurs === this.peerIsOurs && powerLossMs === this.powerLossMs) return connection;
          connection.destroy();
          throw new FdfsError("CONNECTION_LOST", { peer: peer.storageId, reason: "another server runs there now" });
        },
      },
      first,
    );
    this.lanes.push(lane);
    return lane;
  }

  private keepAlive(): void {
    if (!this.wasBusy) {
      this.pipe?.keepAlive();
      // One connection to a C server stays, as with C.
      const kept = this.pipe === undefined ? this.idleLanes.pop() : undefined;
      for (const lane of this.idleLanes) lane.rest();
      if (kept !== undefined) void kept.keepAlive().then(() => this.rest(kept));
    }
    this.wasBusy = false;
  }

  private fail(error: FdfsError, isPeerInTrouble: boolean): void {
    if (this.isOver) return;
    this.isOver = true;
    const { queue } = this.options;
    this.stopListening();
    this.followNoMore();
    this.pumping?.timer.cancel();
    for (const timer of this.timers) timer.cancel();
    queue.onReady = () => undefined;
    queue.onStuck = () => undefined;
    this.stopping.abort(error);
    for (const lane of this.lanes) lane.destroy();
    const tasks = [...this.onLanes, ...this.largeTasks.drain(), ...(this.pipe?.destroy() ?? [])];
    this.onLanes.clear();
    const isCause = ({ losses }: PushTask) => losses >= LOSSES_MAX;
    queue.giveBack(tasks.filter((task) => !isCause(task)));
    for (const task of tasks.filter(isCause)) {
      task.losses = 0;
      queue.refuse(task, `the connection was lost ${LOSSES_MAX} times while it was pushed: ${error.message}`);
    }
    this.end({ error, isPeerInTrouble });
  }
}
