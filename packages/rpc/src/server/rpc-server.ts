// Accepts connections, keeps to the limits, and stops in order: no new connections, then no new requests, then cut.
import { FdfsError } from "@fastdfs-ts/protocol";
import type { Clock, Connection, Endpoint, Listener, Network, Timer } from "@fastdfs-ts/runtime";

import { type AnsweredExchange, type Route, routeTable, type Session } from "./routes.ts";
import { type ConnectionOwner, ServerConnection } from "./server-connection.ts";
import type { TaskCounts } from "./task-counts.ts";

const SWEEP_MS = 1000;
const DEFAULT_MAX_BODY_BYTES = 262_134;

export interface ServeOptions {
  readonly network: Network;
  readonly clock: Clock;
  /** Addresses to bind, none for all interfaces; the port 0 lets the system choose. */
  readonly listen: { readonly hosts: readonly string[]; readonly port: number };
  readonly routes: readonly Route[];
  /** One more connection is accepted and closed at once (cluster-behaviour.md §10.1). */
  readonly maxConnections: number;
  /** How long a peer may stall inside a message, or before its first. */
  readonly networkTimeoutMs: number;
  /** Largest body without content, in bytes. Default 262,134: a buffer of 256 KiB less the header. */
  readonly maxBodyBytes?: number;
  /** Whether status 22 ends the connection, as a C storage does. */
  readonly closeOnBadRequest: boolean;
  /** Decides by address who may connect; others are accepted and closed at once. */
  readonly allows?: ((host: string) => boolean) | undefined;
  readonly onAnswered?: ((exchange: AnsweredExchange) => void) | undefined;
  /** Counts what is done for clients, if somebody wants to know. */
  readonly tasks?: TaskCounts | undefined;
  /** Told about handlers that threw something unexpected, failures of this server itself, and refused connections. */
  readonly onTrouble: (trouble: ServerTrouble) => void;
}

export type ServerTrouble =
  | { readonly kind: "handler-failed"; readonly error: unknown; readonly command: number; readonly peer: string }
  | { readonly kind: "request-failed"; readonly error: FdfsError; readonly command: number; readonly peer: string }
  | { readonly kind: "connection-limit"; readonly peer: string; readonly limit: number }
  | { readonly kind: "host-not-allowed"; readonly peer: string };

/** The connection counters that heartbeats and statistics carry. */
export interface ConnectionCounts {
  readonly allocated: number;
  readonly current: number;
  readonly maximum: number;
}

export class RpcServer implements ConnectionOwner {
  readonly routes: ReadonlyMap<number, Route>;
  readonly maxBodyBytes: number;
  readonly closeOnBadRequest: boolean;
  readonly onAnswered: ((exchange: AnsweredExchange) => void) | undefined;
  readonly tasks: TaskCounts | undefined;
  sweep = 0;
  private readonly options: ServeOptions;
  private readonly connections = new Set<ServerConnection>();
  private readonly sweepsAllowed: number;
  private readonly listeners: Listener[] = [];
  private sweeper!: Timer;
  private maximum = 0;
  private stopping: Promise<void> | undefined;
  private allGone: (() => void) | undefined;

  private constructor(options: ServeOptions) {
    this.options = options;
    this.routes = routeTable(options.routes);
    this.maxBodyBytes = options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES;
    this.closeOnBadRequest = options.closeOnBadRequest;
    this.onAnswered = options.onAnswered;
    this.tasks = options.tasks;
    this.sweepsAllowed = Math.ceil(options.networkTimeoutMs / SWEEP_MS);
  }

  /** Listens and serves. Throws FdfsError ADDRESS_IN_USE, ACCESS_DENIED … if the address cannot be bound. */
  static async listen(options: ServeOptions): Promise<RpcServer> {
    const server = new RpcServer(options);
    const { hosts, port } = options.listen;
    for (const host of hosts.length === 0 ? [""] : hosts) {
      try {
        server.listeners.push(await options.network.listen({ host, port }, (connection) => server.accept(connection)));
      } catch (error) {
        await Promise.all(server.listeners.map((listener) => listener.close()));
        const peer = `${host === "" ? "*" : host}:${port}`;
        throw FdfsError.fromUnknown(error, { peer, reason: `cannot listen: ${(error as Error).message}` });
      }
    }
    server.sweeper = options.clock.every(SWEEP_MS, () => server.closeStalled());
    return server;
  }

  /** The first address it listens on. */
  get local(): Endpoint {
    return this.listeners[0]!.local;
  }

  get connectionCounts(): ConnectionCounts {
    return { allocated: this.connections.size, current: this.connections.size, maximum: this.maximum };
  }

  /**
   * Stops accepting, closes idle connections, lets requests in progress finish for at most `drainMs` milliseconds and
   * cuts what is left. May be called twice.
   */
  stop(drainMs: number): Promise<void> {
    this.stopping ??= this.stopOnce(drainMs);
    return this.stopping;
  }

  monotonic(): number {
    return this.options.clock.monotonic();
  }

  unexpected(error: unknown, command: number, session: Session): void {
    this.options.onTrouble({ kind: "handler-failed", error, command, peer: session.remote.host });
  }

  unable(error: FdfsError, command: number, session: Session): void {
    this.options.onTrouble({ kind: "request-failed", error, command, peer: session.remote.host });
  }

  forget(connection: ServerConnection): void {
    this.connections.delete(connection);
    if (this.connections.size === 0) this.allGone?.();
  }

  private async stopOnce(drainMs: number): Promise<void> {
    const closing = Promise.all(this.listeners.map((listener) => listener.close()));
    for (const connection of this.connections) connection.close();
    if (this.connections.size > 0) {
      await new Promise<void>((resolve) => {
        const deadline = this.options.clock.after(drainMs, () => {
          for (const connection of [...this.connections]) connection.destroy();
        });
        this.allGone = () => {
          deadline.cancel();
          resolve();
        };
      });
    }
    this.sweeper.cancel();
    await closing;
  }

  private accept(socket: Connection): void {
    const { maxConnections, allows, onTrouble } = this.options;
    const peer = socket.remote.host;
    if (allows !== undefined && !allows(peer)) {
      onTrouble({ kind: "host-not-allowed", peer });
      refuse(socket);
    } else if (this.connections.size >= maxConnections) {
      onTrouble({ kind: "connection-limit", peer, limit: maxConnections });
      refuse(socket);
    } else {
      this.connections.add(new ServerConnection(socket, this));
      this.maximum = Math.max(this.maximum, this.connections.size);
    }
  }

  private closeStalled(): void {
    this.sweep++;
    for (const connection of this.connections) connection.closeIfStalled(this.sweepsAllowed);
  }
}

function refuse(socket: Connection): void {
  socket.attach({ data: ignore, drained: ignore, closed: ignore });
  socket.destroy();
}

const ignore = (): void => {};
