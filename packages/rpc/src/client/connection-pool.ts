// Connections by address: bounded, reused, checked before reuse when they have been idle for a while, closed when they
// have been idle for long. A burst waits its turn instead of opening without limit, and what was lost is forgotten at
// once, so that a restarted server is dialled again.
import { type Command, FdfsError } from "@fastdfs-ts/protocol";
import type { Clock, Deadlines, Endpoint, Network, Timer } from "@fastdfs-ts/runtime";

import { peerText, RpcConnection } from "./rpc-connection.ts";

export interface PoolOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  /** Connections to one address at most, busy ones included. */
  readonly maxPerEndpoint: number;
  /** Idle connections are closed after this time. */
  readonly maxIdleMs: number;
  /** A connection that was idle for longer is tested before it is used. */
  readonly testAfterIdleMs: number;
  readonly connectTimeoutMs: number;
  /** Time for the test, and for waiting until another user gives a connection back. */
  readonly networkTimeoutMs: number;
  /** The command that tests a connection (111). */
  readonly activeTest: Command<object, object>;
  readonly localAddress?: string | undefined;
}

interface Waiter {
  resolve(connection: RpcConnection | undefined): void;
}

interface Shelf {
  readonly endpoint: Endpoint;
  /** Most recently used last. */
  readonly idle: RpcConnection[];
  readonly waiters: Waiter[];
  /** Open or being opened. */
  total: number;
}

export class ConnectionPool {
  private readonly options: PoolOptions;
  private readonly shelves = new Map<string, Shelf>();
  private readonly sweeper: Timer;
  private closing = false;

  constructor(options: PoolOptions) {
    this.options = options;
    this.sweeper = options.clock.every(Math.min(options.maxIdleMs, 10_000), () => this.closeIdle());
  }

  /**
   * Runs `use` with a connection to `endpoint` that nobody else uses meanwhile, and takes it back afterwards if it is
   * still usable. Throws UNREACHABLE, TIMED_OUT, POOL_EXHAUSTED or ABORTED if none can be had, else what `use` throws.
   */
  async with<T>(
    endpoint: Endpoint,
    signal: AbortSignal | undefined,
    use: (connection: RpcConnection) => Promise<T>,
  ): Promise<T> {
    const connection = await this.acquire(endpoint, signal);
    try {
      return await use(connection);
    } finally {
      this.release(connection);
    }
  }

  /** As `with`, for uses that outlive a function call, such as a download being read. Every acquire needs one release. */
  async acquire(endpoint: Endpoint, signal?: AbortSignal): Promise<RpcConnection> {
    if (this.closing) throw new FdfsError("ABORTED", { reason: "the client is closed", peer: peerText(endpoint) });
    for (;;) {
      if (signal?.aborted === true)
        throw new FdfsError("ABORTED", { peer: peerText(endpoint) }, { cause: signal.reason });
      // Looked up anew in each round: an empty shelf is thrown away while others wait.
      const shelf = this.shelf(endpoint);
      const idle = shelf.idle.pop();
      if (idle !== undefined) {
        if (await this.isAlive(idle, signal)) return idle;
        continue;
      }
      if (shelf.total < this.options.maxPerEndpoint) return this.dial(shelf, signal);
      const passedOn = await this.waitForTurn(shelf, signal);
      if (passedOn !== undefined) return passedOn;
    }
  }

  /** Gives a connection back. One that broke, or is in the middle of an exchange, is closed. */
  release(connection: RpcConnection): void {
    const shelf = this.shelf(connection.endpoint);
    if (!connection.isUsable || this.closing) {
      connection.destroy();
      return;
    }
    const waiter = shelf.waiters.shift();
    if (waiter !== undefined) {
      waiter.resolve(connection);
      return;
    }
    connection.idleSinceMs = this.options.clock.monotonic();
    shelf.idle.push(connection);
  }

