// Where one peer stands in the log of this server: the place at which the log begins for it, the queue from there on, and what
// is kept of that on the disk (mark, certain mark, parked records). Nothing here knows a connection.
import type { StorageStatus } from "@fastdfs-ts/protocol";

import { type BinlogPosition, comparePositions } from "../binlog/binlog-position.ts";
import type { BinlogRecord } from "../binlog/binlog-record.ts";
import type { SyncMark } from "../formats/mark-file.ts";
import { CertainMark } from "./certain-mark.ts";
import { MarkKeeper } from "./mark-keeper.ts";
import { ParkedRecords } from "./parked-records.ts";
import { PushQueue } from "./push-queue.ts";
import { isPushed } from "./record-choice.ts";
import type { ReplicatorContext } from "./replicator-context.ts";
import { permissions } from "./replicator-states.ts";
import {
  type BackfillSource,
  freshStart,
  mustAskForSource,
  startFromMark,
  type StartPosition,
} from "./start-position.ts";

export interface PeerProgressOptions {
  readonly context: Pick<
    ReplicatorContext,
    "store" | "world" | "log" | "config" | "ownId" | "confirmedBy" | "refusedBy"
  >;
  readonly storageId: string;
  /** Of the peer, as the trackers say now. */
  readonly status: () => StorageStatus;
  readonly markPath: string;
  /** Aborts when the replication to this peer ends. */
  readonly signal: AbortSignal;
  /** The queue has nothing left. Called whenever something was confirmed and that is so. */
  readonly onDrained: () => void;
}

/** Who gives the peer its old files, undefined if nobody does; "not settled" if that is not known now. */
export type SourceAnswer = BackfillSource | undefined | "not settled";

export class PeerProgress {
  private readonly options: PeerProgressOptions;
  private readonly mark: MarkKeeper;
  private readonly certain: CertainMark;
  private present: { readonly start: StartPosition; readonly queue: PushQueue } | undefined;
  /** What the trackers said when the start was settled. */
  private source: BackfillSource | undefined;
  /** The peer lost its power, and is given again what stands before `until`. */
  private repeat: { readonly powerLossMs: number; readonly until: BinlogPosition } | undefined;

  constructor(options: PeerProgressOptions) {
    const { store, world, config, log } = options.context;
    const { clock, disk } = world;
    const { markPath } = options;
    this.options = options;
    const everyRecords = config.markWriteFrequency;
    this.mark = new MarkKeeper({ disk, clock, log, binlog: store.binlog, path: markPath, everyRecords });
    this.certain = new CertainMark({ disk, clock, log, markPath });
  }

  /** Undefined before it is settled. */
  get start(): StartPosition | undefined {
    return this.present?.start;
  }

  /** Undefined before the start is settled. */
  get queue(): PushQueue | undefined {
    return this.present?.queue;
  }

