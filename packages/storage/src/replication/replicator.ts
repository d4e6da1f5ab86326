// Feeds one peer: waits until it may be fed, settles where the log begins for it, keeps a session up, reports when a backfill
// begins and ends, keeps the mark. One log line per change, however often the same trouble comes.
import { FdfsError, type ReplicatorState, type StorageStatus, storageStatusValue } from "@fastdfs-ts/protocol";
import {
  type Deadlines,
  invariant,
  type Logger,
  type Network,
  sleep,
  type StorageConfig,
  type World,
} from "@fastdfs-ts/runtime";

import { type BinlogPosition, comparePositions, logStart } from "../binlog/binlog-position.ts";
import type { BinlogRecord } from "../binlog/binlog-record.ts";
import type { FileStore } from "../files/file-store.ts";
import type { SyncMark } from "../formats/mark-file.ts";
import type { Peer } from "../tracker-link/membership-view.ts";
import { CertainMark } from "./certain-mark.ts";
import { logBytesBetween } from "./log-bytes.ts";
import { MarkKeeper } from "./mark-keeper.ts";
import { ParkedRecords } from "./parked-records.ts";
import { type PeerConnection, PeerDialer } from "./peer-dialer.ts";
import { PeerSession, type SessionEnd } from "./peer-session.ts";
import { PushQueue } from "./push-queue.ts";
import { isPushed } from "./record-choice.ts";
import {
  permissions,
  reportedState,
  type ReplicatorEvent,
  type ReplicatorPhase,
  replicatorTable,
} from "./replicator-states.ts";
import {
  type BackfillSource,
  freshStart,
  mustAskForSource,
  startFromMark,
  type StartPosition,
} from "./start-position.ts";
import { millisecondsUntilWindow, printWindow } from "./sync-window.ts";
import type { TrackerDialogue } from "./tracker-dialogue.ts";

export type ReplicationConfig = Pick<
  StorageConfig,
  | "connectTimeoutMs"
  | "networkTimeoutMs"
  | "heartBeatIntervalMs"
  | "syncThreadsMax"
  | "syncWaitMs"
  | "syncIntervalMs"
  | "syncStartTime"
  | "syncEndTime"
  | "markWriteFrequency"
>;

/** What all replicators of a storage share. */
export interface ReplicatorContext {
  readonly store: FileStore;
  readonly world: World;
  readonly network: Network;
  readonly deadlines: Deadlines;
  readonly log: Logger;
  readonly config: ReplicationConfig;
  readonly localAddress: string | undefined;
  readonly ownId: string;
  readonly trackers: TrackerDialogue;
  /** How far another peer has confirmed our log. */
  readonly confirmedBy: (storageId: string) => BinlogPosition;
  /** What another peer refuses. */
  readonly refusedBy: (storageId: string) => readonly BinlogRecord[];
  /** Something was reached that trackers should hear of at once. */
  readonly onMilestone: () => void;
  readonly mayMissFiles: () => boolean;
  readonly isRepairOwedTo: (storageId: string) => boolean;
}

/** For status displays. */
export interface PeerReplicationStatus {
  readonly storageId: string;
  readonly state: ReplicatorState;
  readonly sinceMs: number;
  /** In words: what is going on, and what it waits for. */
  readonly reason: string;
  readonly confirmed: BinlogPosition | undefined;
  readonly confirmedSeconds: number;
  readonly pendingBytes: number;
  /** What a new member is given, 0 if none is. */
  readonly backfillBytes: number;
  readonly backfillDoneBytes: number;
  readonly parkedRecords: number;
  readonly parkedReason: string | undefined;
}

