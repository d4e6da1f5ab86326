// What one peer still has to be given: reads the log, hands out records whose turn it is, and knows how far everything is
// confirmed. Nothing here knows a connection.
import { FdfsError } from "@fastdfs-ts/protocol";
import type { Clock, Disk, Logger } from "@fastdfs-ts/runtime";

import { comparePositions, type BinlogPosition, logStart } from "../binlog/binlog-position.ts";
import type { BinlogRecord } from "../binlog/binlog-record.ts";
import type { BinlogWriter } from "../binlog/binlog-writer.ts";
import { type FollowedEntry, LogFollower } from "../binlog/log-follower.ts";
import { ConfirmedPrefix } from "./confirmed-prefix.ts";
import { Fifo } from "./fifo.ts";
import { NameOrder } from "./name-order.ts";
import type { ParkedRecords } from "./parked-records.ts";
import type { PushForm } from "./push-forms.ts";
import { pushTask, type PushTask } from "./push-task.ts";
import { StaleNames } from "./stale-names.ts";

/** Records read ahead of one that is not confirmed: a huge file holds up others only beyond this. About 6 MB. */
const OPEN_TASKS_MAX = 16_384;
/** Log entries looked at in one turn; others have theirs meanwhile. */
const ENTRIES_PER_TURN = 2000;
/** Of what is passed over the owner is told this often: a mark that is a second behind costs a look at a second of the log. */
const TELL_PASSED_MS = 1000;

export interface PushQueueOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Logger;
  readonly binlog: BinlogWriter;
  readonly from: BinlogPosition;
  /** The peer lost its power, and may have torn copies of files that the log names before this place. */
  readonly tornBefore?: BinlogPosition | undefined;
  /** Whether the peer gets this record. */
  readonly isPushed: (record: BinlogRecord) => boolean;
  readonly parked: ParkedRecords;
  readonly peerId: string;
  /** Something was confirmed, and the log was looked at so far. */
  readonly onProgress: () => void;
}

export class PushQueue {
  /** Called when `next` may have something that it had not before. */
  onReady: () => void = () => undefined;
  /** Called when nothing can go on until somebody has looked at it. */
  onStuck: (reason: string) => void = () => undefined;
  /** Log entries looked at, and records confirmed. */
  scannedRows = 0;
  syncedRows = 0;
  readonly parked: ParkedRecords;
  private readonly options: PushQueueOptions;
  private readonly follower: LogFollower;
  private readonly order = new NameOrder();
  private readonly prefix: ConfirmedPrefix;
  private readonly stale = new StaleNames();
  /** Where the log ended when an earlier queue, which may have left out changes, was followed by this one. */
  private readonly inherited: BinlogPosition;
  private readonly ready = new Fifo<PushTask>();
  /** Refused, and the disk would not note it: pushed again after a while. */
  private readonly stranded: PushTask[] = [];
  /** Where the log ended at some time; once that is confirmed, so is everything from before that time. */
  private stock: { readonly position: BinlogPosition; readonly seconds: number };
  private reachedSeconds = 0;
  /** Whether something was passed over of which `onProgress` was not told, and when it was told last (monotonic). */
  private hasPassed = false;
  private toldPassedMs = -Infinity;
  private isClosed = false;

  private constructor(options: PushQueueOptions, follower: LogFollower) {
    this.options = options;
    this.parked = options.parked;
    this.follower = follower;
    // A position behind the end of a log that lost its tail is cut back to the end.
    this.prefix = new ConfirmedPrefix(follower.position);
    const isFirst = comparePositions(follower.position, logStart) === 0;
    this.inherited = isFirst ? logStart : options.binlog.position;
    this.stock = this.presentStock();
  }

  /** Throws FdfsError IO_FAILED if the log cannot be read. */
  static open(options: PushQueueOptions): PushQueue {
    return new PushQueue(options, LogFollower.open(options.disk, options.binlog, options.from));
  }

