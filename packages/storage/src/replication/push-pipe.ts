// The way of small records to a peer of ours: many under way on one connection, gathered into few writes.
import { connectionCommands, FdfsError, frame } from "@fastdfs-ts/protocol";
import { PipelinedConnection, type PipelineEvents, type PipelineOptions, type RpcConnection } from "@fastdfs-ts/rpc";

import { Fifo } from "./fifo.ts";
import { FrameBatch } from "./frame-batch.ts";
import type { Prepared, PushRequests } from "./push-request.ts";
import type { PushTask } from "./push-task.ts";

/** Requests without an answer: enough to keep both sides busy on one machine, and a line of 20 ms and 100 MB/s full. */
const UNDER_WAY_MAX = 512;
const UNDER_WAY_BYTES_MAX = 2 * 1024 * 1024;
/** Files read in one turn, about 2 ms; clients have their turn meanwhile. */
const RECORDS_PER_TURN = 64;

export interface PushPipeOwner {
  readonly requests: PushRequests;
  /** The next record that may be pushed. */
  next(): PushTask | "later" | undefined;
  answered(task: PushTask, status: number): void;
  gone(task: PushTask): void;
  unreadable(task: PushTask, error: FdfsError): void;
  /** Too large for this way. */
  large(task: PushTask): void;
  /** All answers that came together are told. */
  rested(): void;
  /** Calls `pump` again soon. */
  pumpLater(): void;
  lost(error: FdfsError): void;
}

export class PushPipe implements PipelineEvents {
  private readonly owner: PushPipeOwner;
  private readonly connection: PipelinedConnection;
  /** Sent and not answered, in order; undefined stands for a sign of life. */
  private readonly underWay = new Fifo<PushTask | undefined>();
  private underWayBytes = 0;
  private batch: FrameBatch | undefined;
  private batched: PushTask[] = [];
  /** Its request did not fit into the batch any more. */
  private held: PushTask | undefined;
  private lastStatus = 0;
  private isPreparing = false;
  private isBlocked = false;
  private isOver = false;

  constructor(connection: RpcConnection, options: PipelineOptions, owner: PushPipeOwner) {
    this.owner = owner;
    this.connection = PipelinedConnection.takeOver(connection, options, this);
  }

  get isIdle(): boolean {
    return this.underWay.length === 0 && this.batched.length === 0 && this.held === undefined && !this.isPreparing;
  }

  /** Sends what there is to send and may be under way. */
  pump(): void {
    if (this.isPreparing) return;
    for (let records = 0; this.hasRoom; records++) {
      if (records === RECORDS_PER_TURN) {
        this.owner.pumpLater();
        break;
      }
      const task = this.held ?? this.owner.next();
      this.held = undefined;
      if (task === undefined) break;
      if (task === "later") {
        this.owner.pumpLater();
        break;
      }
      if (this.prepare(task) === "waits") return;
    }
    this.flush();
  }

  /** A sign of life, if nothing is under way; memory that nobody needs is given back. */
  keepAlive(): void {
    if (!this.isIdle || this.isOver) return;
    this.batch = undefined;
    this.underWay.push(undefined);
    this.isBlocked = !this.connection.send(frame(connectionCommands.activeTest.code), 1);
  }

  /** Closes, and gives back what is not confirmed, in order. */
  destroy(): readonly PushTask[] {
    this.isOver = true;
    this.connection.destroy();
    const tasks = [...this.underWay.drain(), ...this.batched, this.held].filter((task) => task !== undefined);
    this.batched = [];
    this.held = undefined;
    return tasks;
  }

  answered(status: number): void {
    this.lastStatus = status;
    const task = this.underWay.shift();
    if (task === undefined) return;
    this.underWayBytes -= task.requestBytes;
    this.owner.answered(task, status);
  }

  rested(): void {
    if (!this.isOver) this.owner.rested();
  }

  drained(): void {
    this.isBlocked = false;
    this.pump();
  }

  lost(error: FdfsError): void {
    // The one being answered may be the cause, unless the peer closed because it refused the one before.
    const answering = this.lastStatus === BAD_REQUEST ? undefined : this.underWay.first;
    if (answering !== undefined) answering.losses++;
    this.owner.lost(error);
  }

  private get hasRoom(): boolean {
    return (
      !this.isOver &&
      !this.isBlocked &&
      this.underWay.length + this.batched.length < UNDER_WAY_MAX &&
      this.underWayBytes < UNDER_WAY_BYTES_MAX
    );
  }

  private prepare(task: PushTask): "done" | "waits" {
    this.batch ??= new FrameBatch();
    let prepared;
    try {
      prepared = this.owner.requests.prepare(task, this.batch, false);
    } catch (error) {
      this.owner.unreadable(task, FdfsError.fromUnknown(error));
      return "done";
    }
    if (!(prepared instanceof Promise)) {
      this.take(task, prepared);
      return "done";
    }
    // Kept here meanwhile, so that it is given back if the connection is lost.
    this.held = task;
    this.isPreparing = true;
    const goOn = (then: () => void) => {
      this.isPreparing = false;
      if (this.held !== task) return;
      this.held = undefined;
      then();
      this.pump();
    };
    prepared
      .then(
        (value) => goOn(() => this.take(task, value)),
        (error: unknown) => goOn(() => this.owner.unreadable(task, FdfsError.fromUnknown(error))),
      )
      .catch((error: unknown) => this.owner.lost(FdfsError.fromUnknown(error)));
    return "waits";
  }

  private take(task: PushTask, { kind }: Prepared): void {
    switch (kind) {
      case "frame":
        this.batched.push(task);
        this.underWayBytes += task.requestBytes;
        return;
      case "full":
        this.held = task;
        this.flush();
        return;
      case "gone":
        this.owner.gone(task);
        return;
      case "large":
      case "stream":
        this.owner.large(task);
    }
  }

  private flush(): void {
    const { batch } = this;
    if (batch === undefined || batch.count === 0) return;
    for (const task of this.batched) this.underWay.push(task);
    this.batched = [];
    this.isBlocked = !this.connection.send(batch.bytes, batch.count);
    // The kernel has copied everything, or the socket still holds the memory.
    if (this.connection.hasSentAll) batch.clear();
    else this.batch = undefined;
  }
}

/** Servers close after it. */
const BAD_REQUEST = 22;
