// One end of a simulated connection. It behaves as node/connection.ts does on a real socket.
import { type Connection, type ConnectionEvents, type Endpoint, SystemError } from "@fastdfs-ts/runtime";
import type { EventQueue } from "./event-queue.ts";
import type { Life } from "./life.ts";
import type { PipeReceiver, SimPipe } from "./sim-pipe.ts";
import type { Trace } from "./trace.ts";

/** Bytes that may wait before the writer is told to stop. */
const waitingBytesMax = 64 * 1024;
/** How long an ended connection goes on dropping what the peer sends, as the real one does. */
const lingerMs = 2000;
const lentMemoryAfterwards = 0xdb;

const nobody: ConnectionEvents = { data() {}, drained() {}, closed() {} };

export interface SimConnectionModules {
  readonly queue: EventQueue;
  readonly life: Life;
  readonly trace: Trace;
  readonly incoming: SimPipe;
  readonly outgoing: SimPipe;
  /** Accepted, not dialled: the memory of what arrives is only lent to its owner. */
  readonly isAccepted: boolean;
  /** Told when the connection is gone. */
  readonly onClosed: (connection: SimConnection) => void;
}

export class SimConnection implements Connection, PipeReceiver {
  readonly remote: Endpoint;
  readonly local: Endpoint;
  readonly #modules: SimConnectionModules;
  #events: ConnectionEvents = nobody;
  /** Before that, bytes wait: nobody is there to be told. */
  #isHandedOut = false;
  #isPaused = false;
  /** We have called `end`. */
  #isEnded = false;
  #isPeerEnded = false;
  #isClosed = false;
  #isBlocked = false;
  #unread: Buffer[] = [];
  #unreadBytes = 0;
  #isEndUnread = false;

  constructor(local: Endpoint, remote: Endpoint, modules: SimConnectionModules) {
    this.local = local;
    this.remote = remote;
    this.#modules = modules;
  }

  /** Called by the network, which knows both ends. */
  connectTo(peer: PipeReceiver): void {
    this.#modules.outgoing.connect(peer, () => this.#onOutgoingEmpty());
  }

  get unreadBytes(): number {
    return this.#unreadBytes;
  }

  attach(events: ConnectionEvents): void {
    this.#events = events;
  }

  write(bytes: Uint8Array): boolean {
    const { life, outgoing } = this.#modules;
    life.check();
    if (this.#cannotWrite) return true;
    outgoing.write(bytes);
    if (outgoing.waitingBytes > waitingBytesMax) this.#isBlocked = true;
    return !this.#isBlocked;
  }

  writePair(first: Uint8Array, second: Uint8Array): boolean {
    return this.write(Buffer.concat([first, second]));
  }

  get pendingBytes(): number {
    return this.#modules.outgoing.uncopiedBytes;
  }

  pauseReading(): void {
    if (!this.#isEnded) this.#isPaused = true;
  }

  resumeReading(): void {
    this.#isPaused = false;
    this.#readOnSoon();
  }

  /** Called by the network when the owner has the connection. */
  handOut(): void {
    this.#isHandedOut = true;
    this.#readOnSoon();
  }

  end(): void {
    if (this.#cannotWrite) return;
    this.#isEnded = true;
    this.#modules.outgoing.end();
    this.resumeReading();
    this.#modules.queue.after(
      lingerMs,
      this.#modules.life.while(() => this.destroy()),
    );
  }

  destroy(): void {
    if (this.#isClosed) return;
    const { outgoing } = this.#modules;
    outgoing.dropWaiting();
    if (this.#unreadBytes > 0) outgoing.reset();
    else outgoing.end();
    this.#close(undefined);
  }

  /** A fault: both ends lose the connection. */
  breakBothWays(): void {
    if (this.#isClosed) return;
    this.#modules.outgoing.reset();
    this.#close(new SystemError("ECONNRESET", "read"));
  }

  /** The process is gone and its kernel says so to the peer. */
  resetByCrash(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#modules.outgoing.reset();
  }

  receiveData(bytes: Buffer): void {
    const { life, outgoing } = this.#modules;
    // A crashed host that is still off says nothing; the network resets its connections when it is back.
    if (life.isOver) return;
    if (this.#isClosed) outgoing.reset();
    if (this.#isClosed || this.#isEnded) return;
    this.#modules.trace.record(life.host, `${this.#name} ${bytes.length} bytes arrive`);
    if (!this.#isReading || this.#unread.length > 0) {
      this.#unread.push(bytes);
      this.#unreadBytes += bytes.length;
    } else {
      this.#hand(bytes);
    }
  }

  #hand(bytes: Buffer): void {
    this.#events.data(bytes);
    // Who reads lent memory later finds this instead of an old request.
    if (this.#modules.isAccepted) bytes.fill(lentMemoryAfterwards);
  }

  receiveEnd(): void {
    if (this.#isClosed || this.#modules.life.isOver) return;
    if (!this.#isEnded && (!this.#isReading || this.#unread.length > 0)) this.#isEndUnread = true;
    else this.#onPeerEnded();
  }

  receiveReset(): void {
    if (this.#isClosed || this.#modules.life.isOver) return;
    this.#modules.outgoing.dropWaiting();
    this.#close(new SystemError("ECONNRESET", "read"));
  }

  get #cannotWrite(): boolean {
    return this.#isEnded || this.#isPeerEnded || this.#isClosed;
  }

  get #name(): string {
    return `${this.local.host}:${this.local.port} from ${this.remote.host}:${this.remote.port}`;
  }

  get #isReading(): boolean {
    return this.#isHandedOut && !this.#isPaused && !this.#modules.life.isFrozen;
  }

  /** Called when a frozen process goes on: its kernel has taken in what came meanwhile. */
  thaw(): void {
    this.#readOnSoon();
  }

  #readOnSoon(): void {
    if (this.#unread.length > 0 || this.#isEndUnread) this.#soon(() => this.#readOn());
  }

  #readOn(): void {
    while (this.#isReading && !this.#isClosed && this.#unread.length > 0) {
      const bytes = this.#unread.shift()!;
      this.#unreadBytes -= bytes.length;
      if (!this.#isEnded) this.#hand(bytes);
    }
    this.#modules.incoming.pump();
    if (this.#isEndUnread && this.#isReading && this.#unread.length === 0) {
      this.#isEndUnread = false;
      this.#onPeerEnded();
    }
  }

  #onPeerEnded(): void {
    if (this.#isClosed) return;
    this.#isPeerEnded = true;
    this.#modules.outgoing.end();
    this.#closeIfBothEnded();
  }

  #onOutgoingEmpty(): void {
    if (this.#isBlocked) {
      this.#isBlocked = false;
      this.#soon(() => {
        if (!this.#cannotWrite) this.#events.drained();
      });
    }
    this.#closeIfBothEnded();
  }

  #closeIfBothEnded(): void {
    if (this.#isPeerEnded && this.#modules.outgoing.isOver && !this.#isClosed) this.#close(undefined);
  }

  #close(error: Error | undefined): void {
    const { life, trace, onClosed } = this.#modules;
    this.#isClosed = true;
    this.#unread = [];
    this.#unreadBytes = 0;
    trace.record(life.host, `${this.#name} closed${error ? ` (${error.message})` : ""}`);
    onClosed(this);
    this.#soon(() => this.#events.closed(error));
  }

  /** In an event of its own, never in the turn of the caller. */
  #soon(callback: () => void): void {
    this.#modules.queue.after(0, this.#modules.life.while(callback));
  }
}