  /** Open connections, by "host:port". */
  counts(): ReadonlyMap<string, { readonly open: number; readonly idle: number }> {
    return new Map([...this.shelves].map(([key, { total, idle }]) => [key, { open: total, idle: idle.length }]));
  }

  /** Closes idle connections at once and the others when they are given back. May be called twice. */
  close(): void {
    this.closing = true;
    this.sweeper.cancel();
    for (const { idle, waiters } of this.shelves.values()) {
      for (const connection of idle.splice(0)) connection.end();
      for (const waiter of waiters.splice(0)) waiter.resolve(undefined);
    }
  }

  private shelf(endpoint: Endpoint): Shelf {
    const key = peerText(endpoint);
    let shelf = this.shelves.get(key);
    if (shelf === undefined) {
      shelf = { endpoint, idle: [], waiters: [], total: 0 };
      this.shelves.set(key, shelf);
    }
    return shelf;
  }

  private async dial(shelf: Shelf, signal: AbortSignal | undefined): Promise<RpcConnection> {
    const { network, deadlines, connectTimeoutMs, localAddress } = this.options;
    shelf.total++;
    try {
      const connection = await RpcConnection.dial(network, shelf.endpoint, {
        deadlines,
        connectTimeoutMs,
        signal,
        localAddress,
      });
      connection.onGone = () => this.forget(shelf, connection);
      return connection;
    } catch (error) {
      this.forget(shelf, undefined);
      throw error;
    }
  }

  /** A place became free: whoever waits longest may dial. */
  private forget(shelf: Shelf, connection: RpcConnection | undefined): void {
    shelf.total--;
    const at = connection === undefined ? -1 : shelf.idle.indexOf(connection);
    if (at >= 0) shelf.idle.splice(at, 1);
    shelf.waiters.shift()?.resolve(undefined);
    if (shelf.total === 0 && shelf.waiters.length === 0) this.shelves.delete(peerText(shelf.endpoint));
  }

  private async isAlive(connection: RpcConnection, signal: AbortSignal | undefined): Promise<boolean> {
    if (!connection.isUsable) return false;
    if (this.options.clock.monotonic() - connection.idleSinceMs < this.options.testAfterIdleMs) return true;
    try {
      await connection.call(this.options.activeTest, {}, { timeoutMs: this.options.networkTimeoutMs, signal });
      return connection.isUsable;
    } catch (error) {
      connection.destroy();
      if (signal?.aborted === true) throw error;
      return false; // another one will be used
    }
  }

  private async waitForTurn(shelf: Shelf, signal: AbortSignal | undefined): Promise<RpcConnection | undefined> {
    const { deadlines, networkTimeoutMs, maxPerEndpoint } = this.options;
    const peer = peerText(shelf.endpoint);
    return new Promise((resolve, reject) => {
      const leave = () => {
        deadline.cancel();
        signal?.removeEventListener("abort", onAbort);
        const at = shelf.waiters.indexOf(waiter);
        if (at >= 0) shelf.waiters.splice(at, 1);
      };
      const onAbort = () => {
        leave();
        reject(new FdfsError("ABORTED", { peer }, { cause: signal?.reason }));
      };
      const waiter: Waiter = {
        resolve: (connection) => {
          leave();
          if (this.closing) reject(new FdfsError("ABORTED", { reason: "the client is closed", peer }));
          else resolve(connection);
        },
      };
      const deadline = deadlines.add(networkTimeoutMs, () => {
        leave();
        const reason = `all ${maxPerEndpoint} connections were in use for ${networkTimeoutMs} ms`;
        reject(new FdfsError("POOL_EXHAUSTED", { peer, reason }));
      });
      shelf.waiters.push(waiter);
      signal?.addEventListener("abort", onAbort);
    });
  }

  private closeIdle(): void {
    const oldest = this.options.clock.monotonic() - this.options.maxIdleMs;
    for (const { idle } of this.shelves.values()) {
      for (const connection of [...idle]) {
        if (connection.idleSinceMs <= oldest) connection.end();
      }
    }
  }
}