  /** Everything in the log before this place is confirmed, parked, or not for this peer. */
  get confirmed(): BinlogPosition {
    return this.prefix.position;
  }

  /** Whether the end of the log is reached and everything before it is confirmed or parked. */
  get isDrained(): boolean {
    return this.prefix.size === 0 && !this.hasUnread;
  }

  /** Bytes of the log that were not looked at; a rough number where they are in several parts. */
  get unreadBytes(): number {
    const end = this.options.binlog.position;
    const { part, offset } = this.follower.position;
    return end.part === part ? end.offset - offset : end.offset + 1;
  }

  /** Whether a task is there that could be pushed now. */
  get hasReady(): boolean {
    return this.ready.length > 0;
  }

  /** Own records with this Unix time or an earlier one are all confirmed; 0 unknown (see PeerReplication). */
  confirmedSeconds(nowMs: number): number {
    const open = Math.min(this.prefix.earliestOpenOwnSeconds(), this.parked.earliestSeconds);
    const reached = this.isDrained ? Math.floor(nowMs / 1000) : Math.max(this.prefix.ownSeconds, this.reachedSeconds);
    // There may be more records of the same second.
    return Math.max(0, Math.min(open, reached) - 1);
  }

  /**
   * To be called now and then. How many seconds ago everything that is confirmed now was everything there was; undefined if
   * the place of an earlier call is not reached yet. A log that never rests is never drained.
   */
  takeStock(): number | undefined {
    const { position, seconds } = this.stock;
    if (comparePositions(this.confirmed, position) < 0) return undefined;
    this.reachedSeconds = seconds;
    this.stock = this.presentStock();
    return this.stock.seconds - seconds;
  }

  /**
   * The next record that may be pushed now; "later" if there is more of the log to look at, but others should have their
   * turn first. Throws FdfsError IO_FAILED if the log cannot be read.
   */
  next(): PushTask | "later" | undefined {
    for (let looked = 0; this.ready.length === 0; looked++) {
      if (this.isClosed || this.prefix.size >= OPEN_TASKS_MAX) return undefined;
      if (!this.hasUnread) {
        this.tellPassed();
        return undefined;
      }
      if (looked >= ENTRIES_PER_TURN) return "later";
      const entry = this.follower.next();
      if (entry === undefined) return undefined;
      this.take(entry);
    }
    return this.ready.shift();
  }

  /**
   * A record was appended to the log. Passes over it at once if it is not for this peer, and all before it were looked at: most of
   * the log of a member is what others have pushed to it. Tells whether it did.
   */
  passAppended(record: BinlogRecord, at: BinlogPosition, after: BinlogPosition): boolean {
    if (this.isClosed || this.options.isPushed(record) || !this.follower.skip(at, after)) return false;
    this.scannedRows++;
    this.prefix.pass(after);
    this.hasPassed = true;
    const nowMs = this.options.clock.monotonic();
    if (nowMs - this.toldPassedMs >= TELL_PASSED_MS) {
      this.toldPassedMs = nowMs;
      this.tellPassed();
    }
    return true;
  }

  /** These were not pushed after all, or it is not known: they are the next ones, in this order. */
  giveBack(tasks: readonly PushTask[]): void {
    if (tasks.length > 0) this.ready.putBack(tasks);
  }

  /** The peer has confirmed a record. */
  confirm(task: PushTask): void {
    this.syncedRows++;
    this.stale.confirmed(task);
    this.finish(task);
  }

  /** There is nothing to push any more: the file is gone, or shorter. */
  skip(task: PushTask): void {
    this.stale.leftOut(task);
    this.finish(task);
  }

  /** The peer wants it in another form. */
  pushInstead(task: PushTask, form: PushForm): void {
    task.form = form;
    this.ready.putBack([task]);
    this.onReady();
  }

