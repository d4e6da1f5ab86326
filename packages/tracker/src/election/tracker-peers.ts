// Talking to the other trackers. All of it has timeouts of its own, so that one that hangs is as good as one that is gone
// (cluster-behaviour.md §11.1 W15).
import { type Command, FdfsError } from "@fastdfs-ts/protocol";
import { RpcConnection } from "@fastdfs-ts/rpc";
import { type Deadlines, errnoByCode, type Network, type ServerAddress } from "@fastdfs-ts/runtime";

import { PEER_TIMEOUT_MS } from "../limits.ts";

export interface TrackerPeersOptions {
  readonly network: Network;
  readonly deadlines: Deadlines;
  /** Ends everything that is under way. */
  readonly signal: AbortSignal;
  /** This tracker, as far as it is known. */
  readonly self: () => ServerAddress | undefined;
}

/** What became of a question to one tracker. */
export type PeerAnswer<Answer> = { readonly tracker: ServerAddress; readonly answer: Answer } | PeerFailure;

export interface PeerFailure {
  readonly tracker: ServerAddress;
  readonly error: FdfsError;
}

export class TrackerPeers {
  private readonly options: TrackerPeersOptions;

  constructor(options: TrackerPeersOptions) {
    this.options = options;
  }

  /** Connects, at the second address if the first one fails. Throws FdfsError. */
  async dial(tracker: ServerAddress): Promise<RpcConnection> {
    const { network, deadlines, signal } = this.options;
    let failure: unknown;
    for (const host of tracker.hosts) {
      const localAddress = this.sourceAddressFor(host);
      const options = { connectTimeoutMs: PEER_TIMEOUT_MS, deadlines, signal, localAddress };
      try {
        return await RpcConnection.dial(network, { host, port: tracker.port }, options);
      } catch (error) {
        failure ??= error;
      }
    }
    throw failure;
  }

  /** Asks on an open connection. Throws FdfsError. */
  call<Request, Answer>(
    connection: RpcConnection,
    command: Command<Request, Answer>,
    request: Request,
    timeoutMs = PEER_TIMEOUT_MS,
  ): Promise<Answer> {
    return connection.call(command, request, { timeoutMs, signal: this.options.signal });
  }

  /** Asks one tracker on a connection of its own. Throws FdfsError. */
  async ask<Request, Answer>(
    tracker: ServerAddress,
    command: Command<Request, Answer>,
    request: Request,
  ): Promise<Answer> {
    const connection = await this.dial(tracker);
    try {
      return await this.call(connection, command, request);
    } finally {
      connection.end();
    }
  }

  /** As `ask`, but never throws. */
  tryAsk<Request, Answer>(
    tracker: ServerAddress,
    command: Command<Request, Answer>,
    request: Request,
  ): Promise<PeerAnswer<Answer>> {
    return this.ask(tracker, command, request).then(
      (answer) => ({ tracker, answer }),
      (error: unknown) => ({ tracker, error: FdfsError.fromUnknown(error) }),
    );
  }

  /** Asks several at the same time. Never throws. */
  askAll<Request, Answer>(
    trackers: readonly ServerAddress[],
    command: Command<Request, Answer>,
    request: Request,
  ): Promise<PeerAnswer<Answer>[]> {
    return Promise.all(trackers.map((tracker) => this.tryAsk(tracker, command, request)));
  }

  /** A leader knows its followers by the address that they come from, so it has to be the one in the list (58). */
  private sourceAddressFor(host: string): string | undefined {
    const own = new Set(this.options.network.localAddresses());
    const isSameFamily = (address: string) => address.includes(":") === host.includes(":");
    return this.options.self()?.hosts.find((address) => own.has(address) && isSameFamily(address));
  }
}

/** A refused connection: the host is there and no tracker runs on it, so none leads and none supports a leader. */
export function certainlyDoesNotRun({ kind, facts }: FdfsError): boolean {
  return kind === "UNREACHABLE" && facts.status === errnoByCode.ECONNREFUSED;
}

/** It runs, but has no groups or no tracker list yet: it can neither lead nor support a leader. */
export function knowsNothingYet({ kind }: FdfsError): boolean {
  return kind === "NOT_FOUND";
}
