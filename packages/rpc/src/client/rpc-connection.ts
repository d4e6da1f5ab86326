// One dialled connection: one exchange at a time, file content streamed in both directions. After anything went wrong
// in the middle of an exchange the connection is of no use any more, because the next answer could belong to anyone.
import {
  ANSWER_COMMAND,
  type Command,
  FdfsError,
  frameBodyBytes,
  frameCommand,
  frameStatus,
  HEADER_BYTES,
  type Message,
  writeHeader,
} from "@fastdfs-ts/protocol";
import type { Connection, ConnectionEvents, Deadline, Deadlines, Endpoint, Network } from "@fastdfs-ts/runtime";

import { ChunkQueue } from "../chunk-queue.ts";

/** Largest body accepted where the answer is not file content. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
/** Content read ahead of a slow consumer before the socket is paused. */
const READ_AHEAD_BYTES = 1024 * 1024;

export interface ExchangeOptions {
  /** Longest silence of the peer, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Byte 9 of the request header, for the commands that use it. */
  readonly flags?: number;
}

export interface DialOptions {
  readonly connectTimeoutMs: number;
  readonly deadlines: Deadlines;
  readonly signal?: AbortSignal | undefined;
  readonly localAddress?: string | undefined;
}

/** File content of a known size on its way out. */
export interface OutgoingContent {
  readonly bytes: number;
  readonly chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** File content on its way in. */
export interface IncomingAnswer {
  readonly bodyBytes: number;
  /** The next piece, `undefined` after the last one. */
  next(): Promise<Buffer | undefined>;
  /** Gives up; the connection is closed unless everything was read. */
  cancel(): void;
}

interface Header {
  readonly status: number;
  readonly bodyBytes: number;
}

/** One exchange in progress. */
interface Exchange {
  readonly command: { readonly code: number; readonly doc: string };
  deadline: Deadline;
  readonly signal: AbortSignal | undefined;
  readonly onAbort: () => void;
  readonly give: (failure: FdfsError) => void;
  /** Called when an answer or the end comes while we wait for a source of content. */
  interrupt: (() => void) | undefined;
  header: Header | undefined;
  failure: FdfsError | undefined;
  /** Bytes of the body that were not handed out yet. */
  left: number;
  sent: boolean;
}

export class RpcConnection implements ConnectionEvents {
  readonly endpoint: Endpoint;
  /** When the last exchange ended, on the pool's clock; the pool uses it. */
  idleSinceMs = 0;
  /** Called once when the connection is gone. */
  onGone: (() => void) | undefined;
  private readonly socket: Connection;
  private readonly deadlines: Deadlines;
  private readonly inbox = new ChunkQueue();
  private current: Exchange | undefined;
  private open = true;
  private paused = false;
  private lostBecause: Error | undefined;
  /** Wakes whoever waits for bytes, for room to send, or for the end. */
  private wake: (() => void) | undefined;

  private constructor(socket: Connection, endpoint: Endpoint, deadlines: Deadlines) {
    this.socket = socket;
    this.endpoint = endpoint;
    this.deadlines = deadlines;
    socket.attach(this);
  }

  /** Connects. Throws FdfsError UNREACHABLE, TIMED_OUT or ABORTED. */
  static async dial(network: Network, endpoint: Endpoint, options: DialOptions): Promise<RpcConnection> {
    try {
      const { connectTimeoutMs: timeoutMs, signal, localAddress } = options;
      const socket = await network.connect(endpoint, { timeoutMs, signal, localAddress });
      return new RpcConnection(socket, endpoint, options.deadlines);
    } catch (error) {
      if (options.signal?.aborted === true)
        throw new FdfsError("ABORTED", { peer: peerText(endpoint) }, { cause: error });
      throw FdfsError.fromUnknown(error, {
        peer: peerText(endpoint),
        reason: `cannot connect: ${(error as Error).message}`,
      });
    }
  }

  /** Open and between exchanges. */
  get isUsable(): boolean {
    return this.open && this.current === undefined;
  }

  get local(): Endpoint {
    return this.socket.local;
  }