  get isBackfilling(): boolean {
    const { start } = this;
    return start?.needsBackfill === true && !start.isBackfillDone;
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

  /** Whether this is what the trackers said of the peer's old files when the start was settled. */
  isSettledBy(source: BackfillSource | undefined): boolean {
    return (
      source?.sourceStorageId === this.source?.sourceStorageId && source?.untilSeconds === this.source?.untilSeconds
    );
  }

  /** Whether this queue still feeds the peer. A method, as the compiler would believe that nothing changes while we wait. */
  isCurrent(queue: PushQueue): boolean {
    return this.queue === queue && !this.options.signal.aborted;
  }

  /**
   * Settles where the log begins for the peer, and opens the queue there; not if the peer began anew meanwhile. Answers whether
   * it is known who gives the peer its old files. Throws FdfsError, and what `askForSource` throws.
   */
  async settle(askForSource: () => Promise<SourceAnswer>): Promise<boolean> {
    const { context, status } = this.options;
    const { ownId, refusedBy } = context;
    const mark = this.mark.load();
    const statusThen = status();
    const source = mustAskForSource(mark, statusThen) ? await askForSource() : undefined;
    if (source === "not settled") return false;
    const parked = this.openParked();
    const marked = startFromMark(mark, statusThen, source, ownId);
    const start = marked ?? (await this.startAnew(source));
    // The place of a new start passes what the source refuses, which it cannot give on.
    if (marked === undefined && source !== undefined && source.sourceStorageId !== ownId)
      await parked.adopt(refusedBy(source.sourceStorageId));
    if (status() !== statusThen && permissions[status()] !== "feed") return true;
    this.source = source;
    this.repeat = undefined;
    this.certain.begin(start.position, marked === undefined);
    this.begin(start, mark, parked);
    return true;
  }

  /**
   * The peer says now when it last lost its power, undefined if it does not tell. If it lost what it had confirmed, another
   * queue feeds it from where it has to be fed. Answers whether `queue` may still do.
   */
  async goBackAfter(powerLossMs: number | undefined, queue: PushQueue): Promise<boolean> {
    const { start } = this;
    if (powerLossMs === undefined || start === undefined || this.repeat?.powerLossMs === powerLossMs) return true;
    const certain = this.certain.whereToGoBack(powerLossMs);
    if (certain === undefined) {
      await this.certain.noteFed(powerLossMs);
      return this.isCurrent(queue);
    }
    const { log, store } = this.options.context;
    const position = comparePositions(certain, queue.confirmed) < 0 ? certain : queue.confirmed;
    log.notice("replication.peer-lost-power", { peer: this.options.storageId, ...position });
    await this.mark.flush();
    const mark = this.mark.load();
    if (!this.isCurrent(queue)) return false;
    queue.close();
    this.repeat = { powerLossMs, until: store.binlog.position };
    this.begin({ ...start, position }, mark, this.openParked());
    // A process that is started before the peer has everything goes back, too, at least to here.
    await this.mark.flush();
    return false;
  }

  /** The peer has all its old files. */
  finishBackfill(): void {
    if (this.present === undefined) return;
    const { start, queue } = this.present;
    this.present = { start: { ...start, isBackfillDone: true }, queue };
    this.mark.touch();
  }

  /** The start has to be settled anew. */
  forget(): void {
    this.queue?.close();
    this.present = undefined;
  }

  /** When it resolves the present mark is on the disk, or the trouble is logged. */
  async save(): Promise<void> {
    await this.mark.flush();
  }

  async stop(): Promise<void> {
    await this.mark.stop();
    this.queue?.close();
  }

  private openParked(): ParkedRecords {
    const { context, markPath } = this.options;
    return ParkedRecords.open(context.world.disk, `${markPath}.parked`, context.log);
  }

  private startAnew(source: BackfillSource | undefined): Promise<StartPosition> {
    const { store, world, ownId, confirmedBy } = this.options.context;
    const { folder, position: end } = store.binlog;
    return freshStart({ disk: world.disk, clock: world.clock, folder, end, ownId, source, confirmedBy });
  }

  private begin(start: StartPosition, mark: SyncMark | undefined, parked: ParkedRecords): void {
    const { context, storageId, status, onDrained } = this.options;
    const { store, world, log } = context;
    const queue = PushQueue.open({
      disk: world.disk,
      clock: world.clock,
      log,
      binlog: store.binlog,
      from: start.position,
      tornBefore: this.repeat?.until,
      isPushed: (record) => isPushed(record, start, status()),
      parked,
      peerId: storageId,
      onProgress: () => {
        this.mark.touch();
        this.certain.note(queue.confirmed);
        this.noteRepeated(queue.confirmed);
        if (queue.isDrained) onDrained();
      },
    });
    this.present = { start, queue };
    this.mark.follow(this.markOf(start, queue, mark));
    this.mark.touch();
    log.info("replication.start", {
      peer: storageId,
      part: queue.confirmed.part,
      offset: queue.confirmed.offset,
      backfill: this.isBackfilling,
    });
  }

  private markOf(start: StartPosition, queue: PushQueue, before: SyncMark | undefined): () => SyncMark {
    const { scannedRows = 0, syncedRows = 0 } = before ?? {};
    return () => ({
      binlogIndex: queue.confirmed.part,
      binlogOffset: queue.confirmed.offset,
      needsBackfill: start.needsBackfill,
      isBackfillDone: this.start?.isBackfillDone ?? false,
      backfillUntilSeconds: start.backfillUntilSeconds,
      scannedRows: scannedRows + queue.scannedRows,
      syncedRows: syncedRows + queue.syncedRows,
    });
  }

  /** The peer has confirmed everything before `confirmed`. */
  private noteRepeated(confirmed: BinlogPosition): void {
    const { repeat } = this;
    if (repeat === undefined || comparePositions(confirmed, repeat.until) < 0) return;
    void this.certain.noteFed(repeat.powerLossMs);
  }
}