/** How often it is looked whether the peer may still be fed, and whether it has everything. */
const LOOK_MS = 1000;
const REST_MS = 100;
const LONGEST_REST_MS = 5000;
/** A peer that answers that it cannot take anything is left alone for longer. */
const TROUBLE_REST_MS = 1000;
const LONGEST_TROUBLE_REST_MS = 30_000;
/** A backfill is over when no more than this is missing: clients may never let the log rest. */
const CAUGHT_UP_SECONDS = 10;
/** A peer that can be reached is compared with by then, if it can be at all. */
const REPAIR_WAIT_MS = 120_000;
/** A backfill is over although the peer refuses a few records, once they were tried this often. */
const PARKED_FEW = 10;
const PARKED_TRIES = 3;
/** More than that is trouble of the peer, a disk mostly, which may pass: a quarter of an hour. */
const PARKED_TRIES_OF_MANY = 10;

export class Replicator {
  private readonly context: ReplicatorContext;
  private readonly mark: MarkKeeper;
  private readonly certain: CertainMark;
  private readonly parkedPath: string;
  private readonly dialer: PeerDialer;
  private readonly log: Logger;
  private readonly stopping = new AbortController();
  private readonly ended: Promise<void>;
  private peer: Peer;
  private start: StartPosition | undefined;
  /** What the trackers said when `start` was settled. */
  private source: BackfillSource | undefined;
  private queue: PushQueue | undefined;
  private session: PeerSession | undefined;
  private phase: ReplicatorPhase = "WAITING";
  private sinceMs: number;
  private reason = "not begun yet";
  private loggedReason = "";
  private isConnectionLogged = false;
  /** The peer lost its power, and is given again what stands before `until`. */
  private repeat: { readonly powerLossMs: number; readonly until: BinlogPosition } | undefined;
  /** Monotonic time at which a peer was reached that has to be compared with first. */
  private repairOwedSinceMs: number | undefined;
  /** Whether this server had to fetch files back when it was looked last. */
  private missedFiles = false;
  private failures = 0;
  private restMs = 0;
  /** Rings when something changed that a wait should look at. */
  private bell = new AbortController();
  private isReporting = false;

  constructor(peer: Peer, markPath: string, context: ReplicatorContext) {
    const { store, world, config, log } = context;
    const { clock, disk } = world;
    this.context = context;
    this.peer = peer;
    this.log = log;
    this.sinceMs = clock.now();
    this.parkedPath = `${markPath}.parked`;
    const everyRecords = config.markWriteFrequency;
    this.mark = new MarkKeeper({ disk, clock, log, binlog: store.binlog, path: markPath, everyRecords });
    this.certain = new CertainMark({ disk, clock, log, markPath });
    this.dialer = new PeerDialer({ ...context, ...config, storageId: context.ownId });
    this.ended = this.run(this.stopping.signal);
  }

  /** How far the peer has confirmed the log; undefined before that is known. */
  get confirmed(): BinlogPosition | undefined {
    if (this.queue !== undefined) return this.queue.confirmed;
    const mark = this.mark.load();
    return mark === undefined ? undefined : { part: mark.binlogIndex, offset: mark.binlogOffset };
  }

  /** What the peer refuses. */
  get refused(): readonly BinlogRecord[] {
    return (this.queue?.parked ?? this.openParked()).records;
  }

  /** The first place in the log that the peer may still need; undefined before that is known. */
  get neededFrom(): BinlogPosition | undefined {
    return this.certain.position ?? this.confirmed;
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
    if (isElsewhere || this.whyNot() !== undefined) this.interrupt(`the peer is ${peer.status} now`);
    this.ring();
  }