  /**
   * Sends a request and decodes its answer. Throws the FdfsError that the answer's status stands for, BAD_ANSWER if
   * the answer does not fit, CONNECTION_LOST, TIMED_OUT or ABORTED.
   */
  async call<Request, Answer>(
    command: Command<Request, Answer>,
    request: Request,
    options: ExchangeOptions,
  ): Promise<Answer> {
    const exchange = this.begin(command, options);
    try {
      this.sendHead(command.code, command.request.encode(request), 0, options.flags ?? 0);
      exchange.sent = true;
      return this.decode(command, await this.readWholeBody(exchange));
    } finally {
      this.finish(exchange);
    }
  }

  /** As `call` for a request that is followed by file content. */
  async send<Request, Answer>(
    command: Command<Request, Answer>,
    request: Request,
    content: OutgoingContent,
    options: ExchangeOptions,
  ): Promise<Answer> {
    const exchange = this.begin(command, options);
    try {
      const head = command.request.encode(request);
      const flowing = this.sendHead(command.code, head, content.bytes, options.flags ?? 0);
      await this.sendContent(exchange, content, flowing);
      const body = await this.readWholeBody(exchange);
      if (!exchange.sent) throw this.badAnswer(command, "success before the whole request was sent");
      return this.decode(command, body);
    } finally {
      this.finish(exchange);
    }
  }

  /**
   * Sends a request that is encoded already, from its header on, and answers the status byte, whatever it is. A body, which
   * some servers send where there should be none, is dropped. `content` is what follows; the header counts it. Throws
   * CONNECTION_LOST, TIMED_OUT, ABORTED, BAD_ANSWER, and what the source of the content throws.
   */
  async status(
    doc: string,
    front: Buffer,
    content: OutgoingContent | undefined,
    options: ExchangeOptions,
  ): Promise<number> {
    const exchange = this.begin({ code: frameCommand(front), doc }, options);
    try {
      const flowing = this.socket.write(front);
      if (content === undefined) exchange.sent = true;
      else await this.sendContent(exchange, content, flowing);
      const { status, bodyBytes } = await this.readHeader(exchange);
      if (bodyBytes > MAX_ANSWER_BYTES) throw this.badAnswer(exchange.command, `a body of ${bodyBytes} bytes`);
      exchange.left = bodyBytes;
      while (this.inbox.length < bodyBytes) await this.moreBytes(exchange);
      this.inbox.skip(bodyBytes);
      exchange.left = 0;
      return status;
    } finally {
      this.finish(exchange);
    }
  }

  /** Gives the socket away, between exchanges: somebody else speaks on it from now on. */
  release(): Connection {
    if (!this.isUsable) throw new TypeError(`${peerText(this.endpoint)}: this connection cannot be given away`);
    this.open = false;
    this.onGone = undefined;
    return this.socket;
  }

  /** Sends a request whose answer is file content, and hands the content out as it arrives. */
  async fetch<Request>(command: Command<Request>, request: Request, options: ExchangeOptions): Promise<IncomingAnswer> {
    const exchange = this.begin(command, options);
    try {
      this.sendHead(command.code, command.request.encode(request), 0, options.flags ?? 0);
      exchange.sent = true;
      const header = await this.readSuccess(exchange);
      if (header.bodyBytes === 0) this.finish(exchange);
      return {
        bodyBytes: header.bodyBytes,
        next: () => this.nextPiece(exchange),
        cancel: () => this.abandon(exchange),
      };
    } catch (error) {
      this.finish(exchange);
      throw error;
    }
  }

  /** Closes after what is waiting was sent. */
  end(): void {
    this.open = false;
    this.socket.end();
  }

  /** Closes at once. The socket says so a turn later; nobody may be given this connection meanwhile. */
  destroy(): void {
    this.open = false;
    this.socket.destroy();
  }

  data(chunk: Buffer): void {
    if (this.current === undefined) {
      // Nobody asked: whatever this is, it would be taken for the next answer.
      this.destroy();
      return;
    }
    this.inbox.push(chunk);
    this.current.deadline.refresh();
    this.current.interrupt?.();
    if (this.inbox.length > READ_AHEAD_BYTES && !this.paused) {
      this.paused = true;
      this.socket.pauseReading();
    }
    this.wakeUp();
  }

  drained(): void {
    this.current?.deadline.refresh();
    this.wakeUp();
  }

  closed(error: Error | undefined): void {
    this.open = false;
    this.lostBecause = error;
    if (this.current !== undefined) this.current.give(this.lost(this.current.command));
    this.wakeUp();
    this.onGone?.();
  }

