// The real network: listeners, dialling and names over node:net. What one connection does is in connection.ts.
import { lookup } from "node:dns/promises";
import net from "node:net";
import os from "node:os";
import type { Connection, ConnectOptions, Endpoint, Listener, ListenOptions, Network } from "../ports/network.ts";
import { SystemError } from "../ports/system-error.ts";
import { NodeConnection, plainAddress, readIntoFreshBuffers } from "./connection.ts";
import { readIntoSharedBuffer } from "./shared-read-buffer.ts";

/** Connections the kernel holds for us while the event loop is busy; the kernel cuts it to net.core.somaxconn. */
const acceptBacklog = 1024;

class NodeListener implements Listener {
  readonly local: Endpoint;
  readonly #server: net.Server;

  constructor(server: net.Server) {
    const { address, port } = server.address() as net.AddressInfo;
    this.local = { host: plainAddress(address), port };
    this.#server = server;
  }

  /** The port is free when this returns. Node's own callback would also wait for every open connection. */
  close(): Promise<void> {
    if (this.#server.listening) this.#server.close();
    return Promise.resolve();
  }
}

function listen(options: ListenOptions, onConnection: (connection: Connection) => void): Promise<Listener> {
  return new Promise((resolve, reject) => {
    const server = net.createServer({ noDelay: true, allowHalfOpen: false }, (socket) => {
      const connection = NodeConnection.over(socket, readIntoSharedBuffer);
      if (connection) onConnection(connection);
    });
    // Once listening, an error is a connection that could not be accepted (out of descriptors, or gone already): the
    // peer sees a closed connection, and the listener goes on. Before that, it settles the promise.
    server.on("error", reject);
    server.listen({ host: options.host || undefined, port: options.port, backlog: acceptBacklog }, () =>
      resolve(new NodeListener(server)),
    );
  });
}

function connect(to: Endpoint, options: ConnectOptions): Promise<Connection> {
  const { signal, timeoutMs, localAddress } = options;
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const socket = net.connect({ host: to.host, port: to.port, localAddress, noDelay: true, allowHalfOpen: false });

    const settle = () => {
      clearTimeout(timeout);
      signal?.removeEventListener("abort", onAbort);
      socket.off("error", onError);
      socket.off("connect", onConnect);
    };
    const giveUp = (reason: unknown) => {
      settle();
      // A socket that is given up may still fail; nobody is left to hear it.
      socket.on("error", () => undefined);
      socket.destroy();
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- an AbortSignal's reason may be anything
      reject(reason);
    };
    const onAbort = () => giveUp(signal?.reason);
    const onError = (error: Error) => giveUp(error);
    const onConnect = () => {
      settle();
      const connection = NodeConnection.over(socket, readIntoFreshBuffers);
      if (connection) resolve(connection);
      else reject(new SystemError("ECONNRESET", "connect"));
    };

    const timeout = setTimeout(() => giveUp(new SystemError("ETIMEDOUT", "connect")), timeoutMs);
    signal?.addEventListener("abort", onAbort, { once: true });
    socket.once("error", onError);
    socket.once("connect", onConnect);
  });
}

export const nodeNetwork: Network = {
  listen,
  connect,

  localAddresses: () =>
    Object.values(os.networkInterfaces()).flatMap((addresses = []) => addresses.map((a) => a.address)),

  async resolve(host) {
    if (net.isIP(host) !== 0) return [host];
    const found = await lookup(host, { all: true });
    return [...new Set(found.map(({ address }) => address))];
  },
};