  status(): PeerReplicationStatus {
    const { store, world } = this.context;
    const { queue, start, phase } = this;
    const now = world.clock.now();
    const end = store.binlog.position;
    const between = (from: BinlogPosition, to: BinlogPosition) =>
      logBytesBetween(world.disk, store.binlog.folder, from, to);
    const isBackfilling = start?.needsBackfill === true && !start.isBackfillDone;
    const confirmed = queue?.confirmed;
    return {
      storageId: this.peer.storageId,
      state: phase === "FEEDING" ? this.feedingState() : reportedState[phase],
      sinceMs: this.sinceMs,
      reason: this.reason,
      confirmed,
      confirmedSeconds: queue?.confirmedSeconds(now) ?? 0,
      pendingBytes: between(confirmed ?? logStart, end),
      backfillBytes: isBackfilling ? between(logStart, end) : 0,
      backfillDoneBytes: isBackfilling && confirmed !== undefined ? between(logStart, confirmed) : 0,
      parkedRecords: queue?.parked.count ?? 0,
      parkedReason: queue?.parked.first?.reason,
    };
  }

  /** Ends the session and saves the mark. May be called twice. */
  async stop(): Promise<void> {
    this.stopping.abort(new FdfsError("ABORTED", { reason: "replication to this peer ends" }));
    this.interrupt("replication to this peer ends");
    this.ring();
    await this.ended;
  }

  private async run(signal: AbortSignal): Promise<void> {
    const isStopping = (): boolean => signal.aborted;
    while (!isStopping()) {
      try {
        await this.step(signal);
      } catch (thrown) {
        if (isStopping()) break;
        this.fail({ error: FdfsError.fromUnknown(thrown), isPeerInTrouble: false });
        await this.rest(signal);
      }
    }
    this.enter("stopped", "stopped");
    await this.mark.stop();
    this.queue?.close();
  }

  /** One round: waits, or settles the start, or feeds until the session is over. */
  private async step(signal: AbortSignal): Promise<void> {
    const obstacle = this.whyNot();
    if (obstacle !== undefined) {
      this.enter("hold", obstacle.reason);
      await this.wait(obstacle.waitMs, signal);
      if (obstacle.asksAgain) await this.askAgain(signal);
      return;
    }
    this.enter("dial", this.start === undefined ? "settling where to begin" : "connecting");
    if (this.queue === undefined) await this.openQueue(signal);
    // What was learned may forbid to go on.
    if (this.queue === undefined || this.whyNot() !== undefined) return;
    await this.feed(this.queue, signal);
  }

  /** What keeps us from feeding the peer now. */
  private whyNot(): { readonly reason: string; readonly waitMs: number; readonly asksAgain: boolean } | undefined {
    const { config, world } = this.context;
    const { status } = this.peer;
    const permission = permissions[status];
    const waitMs = config.heartBeatIntervalMs;
    if (permission === "never" || permission === "wait") {
      return { reason: `the peer is ${status}`, waitMs, asksAgain: false };
    }
    if (permission === "backfill" && this.start?.needsBackfill === false) {
      // Its source may be lost, and we may be the next one.
      return { reason: "another member gives the peer its old files first", waitMs, asksAgain: true };
    }
    const untilWindowMs = millisecondsUntilWindow(world.clock.now(), config);
    if (untilWindowMs > 0) {
      // Never for long at once: the clock may be set.
      const reason = `outside of the sync window ${printWindow(config)}`;
      return { reason, waitMs: Math.min(untilWindowMs, 60_000), asksAgain: false };
    }
    return undefined;
  }

  /** The source of the peer's old files may be lost: then it has another one, perhaps this server. */
  private async askAgain(signal: AbortSignal): Promise<void> {
    if (signal.aborted || permissions[this.peer.status] !== "backfill") return;
    const source = await this.askForSource(signal);
    if (source === "not settled") return;
    const isSame =
      source?.sourceStorageId === this.source?.sourceStorageId && source?.untilSeconds === this.source?.untilSeconds;
    if (!isSame) this.forgetStart();
  }

  /** Who gives the peer its old files. "not settled" if the trackers do not know it, or something changed meanwhile. */
  private async askForSource(signal: AbortSignal): Promise<BackfillSource | undefined | "not settled"> {
    const bell = this.bell.signal;
    try {
      return await this.context.trackers.sourceOf(this.peer, AbortSignal.any([signal, bell]));
    } catch (thrown) {
      const isOvertaken = bell.aborted && !signal.aborted;
      if (!isOvertaken && FdfsError.fromUnknown(thrown).kind !== "NOT_FOUND") throw thrown;
      this.renewBell();
      return "not settled";
    }
  }