  private begin(command: Exchange["command"], options: ExchangeOptions): Exchange {
    if (this.current !== undefined) throw new TypeError(`${peerText(this.endpoint)}: an exchange is already under way`);
    const { signal } = options;
    if (signal?.aborted === true) throw this.aborted(signal, command);
    if (!this.open) throw this.lost(command);
    const give = (failure: FdfsError) => {
      exchange.failure ??= failure;
      exchange.interrupt?.();
      this.destroy();
      this.wakeUp();
    };
    // Silence is the peer's only while we wait for it: a reader that takes its time, or a source that is slow to give,
    // is not the peer's fault.
    const onSilence = () => {
      if (this.wake === undefined) exchange.deadline = this.deadlines.add(options.timeoutMs, onSilence);
      else {
        const reason = `silent for ${options.timeoutMs} ms`;
        give(new FdfsError("TIMED_OUT", { peer: peerText(this.endpoint), command: command.doc, reason }));
      }
    };
    const exchange: Exchange = {
      command,
      signal,
      deadline: this.deadlines.add(options.timeoutMs, onSilence),
      onAbort: () => {
        if (signal !== undefined) give(this.aborted(signal, command));
      },
      give,
      interrupt: undefined,
      header: undefined,
      failure: undefined,
      left: 0,
      sent: false,
    };
    signal?.addEventListener("abort", exchange.onAbort);
    this.current = exchange;
    return exchange;
  }

  /** Ends an exchange. If it did not come to its orderly end, the connection goes with it. */
  private finish(exchange: Exchange): void {
    if (this.current !== exchange) return;
    this.current = undefined;
    exchange.deadline.cancel();
    exchange.signal?.removeEventListener("abort", exchange.onAbort);
    const orderly = exchange.sent && exchange.header !== undefined && exchange.left === 0 && this.inbox.length === 0;
    if (!orderly) this.destroy();
  }

  /** The reader wants no more. One who is waiting for a piece right now is told, or it would wait for ever. */
  private abandon(exchange: Exchange): void {
    if (this.current !== exchange) return;
    const facts = { peer: peerText(this.endpoint), command: exchange.command.doc, reason: "the reader gave up" };
    exchange.give(new FdfsError("ABORTED", facts));
    this.finish(exchange);
  }

  private sendHead(code: number, head: Buffer, contentBytes: number, flags: number): boolean {
    const header = Buffer.allocUnsafe(HEADER_BYTES);
    writeHeader(header, 0, head.length + contentBytes, code, flags);
    return head.length === 0 ? this.socket.write(header) : this.socket.writePair(header, head);
  }

  private async sendContent(exchange: Exchange, content: OutgoingContent, isFlowing: boolean): Promise<void> {
    let flowing = isFlowing;
    let sent = 0;
    const { chunks } = content;
    const source: Iterator<Uint8Array, unknown> | AsyncIterator<Uint8Array, unknown> =
      Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]();
    try {
      for (;;) {
        const step = source.next();
        const result = step instanceof Promise ? await uninterrupted(exchange, step) : step;
        if (result === undefined) break;
        while (!flowing && this.goesOn(exchange)) {
          exchange.deadline.refresh();
          await this.sleepUntilWoken();
          flowing = true;
        }
        // An answer before the end of the request is a refusal: the server does not read on.
        if (result.done === true || !this.goesOn(exchange)) break;
        const chunk = result.value;
        sent += chunk.length;
        if (sent > content.bytes) {
          throw new FdfsError("BAD_REQUEST", {
            reason: `the source gave more than the ${content.bytes} bytes it announced`,
          });
        }
        exchange.deadline.refresh();
        flowing = this.socket.write(chunk);
      }
    } finally {
      // A source that is not read to its end is told so, as `for await` would. Its own trouble is not ours any more.
      if (sent !== content.bytes) void Promise.resolve(source.return?.()).catch(() => {});
    }
    if (sent === content.bytes) exchange.sent = true;
    else if (this.goesOn(exchange)) {
      throw new FdfsError("BAD_REQUEST", {
        reason: `the source ended after ${sent} of the ${content.bytes} bytes it announced`,
      });
    }
  }

  private goesOn(exchange: Exchange): boolean {
    return exchange.failure === undefined && this.inbox.length === 0;
  }

