// Many requests under way on one connection, answered in order. Only for servers that read on while they answer, which C's
// do not (wire-protocol.md §1.6), and for requests whose answer is short.
import {
  ANSWER_COMMAND,
  FdfsError,
  frameBodyBytes,
  frameCommand,
  frameStatus,
  HEADER_BYTES,
} from "@fastdfs-ts/protocol";
import type { Connection, ConnectionEvents, Deadline, Deadlines, Endpoint } from "@fastdfs-ts/runtime";

import { ChunkQueue } from "../chunk-queue.ts";
import { peerText, type RpcConnection } from "./rpc-connection.ts";

/** What the owner of a pipeline is told. `lost` is the last call, and comes at most once. */
export interface PipelineEvents {
  /** The oldest request without an answer was answered; mostly without a body, which is valid during the call. */
  answered(status: number, body: Buffer): void;
  /** All answers that arrived together have been told. */
  rested(): void;
  /** The socket takes bytes again. */
  drained(): void;
  /** CONNECTION_LOST, TIMED_OUT or BAD_ANSWER; what was not answered may or may not have happened. */
  lost(error: FdfsError): void;
}

export interface PipelineOptions {
  readonly deadlines: Deadlines;
  /** Longest silence of the peer while answers are owed. */
  readonly timeoutMs: number;
}

/** Answers have a short body or none; more than this is no answer. */
const MAX_BODY_BYTES = 64 * 1024;
const NO_BODY = Buffer.alloc(0);

export class PipelinedConnection implements ConnectionEvents {
  readonly endpoint: Endpoint;
  private readonly socket: Connection;
  private readonly options: PipelineOptions;
  private readonly events: PipelineEvents;
  private readonly inbox = new ChunkQueue();
  private owed = 0;
  private deadline: Deadline | undefined;
  private isOver = false;

  private constructor(socket: Connection, endpoint: Endpoint, options: PipelineOptions, events: PipelineEvents) {
    this.socket = socket;
    this.endpoint = endpoint;
    this.options = options;
    this.events = events;
    socket.attach(this);
  }

  /** Goes on with a connection that is between exchanges and belongs to nobody else from now on. */
  static takeOver(connection: RpcConnection, options: PipelineOptions, events: PipelineEvents): PipelinedConnection {
    return new PipelinedConnection(connection.release(), connection.endpoint, options, events);
  }

  /** Requests without an answer. */
  get outstanding(): number {
    return this.owed;
  }

  /** Whether the kernel has taken everything that was sent: then the memory of it may be used again. */
  get hasSentAll(): boolean {
    return this.socket.pendingBytes === 0;
  }

  /** Sends `count` whole requests. Returns false if the socket wants no more for now: `drained` will follow. */
  send(requests: Uint8Array, count: number): boolean {
    if (this.isOver) return true;
    this.owed += count;
    if (this.deadline === undefined) this.deadline = this.options.deadlines.add(this.options.timeoutMs, this.onSilence);
    else this.deadline.refresh();
    return this.socket.write(requests);
  }

  /** Closes at once; nothing is told any more. May be called twice. */
  destroy(): void {
    this.end();
    this.socket.destroy();
  }

  data(chunk: Buffer): void {
    if (this.isOver) return;
    this.deadline?.refresh();
    this.inbox.push(chunk);
    while (this.owed > 0 && this.takeAnswer());
    if (this.isGone()) return;
    if (this.owed === 0) {
      if (this.inbox.length > 0) {
        this.fail("BAD_ANSWER", "an answer that nobody asked for");
        return;
      }
      this.deadline?.cancel();
      this.deadline = undefined;
    }
    this.events.rested();
  }

  drained(): void {
    if (!this.isOver) this.events.drained();
  }

  closed(error: Error | undefined): void {
    this.fail("CONNECTION_LOST", "the peer closed the connection", error);
  }

  private takeAnswer(): boolean {
    if (this.inbox.length < HEADER_BYTES) return false;
    const header = this.inbox.front(HEADER_BYTES);
    const at = this.inbox.frontAt;
    const bodyBytes = frameBodyBytes(header, at);
    if (frameCommand(header, at) !== ANSWER_COMMAND || bodyBytes < 0 || bodyBytes > MAX_BODY_BYTES) {
      this.fail("BAD_ANSWER", "this is not an answer");
      return false;
    }
    const status = frameStatus(header, at);
    if (this.inbox.length < HEADER_BYTES + bodyBytes) return false;
    this.inbox.skip(HEADER_BYTES);
    const body = bodyBytes === 0 ? NO_BODY : this.inbox.take(bodyBytes);
    this.owed--;
    this.events.answered(status, body);
    return !this.isGone();
  }

  private readonly onSilence = (): void => {
    this.deadline = undefined;
    this.fail("TIMED_OUT", `silent for ${this.options.timeoutMs} ms`);
  };

  private fail(kind: "CONNECTION_LOST" | "TIMED_OUT" | "BAD_ANSWER", reason: string, cause?: Error): void {
    if (this.isOver) return;
    this.destroy();
    this.events.lost(new FdfsError(kind, { peer: peerText(this.endpoint), reason }, { cause }));
  }

  private end(): void {
    this.isOver = true;
    this.deadline?.cancel();
    this.deadline = undefined;
  }

  // A method, because the compiler would otherwise believe that telling the owner cannot end the connection.
  private isGone(): boolean {
    return this.isOver;
  }
}