  private async openQueue(signal: AbortSignal): Promise<void> {
    const { store, world, config, ownId, confirmedBy, refusedBy } = this.context;
    const { disk, clock } = world;
    const { binlog } = store;
    const { peer } = this;
    const mark = this.mark.load();
    const source = mustAskForSource(mark, peer.status) ? await this.askForSource(signal) : undefined;
    if (source === "not settled") {
      this.enter("hold", "the trackers have not settled who gives the peer its old files");
      await this.wait(config.heartBeatIntervalMs, signal);
      return;
    }
    const parked = this.openParked();
    const marked = startFromMark(mark, peer.status, source, ownId);
    let start = marked;
    if (start === undefined) {
      const { folder, position: end } = binlog;
      start = await freshStart({ disk, clock, folder, end, ownId, source, confirmedBy });
      // The place passes what the source refuses, which it cannot give on.
      if (source !== undefined && source.sourceStorageId !== ownId)
        await parked.adopt(refusedBy(source.sourceStorageId));
    }
    // The peer began anew while we were looking.
    if (this.peer.status !== peer.status && permissions[this.peer.status] !== "feed") return;
    this.source = source;
    this.repeat = undefined;
    this.certain.begin(start.position, marked === undefined);
    this.begin(start, mark, parked);
  }

  private openParked(): ParkedRecords {
    return ParkedRecords.open(this.context.world.disk, this.parkedPath, this.log);
  }

  private begin(start: StartPosition, mark: SyncMark | undefined, parked: ParkedRecords): void {
    const { store, world } = this.context;
    const { disk, clock } = world;
    const { repeat } = this;
    const queue = PushQueue.open({
      disk,
      clock,
      log: this.log,
      binlog: store.binlog,
      from: start.position,
      tornBefore: repeat?.until,
      isPushed: (record) => isPushed(record, start, this.peer.status),
      parked,
      peerId: this.peer.storageId,
      onProgress: () => {
        this.mark.touch();
        this.certain.note(queue.confirmed);
        this.noteRepeated(queue.confirmed);
        if (queue.isDrained) this.noteCaughtUp();
      },
    });
    this.start = start;
    this.queue = queue;
    const { scannedRows = 0, syncedRows = 0 } = mark ?? {};
    this.mark.follow(() => ({
      binlogIndex: queue.confirmed.part,
      binlogOffset: queue.confirmed.offset,
      needsBackfill: start.needsBackfill,
      isBackfillDone: this.start?.isBackfillDone ?? false,
      backfillUntilSeconds: start.backfillUntilSeconds,
      scannedRows: scannedRows + queue.scannedRows,
      syncedRows: syncedRows + queue.syncedRows,
    }));
    this.mark.touch();
    this.log.info("replication.start", {
      peer: this.peer.storageId,
      part: queue.confirmed.part,
      offset: queue.confirmed.offset,
      backfill: start.needsBackfill && !start.isBackfillDone,
    });
  }