  private async readHeader(exchange: Exchange): Promise<Header> {
    while (this.inbox.length < HEADER_BYTES) await this.moreBytes(exchange);
    const bytes = this.inbox.take(HEADER_BYTES);
    const bodyBytes = frameBodyBytes(bytes);
    const status = frameStatus(bytes);
    if (frameCommand(bytes) !== ANSWER_COMMAND || bodyBytes < 0)
      throw this.badAnswer(exchange.command, "this is not an answer");
    exchange.header = { status, bodyBytes };
    return exchange.header;
  }

  /** As `readHeader`. Throws the FdfsError that a status other than 0 stands for. */
  private async readSuccess(exchange: Exchange): Promise<Header> {
    const header = await this.readHeader(exchange);
    const { status, bodyBytes } = header;
    // Behind an error no body is read; C servers put one there in two cases (wire-protocol.md §12), which ends the connection.
    exchange.left = status === 0 ? bodyBytes : 0;
    if (status !== 0) {
      if (bodyBytes > 0) exchange.sent = false;
      throw FdfsError.fromStatus(status, { peer: peerText(this.endpoint), command: exchange.command.doc });
    }
    return header;
  }

  private async readWholeBody(exchange: Exchange): Promise<Buffer> {
    const { bodyBytes } = await this.readSuccess(exchange);
    if (bodyBytes > MAX_ANSWER_BYTES) throw this.badAnswer(exchange.command, `a body of ${bodyBytes} bytes`);
    while (this.inbox.length < bodyBytes) await this.moreBytes(exchange);
    exchange.left = 0;
    return this.inbox.take(bodyBytes);
  }

  private async nextPiece(exchange: Exchange): Promise<Buffer | undefined> {
    if (exchange.left === 0) return undefined;
    try {
      for (;;) {
        const piece = this.inbox.takeSome(exchange.left);
        if (piece !== undefined) {
          exchange.left -= piece.length;
          if (exchange.left === 0) this.finish(exchange);
          return piece;
        }
        await this.moreBytes(exchange);
      }
    } catch (error) {
      this.finish(exchange);
      throw error;
    }
  }

  private async moreBytes(exchange: Exchange): Promise<void> {
    if (exchange.failure !== undefined) throw exchange.failure;
    if (this.paused) {
      this.paused = false;
      this.socket.resumeReading();
    }
    const before = this.inbox.length;
    exchange.deadline.refresh();
    await this.sleepUntilWoken();
    // What arrived before the end is still worth reading: a server may answer and close.
    const failure = exchange.failure as FdfsError | undefined;
    if (failure !== undefined && this.inbox.length === before) throw failure;
  }

  private sleepUntilWoken(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }

  private wakeUp(): void {
    const wake = this.wake;
    this.wake = undefined;
    wake?.();
  }

  private decode<Request, Answer>(command: Command<Request, Answer>, body: Buffer): Answer {
    const shapes = [command.answer, ...((command.answerVariants ?? []) as readonly Message<Answer>[])];
    // Lists of narrow and wide records overlap in length, so fitting between the bounds is not enough.
    let misfit = `a body of ${body.length} bytes fits no known shape`;
    for (const shape of shapes) {
      if (body.length < shape.minSize || body.length > shape.maxSize) continue;
      try {
        return shape.decode(body);
      } catch (error) {
        misfit = (error as Error).message;
      }
    }
    throw this.badAnswer(command, misfit);
  }

  private badAnswer(command: { readonly doc: string }, reason: string): FdfsError {
    return new FdfsError("BAD_ANSWER", { peer: peerText(this.endpoint), command: command.doc, reason });
  }

  private lost(command: Exchange["command"]): FdfsError {
    const facts = { peer: peerText(this.endpoint), command: command.doc, reason: "the server closed the connection" };
    return new FdfsError("CONNECTION_LOST", facts, { cause: this.lostBecause });
  }

  private aborted(signal: AbortSignal, command: Exchange["command"]): FdfsError {
    return new FdfsError("ABORTED", { peer: peerText(this.endpoint), command: command.doc }, { cause: signal.reason });
  }
}

/** What a source gives, or undefined if an answer or the end comes first: the source may be slow, or never give. */
function uninterrupted<T>(exchange: Exchange, step: Promise<T>): Promise<T | undefined> {
  const interrupted = new Promise<undefined>((resolve) => {
    exchange.interrupt = () => resolve(undefined);
  });
  return Promise.race([step, interrupted]).finally(() => {
    exchange.interrupt = undefined;
  });
}

/** "host:port", an IPv6 host in brackets. */
export function peerText({ host, port }: Endpoint): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
