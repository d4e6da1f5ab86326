// One connection of the load generator, in a closed loop: a request, its answer, the next request. Chunks are read into
// one buffer that all connections share, so receiving allocates nothing.
import { frameBodyBytes, frameStatus, HEADER_BYTES } from "@fastdfs-ts/protocol";
import { connect, type Socket } from "node:net";
import type { Operation } from "./operations.ts";

const READ_BYTES = 256 * 1024;
const SERVER_CLOSED = "the server closed the connection";
const received = Buffer.allocUnsafeSlow(READ_BYTES);

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** The run that a connection works for. */
export interface LoadRun {
  readonly address: Address;
  /** The number of the next exchange, or undefined when all are taken. */
  take(): number | undefined;
  succeeded(milliseconds: number, bodyBytes: number): void;
  failed(reason: string): void;
  /** The server cannot be reached at all: the run is over. */
  unreachable(error: Error): void;
  /** This connection has nothing more to do. */
  finished(): void;
}

export class LoadConnection {
  private readonly run: LoadRun;
  private readonly operation: Operation;
  private readonly header = Buffer.alloc(HEADER_BYTES);
  private socket!: Socket;
  private isConnected = false;
  private isWaiting = false;
  private startedMs = 0;
  /** Bytes of the answer that have come, header included. */
  private seen = 0;
  private bodyBytes = 0;
  private isRight = true;
  /** Why the connection ends, should it end now. */
  private trouble = SERVER_CLOSED;

  constructor(run: LoadRun, operation: Operation) {
    this.run = run;
    this.operation = operation;
  }

  open(): void {
    this.isConnected = false;
    this.trouble = SERVER_CLOSED;
    this.socket = connect({
      ...this.run.address,
      noDelay: true,
      onread: {
        buffer: received,
        callback: (bytes) => {
          this.receive(bytes);
          return true;
        },
      },
    });
    this.socket.once("connect", () => {
      this.isConnected = true;
      this.next();
    });
    this.socket.on("error", (error) => {
      if (!this.isConnected) this.run.unreachable(error);
    });
    this.socket.once("close", () => {
      if (!this.isWaiting) return;
      this.isWaiting = false;
      this.run.failed(this.trouble);
      if (this.isConnected) this.open();
    });
  }

  private next(): void {
    const index = this.run.take();
    if (index === undefined) {
      this.socket.destroy();
      this.run.finished();
      return;
    }
    this.seen = 0;
    this.isRight = true;
    this.isWaiting = true;
    this.startedMs = performance.now();
    this.socket.write(this.operation.request(index));
  }

  private receive(bytes: number): void {
    let at = 0;
    if (this.seen < HEADER_BYTES) {
      at = Math.min(HEADER_BYTES - this.seen, bytes);
      received.copy(this.header, this.seen, 0, at);
      this.seen += at;
      if (this.seen < HEADER_BYTES) return;
      this.bodyBytes = frameBodyBytes(this.header);
    }
    if (at < bytes) {
      const offset = this.seen - HEADER_BYTES;
      if (offset + bytes - at > this.bodyBytes) {
        this.breakOff("more bytes than announced");
        return;
      }
      if (!this.operation.body(received, at, bytes, offset)) this.isRight = false;
      this.seen += bytes - at;
    }
    if (this.seen === HEADER_BYTES + this.bodyBytes) this.answered();
  }

  private answered(): void {
    this.isWaiting = false;
    const status = frameStatus(this.header);
    if (status !== 0) this.run.failed(`status ${status}`);
    else if (!this.isRight || !this.operation.answered(this.bodyBytes)) this.run.failed("a wrong body");
    else this.run.succeeded(performance.now() - this.startedMs, this.bodyBytes);
    this.next();
  }

  /** The stream makes no sense any more. The close handler counts the exchange and connects again. */
  private breakOff(trouble: string): void {
    this.trouble = trouble;
    this.socket.destroy();
  }
}