  private async feed(queue: PushQueue, signal: AbortSignal): Promise<void> {
    const { store, world, deadlines, config, mayMissFiles } = this.context;
    const { peer } = this;
    const connection = await this.dialer.connect(peer, signal);
    if (this.mustBeCompared()) {
      connection.connection.destroy();
      this.enter("hold", "what this storage may have lost is compared with the peer first");
      await this.wait(LOOK_MS, signal);
      return;
    }
    if (this.peer !== peer || !this.isCurrent(queue) || (await this.goesBack(queue, connection))) {
      connection.connection.destroy();
      return;
    }
    const doneBefore = queue.syncedRows;
    const beganMs = world.clock.monotonic();
    const session = new PeerSession(
      { store, clock: world.clock, deadlines, config, queue, dialer: this.dialer, peer, mayMissFiles },
      connection,
    );
    this.session = session;
    this.enter("connected", connection.peerIsOurs ? "connected" : "connected; the peer is a C server");
    if (!this.isConnectionLogged) {
      this.log.info("replication.connected", { peer: peer.storageId, ours: connection.peerIsOurs });
    }
    this.isConnectionLogged = true;
    if (peer.status === "WAIT_SYNC") void this.report("SYNCING");
    const lookout = world.clock.every(LOOK_MS, () => {
      const obstacle = this.whyNot();
      this.lookForMissingFiles(queue);
      if (obstacle !== undefined) this.interrupt(obstacle.reason);
      else if ((queue.takeStock() ?? Infinity) <= CAUGHT_UP_SECONDS) this.noteCaughtUp();
    });
    const reason = await session.ended;
    lookout.cancel();
    this.session = undefined;
    await this.mark.flush();
    // A peer that can be reached and is lost again at once is trouble that goes on.
    const wasWorth = queue.syncedRows > doneBefore || world.clock.monotonic() - beganMs > config.heartBeatIntervalMs;
    if (wasWorth) {
      this.failures = 0;
      this.loggedReason = "";
    }
    if (this.whyNot() !== undefined || !this.isCurrent(queue)) return;
    this.fail(reason);
    await this.rest(signal);
  }

  /**
   * What a power cut has torn here must not replace what the peer has whole. The wait has an end: a member that others may
   * not read from is never asked, unless it is being filled.
   */
  private mustBeCompared(): boolean {
    const { isRepairOwedTo, world } = this.context;
    const { storageId } = this.peer;
    if (!isRepairOwedTo(storageId)) return false;
    this.repairOwedSinceMs ??= world.clock.monotonic();
    if (world.clock.monotonic() - this.repairOwedSinceMs < REPAIR_WAIT_MS) return true;
    this.log.warn("replication.not-compared", { peer: storageId });
    return false;
  }

  /** Whether another queue has to feed the peer, because it lost its power and what it had confirmed. */
  private async goesBack(queue: PushQueue, { powerLossMs }: PeerConnection): Promise<boolean> {
    const { start } = this;
    if (powerLossMs === undefined || start === undefined || this.repeat?.powerLossMs === powerLossMs) return false;
    const certain = this.certain.whereToGoBack(powerLossMs);
    if (certain === undefined) {
      await this.certain.noteFed(powerLossMs);
      return !this.isCurrent(queue);
    }
    const position = comparePositions(certain, queue.confirmed) < 0 ? certain : queue.confirmed;
    this.log.notice("replication.peer-lost-power", { peer: this.peer.storageId, ...position });
    await this.mark.flush();
    const mark = this.mark.load();
    if (!this.isCurrent(queue)) return true;
    queue.close();
    this.repeat = { powerLossMs, until: this.context.store.binlog.position };
    this.begin({ ...start, position }, mark, this.openParked());
    // A process that is started before the peer has everything goes back, too, at least to here.
    await this.mark.flush();
    return true;
  }

  /** The peer has confirmed everything before `confirmed`. */
  private noteRepeated(confirmed: BinlogPosition): void {
    const { repeat } = this;
    if (repeat === undefined || comparePositions(confirmed, repeat.until) < 0) return;
    void this.certain.noteFed(repeat.powerLossMs);
  }

  // A method, because the compiler would otherwise believe that nothing changes while we wait.
  private isCurrent(queue: PushQueue): boolean {
    return this.queue === queue && !this.stopping.signal.aborted;
  }