  /** The peer refuses this record, or its file cannot be read: the queue goes on without it. */
  refuse(task: PushTask, reason: string): void {
    const { clock, log, peerId } = this.options;
    if (task.parked !== undefined) {
      this.parked.refused(task.parked, reason, clock.now());
      this.leave(task);
      return;
    }
    const { op, logicalName } = task.record;
    log.warn("replication.record-parked", { peer: peerId, op, file: logicalName, reason });
    this.park(task, reason);
  }

  /** Parked records whose time has come, or all because the peer is new, are tried again. */
  retryParked(which: "due" | "all"): void {
    this.giveBack(this.stranded.splice(0));
    if (which === "all") this.parked.makeAllDue();
    const due = this.parked.takeDue(this.options.clock.now());
    for (const parked of due) this.lineUp(pushTask(parked.record, { parked }));
    if (due.length > 0 || this.hasReady) this.onReady();
  }

  /** May be called twice. */
  close(): void {
    this.isClosed = true;
    this.follower.close();
  }

  private presentStock() {
    const { binlog, clock } = this.options;
    return { position: binlog.position, seconds: Math.floor(clock.now() / 1000) };
  }

  private get hasUnread(): boolean {
    return comparePositions(this.follower.position, this.options.binlog.position) < 0;
  }

  private take(entry: FollowedEntry): void {
    this.scannedRows++;
    if (entry.kind === "unreadable") {
      const { log, peerId } = this.options;
      const { at, reason } = entry;
      log.warn("replication.unreadable-record-skipped", { peer: peerId, part: at.part, offset: at.offset, reason });
      this.prefix.pass(entry.after);
    } else if (this.options.isPushed(entry.record)) {
      const { after, content } = entry;
      const mayFollowLeftOut = comparePositions(after, this.inherited) <= 0;
      const { tornBefore } = this.options;
      const mayBeTornThere = tornBefore !== undefined && comparePositions(after, tornBefore) <= 0;
      const task = pushTask(entry.record, { after, mayFollowLeftOut, mayBeTornThere, content });
      this.prefix.add(task);
      this.lineUp(task);
    } else this.prefix.pass(entry.after);
    this.hasPassed ||= this.prefix.size === 0;
  }

  private tellPassed(): void {
    if (!this.hasPassed) return;
    this.hasPassed = false;
    this.options.onProgress();
  }

  private lineUp(task: PushTask): void {
    if (this.order.enter(task)) this.haveTurn(task);
  }

  private haveTurn(task: PushTask): void {
    if (task.parked === undefined && this.parked.holds(task.names)) {
      this.park(task, "an earlier change of this file is refused");
      return;
    }
    task.form = this.stale.formOf(task);
    this.ready.push(task);
  }

  private park(task: PushTask, reason: string): void {
    if (this.parked.isFull) {
      this.ready.putBack([task]);
      this.onStuck(`the peer refuses ${this.parked.count} records, the last one because: ${reason}`);
      return;
    }
    // It keeps its turn until it is on the disk: what waits for its names is parked behind it, or stays behind it.
    this.parked.add(task.record, reason, this.options.clock.now()).then(
      () => {
        this.prefix.settle(task);
        this.options.onProgress();
        this.leave(task);
      },
      (error: unknown) => {
        this.stranded.push(task);
        this.onStuck(`cannot note what the peer refuses: ${FdfsError.fromUnknown(error).message}`);
      },
    );
  }

  private finish(task: PushTask): void {
    if (task.parked === undefined) {
      this.prefix.settle(task);
      this.options.onProgress();
    } else {
      const { log, peerId } = this.options;
      this.parked.remove(task.parked).catch((error: unknown) => {
        log.error("replication.parked-not-saved", { peer: peerId, error });
      });
    }
    this.leave(task);
  }

  private leave(task: PushTask): void {
    const freed = this.order.leave(task);
    for (const next of freed) this.haveTurn(next);
    if (freed.length > 0) this.onReady();
  }
}
