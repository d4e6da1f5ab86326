// One TCP connection. Hot path: a chunk goes from Node's socket to its owner without a copy, a closure or a timer.
import type { Socket } from "node:net";
import { Deadlines } from "../concurrency/deadlines.ts";
import type { Connection, ConnectionEvents, Endpoint } from "../ports/network.ts";
import { nodeClock } from "./clock.ts";

/** Bytes that may wait for a slow reader before its writer is told to stop. */
const waitingBytesMax = 64 * 1024;

/** Up to here copying a pair together costs less than the bookkeeping of a gathered write (about 2 µs). */
const joinedBytesMax = 2048;

/**
 * How long a connection that we ended goes on reading (and dropping) what the peer still sends. Closing a socket with
 * unread bytes makes the kernel send a reset, and the reset may overtake our last answer, such as the status of a refused
 * upload. One shared timer serves all of them.
 */
const lingerMs = 2000;
const lingering = Deadlines.open(nodeClock, 500);

/** An IPv4 peer of a socket that listens on both families is shown as "::ffff:1.2.3.4"; FastDFS knows it as 1.2.3.4. */
export function plainAddress(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice("::ffff:".length) : address;
}

/** How a socket is read; answers the socket to use from then on. */
export type Reading = (socket: Socket, received: (bytes: Buffer) => void) => Socket;

/** Every chunk in memory of its own. */
export const readIntoFreshBuffers: Reading = (socket, received) => socket.on("data", received);

const nobody: ConnectionEvents = { data() {}, drained() {}, closed() {} };

export class NodeConnection implements Connection {
  readonly remote: Endpoint;
  readonly local: Endpoint;
  readonly #socket: Socket;
  #events: ConnectionEvents = nobody;
  #ended = false;
  /** A write answered false, so `drained` is owed. */
  #blocked = false;
  #error: Error | undefined;

  private constructor(socket: Socket, reading: Reading, remote: Endpoint, local: Endpoint) {
    this.#socket = reading(socket, (bytes) => {
      if (!this.#ended) this.#events.data(bytes);
    });
    this.remote = remote;
    this.local = local;
    this.#socket.on("error", (error) => {
      this.#error = error;
    });
    this.#socket.on("close", () => this.#events.closed(this.#error));
    this.#socket.on("drain", () => {
      if (!this.#blocked) return;
      this.#blocked = false;
      this.#events.drained();
    });
  }

  /** `undefined` if the peer has already gone, so that nothing is known about it. */
  static over(socket: Socket, reading: Reading): NodeConnection | undefined {
    const { remoteAddress, remotePort, localAddress, localPort } = socket;
    if (
      remoteAddress === undefined ||
      remotePort === undefined ||
      localAddress === undefined ||
      localPort === undefined
    ) {
      socket.on("error", () => undefined);
      socket.destroy();
      return undefined;
    }
    return new NodeConnection(
      socket,
      reading,
      { host: plainAddress(remoteAddress), port: remotePort },
      { host: plainAddress(localAddress), port: localPort },
    );
  }

  attach(events: ConnectionEvents): void {
    this.#events = events;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#ended || !this.#socket.writable) return true;
    this.#socket.write(bytes);
    return this.#mayWriteOn();
  }

  writePair(first: Uint8Array, second: Uint8Array): boolean {
    if (this.#ended || !this.#socket.writable) return true;
    if (first.length + second.length <= joinedBytesMax) {
      this.#socket.write(Buffer.concat([first, second]));
    } else {
      this.#socket.cork();
      this.#socket.write(first);
      this.#socket.write(second);
      this.#socket.uncork();
    }
    return this.#mayWriteOn();
  }

  get pendingBytes(): number {
    return this.#socket.writableLength;
  }

  pauseReading(): void {
    if (!this.#ended) this.#socket.pause();
  }

  resumeReading(): void {
    this.#socket.resume();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    const cut = lingering.add(lingerMs, () => this.#socket.destroy());
    this.#socket.once("close", () => cut.cancel());
    this.#socket.end();
    this.#socket.resume();
  }

  destroy(): void {
    this.#ended = true;
    this.#socket.destroy();
  }

  /**
   * The kernel takes most writes at once, and then nothing waits even after a large one. Node's own answer compares the
   * length before the attempt, and would make every large write wait a turn for a "drain".
   */
  #mayWriteOn(): boolean {
    if (this.#socket.writableLength > waitingBytesMax) this.#blocked = true;
    return !this.#blocked;
  }
}