  /** Everything is confirmed, or all but what came in a moment ago: if that was a backfill, it is over. */
  private noteCaughtUp(): void {
    const { start, queue } = this;
    if (start?.needsBackfill !== true || queue === undefined) return;
    const tries = queue.parked.count > PARKED_FEW ? PARKED_TRIES_OF_MANY : PARKED_TRIES;
    const mayMissFiles = this.lookForMissingFiles(queue);
    if (queue.parked.hasTriedLessThan(tries)) return;
    // What this server has to fetch back from others itself, however long that takes, the new member must not go without.
    if (queue.parked.count > 0 && mayMissFiles) return;
    if (!start.isBackfillDone) {
      this.start = { ...start, isBackfillDone: true };
      this.mark.touch();
      this.log.notice("replication.backfill-done", { peer: this.peer.storageId, parked: queue.parked.count });
    }
    // Until the trackers say otherwise: the report may have been lost with this process, or with a tracker.
    if (permissions[this.peer.status] === "backfill") void this.report("OFFLINE");
  }

  /** Whether files may have to be fetched back. When that is over, their records, left alone for minutes by now, are due. */
  private lookForMissingFiles({ parked }: PushQueue): boolean {
    const mayMissFiles = this.context.mayMissFiles();
    if (this.missedFiles && !mayMissFiles) parked.startOver();
    this.missedFiles = mayMissFiles;
    return mayMissFiles;
  }

  /** Moves the peer on at all trackers, after the mark says so too. One report at a time. */
  private async report(status: StorageStatus): Promise<void> {
    if (this.isReporting) return;
    this.isReporting = true;
    const { trackers, onMilestone, world, config } = this.context;
    const { signal } = this.stopping;
    try {
      await this.mark.flush();
      await trackers.report(this.peer, status, signal);
      onMilestone();
      // The answer comes with the next beat; not each second until then.
      if (status === "OFFLINE") await sleep(world.clock, config.heartBeatIntervalMs, signal);
    } catch (error) {
      if (!signal.aborted) this.log.warn("replication.report-failed", { peer: this.peer.storageId, status, error });
    } finally {
      this.isReporting = false;
    }
  }

  private feedingState(): ReplicatorState {
    const { start, queue } = this;
    if (start?.needsBackfill === true && !start.isBackfillDone) return "backfilling";
    return queue?.isDrained === true ? "caughtUp" : "replicating";
  }

  /** The next round settles the start anew. */
  private forgetStart(): void {
    this.interrupt("the peer begins anew");
    this.queue?.close();
    this.queue = undefined;
    this.start = undefined;
  }

  private interrupt(reason: string): void {
    this.session?.stop(new FdfsError("ABORTED", { peer: this.peer.storageId, reason }));
  }

  private fail({ error, isPeerInTrouble }: SessionEnd): void {
    const [first, longest] = isPeerInTrouble ? [TROUBLE_REST_MS, LONGEST_TROUBLE_REST_MS] : [REST_MS, LONGEST_REST_MS];
    this.restMs = Math.min(longest, first * 2 ** Math.min(this.failures++, 20));
    this.enter("failed", error.message);
    if (error.message === this.loggedReason) return;
    this.loggedReason = error.message;
    this.isConnectionLogged = false;
    this.log.warn("replication.interrupted", { peer: this.peer.storageId, reason: error.message });
  }

  private async rest(signal: AbortSignal): Promise<void> {
    await this.wait(this.restMs, signal);
  }

  /** Waits, or until something changed. */
  private async wait(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await sleep(this.context.world.clock, ms, this.bell.signal).catch(() => undefined);
    this.renewBell();
  }

  private ring(): void {
    this.bell.abort(new FdfsError("ABORTED", { reason: "something changed" }));
  }

  private renewBell(): void {
    if (this.bell.signal.aborted) this.bell = new AbortController();
  }

  private enter(event: ReplicatorEvent, reason: string): void {
    const next = replicatorTable.next(this.phase, event);
    invariant(next !== undefined, `a replicator that is ${this.phase} is not told ${event}`);
    if (next !== this.phase) this.sinceMs = this.context.world.clock.now();
    this.phase = next;
    this.reason = reason;
  }
}
