// One accepted connection: frames in, handlers, answers out, strictly one request after the other. Requests that are
// answered from memory never leave the turn in which their bytes arrived.
import {
  ANSWER_COMMAND,
  type ErrorKind,
  FdfsError,
  frameBodyBytes,
  frameCommand,
  frameStatus,
  HEADER_BYTES,
  writeHeader,
} from "@fastdfs-ts/protocol";
import { type Connection, type ConnectionEvents, type Endpoint, systemErrorCode } from "@fastdfs-ts/runtime";

import { ChunkQueue } from "../chunk-queue.ts";
import { IncomingContent } from "./content-reader.ts";
import type { AnsweredExchange, Route, RouteAnswer, Session, StreamedAnswer, UploadRoute } from "./routes.ts";
import type { TaskCounts } from "./task-counts.ts";

/** Bytes read ahead of a busy handler before the socket is paused. */
const READ_AHEAD_BYTES = 256 * 1024;
/** Unread content that is drained so that the connection can go on after an error; beyond it the connection ends. */
const DRAIN_LIMIT_BYTES = 1024 * 1024;
/** A request whose content is not longer is handled once it is here as a whole: its handler then never waits for it. */
const WHOLE_CONTENT_BYTES = 64 * 1024;
/** Answers up to this length to requests that came together leave together. */
const GATHERED_ANSWER_BYTES = 4096;

/** What a connection needs from its server. */
export interface ConnectionOwner {
  readonly routes: ReadonlyMap<number, Route>;
  /** Largest body of a request without content; larger ones are cut off (wire-protocol.md §1.3). */
  readonly maxBodyBytes: number;
  /** What happens after status 22: a storage closes, a tracker goes on (wire-protocol.md §1.5). */
  readonly closeOnBadRequest: boolean;
  /** A count of sweeps; stall detection compares it, so that receiving bytes never reads a clock. */
  readonly sweep: number;
  readonly onAnswered: ((exchange: AnsweredExchange) => void) | undefined;
  readonly tasks: TaskCounts | undefined;
  monotonic(): number;
  /** A handler threw something that is not an FdfsError: a defect of ours. */
  unexpected(error: unknown, command: number, session: Session): void;
  /** A request could not be served for a reason that lies with this server: its disk, its limits. */
  unable(error: FdfsError, command: number, session: Session): void;
  forget(connection: ServerConnection): void;
}

/**
 * idle: between messages · receiving: a message has begun · handling: a handler runs · draining: unread content of a
 * refused request is thrown away · lingering: the answer was the last, waiting for the peer to close · closed.
 */
type State = "idle" | "receiving" | "handling" | "draining" | "lingering" | "closed";

export class ServerConnection implements Session, ConnectionEvents {
  subject = "";
  private readonly socket: Connection;
  private readonly owner: ConnectionOwner;
  private readonly inbox = new ChunkQueue();
  private state: State = "idle";
  private content: IncomingContent | undefined;
  private drainLeft = 0;
  private sending: { drained: () => void } | undefined;
  private paused = false;
  private closeWhenIdle = false;
  /** Answers to requests that arrived together, until all of them are handled. */
  private outbox: Buffer[] = [];
  private closedCallbacks: (() => void)[] | undefined;
  /** The sweep in which bytes last moved, in either direction. */
  private movedInSweep: number;
  private hasCompletedExchange = false;
  private startedMs = 0;
  /** A request of a client that is being handled; "timed": it came whole, and its answer leaves whole. */
  private task: "none" | "streamed" | "timed" = "none";
  private requestBytes = 0;

  constructor(socket: Connection, owner: ConnectionOwner) {
    this.socket = socket;
    this.owner = owner;
    this.movedInSweep = owner.sweep;
    socket.attach(this);
  }

  get remote(): Endpoint {
    return this.socket.remote;
  }

  get local(): Endpoint {
    return this.socket.local;
  }

  onClosed(callback: () => void): void {
    if (this.state === "closed") callback();
    else (this.closedCallbacks ??= []).push(callback);
  }

  close(): void {
    this.closeWhenIdle = true;
    if (this.state === "idle" || this.state === "receiving") this.endSocket();
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** True while a request is being received, handled or answered. */
  get isBusy(): boolean {
    return this.state !== "idle" && this.state !== "closed";
  }

  /** Called once a second: closes a connection that stalls inside a message, or never sent one (wire-protocol.md §1.4). */
  closeIfStalled(sweepsAllowed: number): void {
    const waitsForPeer =
      this.state === "receiving" ||
      this.state === "draining" ||
      this.state === "lingering" ||
      (this.state === "idle" && !this.hasCompletedExchange) ||
      (this.state === "handling" && (this.sending !== undefined || this.content?.isWaiting === true));
    if (waitsForPeer && this.owner.sweep - this.movedInSweep > sweepsAllowed) this.socket.destroy();
  }

  data(chunk: Buffer): void {
    this.movedInSweep = this.owner.sweep;
    this.receive(chunk);
    if (this.outbox.length > 0) this.flush();
    if (this.inbox.length > 0) this.inbox.keepLast();
  }

  private receive(chunk: Buffer): void {
    switch (this.state) {
      case "idle":
      case "receiving":
        this.inbox.push(chunk);
        this.advance();
        return;
      case "handling":
        this.inbox.push(chunk);
        this.content?.arrived();
        if (this.inbox.length > READ_AHEAD_BYTES) this.pause();
        return;
      case "draining":
        this.inbox.push(chunk);
        this.drain();
        return;
      case "lingering":
      case "closed":
        return;
    }
  }

  drained(): void {
    this.movedInSweep = this.owner.sweep;
    const sending = this.sending;
    this.sending = undefined;
    sending?.drained();
  }

  closed(error: Error | undefined): void {
    if (this.state === "closed") return;
    this.state = "closed";
    if (this.task !== "none") this.owner.tasks?.abandoned();
    this.task = "none";
    this.inbox.clear();
    this.content?.fail(
      new FdfsError(
        "CONNECTION_LOST",
        { reason: "the client went away", peer: this.socket.remote.host },
        { cause: error },
      ),
    );
    this.drained();
    this.owner.forget(this);
    for (const callback of this.closedCallbacks ?? []) callback();
    this.closedCallbacks = undefined;
  }

  /** Handles complete requests in the inbox until one is missing bytes or its handler has to wait. */
  private advance(): void {
    while (this.inbox.length >= HEADER_BYTES) {
      const step = this.handleNext();
      if (step !== "next") return;
      if (this.inbox.length === 0) {
        this.state = "idle";
        return;
      }
    }
    this.state = this.inbox.length === 0 ? "idle" : "receiving";
  }

  private handleNext(): "next" | "wait" {
    const header = this.inbox.front(HEADER_BYTES);
    const { frontAt } = this.inbox;
    const bodyBytes = frameBodyBytes(header, frontAt);
    const code = frameCommand(header, frontAt);
    const flags = frameStatus(header, frontAt);
    if (bodyBytes < 0) return this.cutOff();
    this.requestBytes = HEADER_BYTES + bodyBytes;
    this.subject = "";
    if (this.owner.onAnswered !== undefined) this.startedMs = this.owner.monotonic();

    const route = this.owner.routes.get(code);
    if (route === undefined) return this.refuseWhole(bodyBytes, code, `there is no command ${code}`);
    if (route.kind === "upload") return this.handleUpload(route, bodyBytes, flags);
    if (bodyBytes > this.owner.maxBodyBytes) {
      return this.owner.closeOnBadRequest
        ? this.refuseWhole(bodyBytes, code, "the body is larger than the buffer")
        : this.cutOff();
    }
    if (this.inbox.length < HEADER_BYTES + bodyBytes) return this.wait();
    if (route.kind === "quit") {
      this.inbox.clear();
      this.state = "lingering";
      this.endSocket();
      return "wait";
    }

    this.inbox.skip(HEADER_BYTES);
    const body = this.inbox.take(bodyBytes);
    if (route.isForClients) this.beginTask(true);
    let result: RouteAnswer | Promise<RouteAnswer>;
    try {
      result = route.handle(route.request.decode(body), this, flags);
    } catch (error) {
      return this.fail(error, code);
    }
    return this.settle(result, code);
  }

  /** A request with content: the handler runs as soon as everything before the content is here. */
  private handleUpload(route: UploadRoute, bodyBytes: number, flags: number): "next" | "wait" {
    const { request, code } = route;
    if (bodyBytes < request.minSize) return this.refuseWhole(bodyBytes, code, `${bodyBytes} bytes are too few`);
    if (this.inbox.length < HEADER_BYTES + request.fixedSize) return this.wait();
    let decoded: unknown;
    let headBytes = request.fixedSize;
    try {
      if (request.maxSize > request.fixedSize) {
        headBytes = request.headSize(this.inbox.peek(HEADER_BYTES + request.fixedSize).subarray(HEADER_BYTES));
        if (headBytes > bodyBytes)
          throw new FdfsError("BAD_REQUEST", { reason: "the body is shorter than its lengths say" });
      }
      const contentBytes = bodyBytes - headBytes;
      const neededBytes = headBytes + (contentBytes <= WHOLE_CONTENT_BYTES ? contentBytes : 0);
      if (this.inbox.length < HEADER_BYTES + neededBytes) return this.wait();
      this.inbox.skip(HEADER_BYTES);
      decoded = request.decode(this.inbox.take(headBytes));
    } catch (error) {
      return this.refuseWhole(bodyBytes, code, FdfsError.fromUnknown(error).message);
    }
    const content = new IncomingContent(bodyBytes - headBytes, this.inbox, this.resume);
    this.content = content;
    if (route.isForClients) this.beginTask(this.inbox.length >= content.totalBytes);
    let result: RouteAnswer | Promise<RouteAnswer>;
    try {
      result = route.handle(decoded, content, this, flags);
    } catch (error) {
      return this.fail(error, code);
    }
    return this.settle(result, code);
  }

  private beginTask(isWhole: boolean): void {
    const { tasks, onAnswered } = this.owner;
    if (tasks === undefined) return;
    tasks.begin();
    this.task = isWhole ? "timed" : "streamed";
    // With an access log the clock was read a moment ago.
    if (isWhole && onAnswered === undefined) this.startedMs = this.owner.monotonic();
  }

  private endTask(): void {
    if (this.task === "none") return;
    if (this.task === "timed") this.owner.tasks?.answeredIn(this.owner.monotonic() - this.startedMs);
    else this.owner.tasks?.answered();
    this.task = "none";
  }

  private settle(result: RouteAnswer | Promise<RouteAnswer>, code: number): "next" | "wait" {
    if (!(result instanceof Promise)) return this.sendAnswer(result, code);
    this.state = "handling";
    result.then(
      (value) => this.goOnAfter(code, () => this.sendAnswer(value, code)),
      (error: unknown) => this.goOnAfter(code, () => this.fail(error, code)),
    );
    return "wait";
  }

  private goOnAfter(code: number, answer: () => "next" | "wait"): void {
    try {
      if (answer() === "next" && !this.isGone()) this.goOn();
      this.flush();
    } catch (error) {
      // Sending failed in a way no peer can cause.
      this.owner.unexpected(error, code, this);
      this.socket.destroy();
    }
  }

  private goOn(): void {
    this.state = "receiving";
    this.resume();
    this.advance();
  }

  private sendAnswer(value: RouteAnswer, code: number): "next" | "wait" {
    if (this.state === "closed") {
      if (value !== undefined && "bodyBytes" in value) value.close();
      return "wait";
    }
    if (value !== undefined && "bodyBytes" in value) {
      this.state = "handling";
      if (this.task === "timed") this.task = "streamed";
      this.flush();
      this.stream(value, code).then(
        (sent) => {
          if (value.isUnmeasured === true) this.closeWhenIdle = true;
          if (this.state === "handling" && this.finishExchange(code, 0, HEADER_BYTES + sent, undefined) === "next")
            this.goOn();
          this.flush();
        },
        (error: unknown) => {
          // The header has left, so the only honest answer is to break off (wire-protocol.md §1.7).
          this.owner.onAnswered?.(
            this.exchange(code, FdfsError.fromUnknown(error).wireStatus, 0, FdfsError.fromUnknown(error)),
          );
          this.socket.destroy();
        },
      );
      return "wait";
    }
    let bytes: number;
    if (value === undefined) {
      this.send(EMPTY_SUCCESS);
      bytes = HEADER_BYTES;
    } else if ("frame" in value) {
      this.send(value.frame);
      const hasLeft = this.outbox.length === 0 && this.socket.pendingBytes === 0;
      if (hasLeft) value.slab?.giveBack(value.frame);
      bytes = value.frame.length;
    } else {
      const header = Buffer.allocUnsafe(HEADER_BYTES);
      writeHeader(header, 0, value.length, ANSWER_COMMAND, 0);
      this.flush();
      this.socket.writePair(header, value);
      bytes = HEADER_BYTES + value.length;
    }
    return this.finishExchange(code, 0, bytes, undefined);
  }

  /** Returns how many bytes of the body left. */
  private async stream(answer: StreamedAnswer, code: number): Promise<number> {
    try {
      const header = Buffer.allocUnsafe(HEADER_BYTES);
      writeHeader(header, 0, answer.bodyBytes, ANSWER_COMMAND, 0);
      let first: Buffer | undefined = header;
      let sent = 0;
      for (;;) {
        const pulled = answer.next();
        const piece = pulled instanceof Promise ? await pulled : pulled;
        if (this.isGone()) return sent;
        if (piece === undefined) break;
        sent += piece.length;
        const flowing: boolean = first === undefined ? this.socket.write(piece) : this.socket.writePair(first, piece);
        first = undefined;
        if (!flowing) await this.waitUntilDrained();
        else this.movedInSweep = this.owner.sweep;
        if (this.isGone()) return sent;
        if (this.socket.pendingBytes === 0) answer.sent?.();
      }
      if (first !== undefined) this.socket.write(first);
      if (sent !== answer.bodyBytes && answer.isUnmeasured !== true)
        throw new FdfsError("IO_FAILED", {
          reason: `the file ended after ${sent} of ${answer.bodyBytes} bytes`,
          command: code,
        });
      return sent;
    } finally {
      answer.close();
    }
  }

  // A method, because the compiler would otherwise believe that awaiting cannot change the state.
  private isGone(): boolean {
    return this.state === "closed";
  }

  private waitUntilDrained(): Promise<void> {
    return new Promise((resolve) => {
      this.sending = { drained: resolve };
    });
  }

  private fail(error: unknown, code: number): "next" | "wait" {
    // Errors of the disk or the network are expected trouble; anything else is a defect of ours.
    const isDefect = !(error instanceof FdfsError) && systemErrorCode(error) === undefined;
    if (isDefect) this.owner.unexpected(error, code, this);
    if (this.state === "closed") return "wait";
    const failure = FdfsError.fromUnknown(error);
    if (!isDefect && OWN_FAULTS.has(failure.kind)) this.owner.unable(failure, code, this);
    this.send(errorFrame(failure.wireStatus));
    return this.finishExchange(code, failure.wireStatus, HEADER_BYTES, failure);
  }

  /** Refuses a request of which only the header was looked at. */
  private refuseWhole(bodyBytes: number, code: number, reason: string): "next" | "wait" {
    // A tracker reads the whole request before it answers; a storage answers at once and closes.
    if (!this.owner.closeOnBadRequest) {
      if (bodyBytes > this.owner.maxBodyBytes) return this.cutOff();
      if (this.inbox.length < HEADER_BYTES + bodyBytes) return this.wait();
      this.inbox.skip(HEADER_BYTES + bodyBytes);
    }
    return this.fail(new FdfsError("BAD_REQUEST", { reason, command: code }), code);
  }

  private finishExchange(
    code: number,
    status: number,
    answerBytes: number,
    error: FdfsError | undefined,
  ): "next" | "wait" {
    this.hasCompletedExchange = true;
    this.movedInSweep = this.owner.sweep;
    this.endTask();
    this.owner.onAnswered?.(this.exchange(code, status, answerBytes, error));
    const unread = this.content?.discardArrived() ?? 0;
    this.content = undefined;
    const closes =
      this.closeWhenIdle ||
      (status === BAD_REQUEST_STATUS && this.owner.closeOnBadRequest) ||
      unread > DRAIN_LIMIT_BYTES;
    if (closes) return this.linger();
    if (unread > 0) {
      this.drainLeft = unread;
      this.state = "draining";
      this.resume();
      return "wait";
    }
    return "next";
  }

  private exchange(code: number, status: number, answerBytes: number, error: FdfsError | undefined): AnsweredExchange {
    return {
      session: this,
      command: code,
      status,
      startedMs: this.startedMs,
      requestBytes: this.requestBytes,
      answerBytes,
      error,
    };
  }

  /** Sends what is waiting and closes. Bytes that still arrive are dropped: unread ones would turn the end into a reset. */
  private linger(): "wait" {
    this.state = "lingering";
    this.inbox.clear();
    this.resume();
    this.endSocket();
    return "wait";
  }

  /** An answer; it leaves when nothing more is to be answered in this turn. */
  private send(answer: Buffer): void {
    if (answer.length > GATHERED_ANSWER_BYTES) {
      this.flush();
      this.socket.write(answer);
    } else if (this.outbox.length === 0 && this.inbox.length === 0) this.socket.write(answer);
    else this.outbox.push(answer);
  }

  private flush(): void {
    if (this.outbox.length === 0) return;
    const answers = this.outbox;
    this.outbox = [];
    this.socket.write(answers.length === 1 ? answers[0]! : Buffer.concat(answers));
  }

  private endSocket(): void {
    this.flush();
    this.socket.end();
  }

  private drain(): void {
    while (this.drainLeft > 0) {
      const piece = this.inbox.takeSome(this.drainLeft);
      if (piece === undefined) return;
      this.drainLeft -= piece.length;
    }
    if (this.closeWhenIdle) {
      this.linger();
      return;
    }
    this.state = "receiving";
    this.advance();
  }

  private wait(): "wait" {
    this.state = "receiving";
    return "wait";
  }

  private cutOff(): "wait" {
    this.inbox.clear();
    this.socket.destroy();
    return "wait";
  }

  private pause(): void {
    if (this.paused) return;
    this.paused = true;
    this.socket.pauseReading();
  }

  private readonly resume = (): void => {
    if (!this.paused) return;
    this.paused = false;
    this.socket.resumeReading();
  };
}

const BAD_REQUEST_STATUS = 22;

/** What an operator of this server has to know of: the client gets a number only. */
const OWN_FAULTS: ReadonlySet<ErrorKind> = new Set([
  "NO_SPACE",
  "IO_FAILED",
  "TIMED_OUT",
  "TOO_MANY_FILES",
  "OUT_OF_MEMORY",
]);

function errorFrame(status: number): Buffer {
  const out = Buffer.allocUnsafe(HEADER_BYTES);
  writeHeader(out, 0, 0, ANSWER_COMMAND, status);
  return out;
}

const EMPTY_SUCCESS = errorFrame(0);
