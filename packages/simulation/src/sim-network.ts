// The network of a simulated world: who has which address, who listens, which links work. What one host's processes see
// of it is the port HostNetwork.
import {
  type Connection,
  type ConnectOptions,
  type Endpoint,
  type ErrnoCode,
  type Listener,
  type ListenOptions,
  type Network,
  SystemError,
} from "@fastdfs-ts/runtime";
import type { EventQueue } from "./event-queue.ts";
import type { Life } from "./life.ts";
import type { Prng } from "./prng.ts";
import { SimConnection } from "./sim-connection.ts";
import { type Latency, SimLink } from "./sim-link.ts";
import { SimPipe } from "./sim-pipe.ts";
import type { Trace } from "./trace.ts";

const defaultLatency: Latency = { minMs: 0.05, maxMs: 1 };
const loopback = "127.0.0.1";
const everyInterface: ReadonlySet<string> = new Set(["", "0.0.0.0", "::"]);
const firstDynamicPort = 32_768;
/** A lost first packet of a connection is sent again after so long. */
const connectRetryMs = 1000;

interface OpenListener extends Listener {
  readonly life: Life;
  readonly hosts: ReadonlySet<string>;
  readonly onConnection: (connection: Connection) => void;
}

/** What the network knows about a host. It outlives the host's processes. */
export class NetworkHost {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly listeners = new Set<OpenListener>();
  readonly connections = new Set<SimConnection>();
  isPowered = true;
  #lastPort = firstDynamicPort;

  constructor(addresses: readonly [string, ...string[]]) {
    this.name = addresses[0];
    this.addresses = [loopback, ...addresses];
  }

  freePort(): number {
    this.#lastPort = this.#lastPort === 65_535 ? firstDynamicPort : this.#lastPort + 1;
    return this.#lastPort;
  }

  listenerAt({ host, port }: Endpoint): OpenListener | undefined {
    for (const listener of this.listeners) {
      if (listener.local.port === port && listener.hosts.has(host)) return listener;
    }
    return undefined;
  }

  /** The kernel lives on and resets what its process had open. */
  resetConnections(): void {
    for (const connection of this.connections) connection.resetByCrash();
    this.connections.clear();
  }
}

export class SimNetwork {
  readonly queue: EventQueue;
  readonly trace: Trace;
  readonly #random: Prng;
  readonly #hosts = new Map<string, NetworkHost>();
  readonly #links = new Map<string, SimLink>();
  readonly #names = new Map<string, readonly string[]>();

  constructor(queue: EventQueue, random: Prng, trace: Trace) {
    this.queue = queue;
    this.#random = random;
    this.trace = trace;
  }

  addHost(addresses: readonly [string, ...string[]]): NetworkHost {
    const host = new NetworkHost(addresses);
    for (const address of addresses) this.#hosts.set(address, host);
    return host;
  }

  /** Makes a host name known to every host. */
  addName(name: string, addresses: readonly string[]): void {
    this.#names.set(name, addresses);
  }

  addressesOf(name: string): readonly string[] | undefined {
    return this.#names.get(name);
  }

  hostAt(address: string): NetworkHost | undefined {
    return this.#hosts.get(address);
  }

  /** The way between two hosts, in one direction. */
  link(from: NetworkHost, to: NetworkHost): SimLink {
    const key = `${from.name}>${to.name}`;
    let link = this.#links.get(key);
    if (!link) {
      link = new SimLink(this.queue, this.#random.fork(`link ${key}`), defaultLatency);
      this.#links.set(key, link);
    }
    return link;
  }

  /** Nothing gets from `from` to `to` any more; the other direction still works. Both are addresses. */
  cut(from: string, to: string): void {
    this.trace.record("network", `cut ${from} > ${to}`);
    this.#linkBetween(from, to).cut();
  }

  /** Nothing gets through between the hosts of one side and those of the other. */
  partition(side: readonly string[], otherSide: readonly string[]): void {
    for (const a of side) {
      for (const b of otherSide) {
        this.cut(a, b);
        this.cut(b, a);
      }
    }
  }

  /** All links work again. */
  heal(): void {
    this.trace.record("network", "heal");
    for (const link of this.#links.values()) link.heal();
  }

  /** What is sent between two hosts in the next `durationMs`, in either direction, arrives only after them. */
  stall(a: string, b: string, durationMs: number): void {
    this.trace.record("network", `stall ${a} ${b} for ${durationMs} ms`);
    this.#linkBetween(a, b).stall(durationMs);
    this.#linkBetween(b, a).stall(durationMs);
  }

  setLatency(a: string, b: string, latency: Latency): void {
    this.#linkBetween(a, b).latency = latency;
    this.#linkBetween(b, a).latency = latency;
  }

  /** Every connection between two hosts is reset, for both ends. */
  resetConnections(a: string, b: string): void {
    this.trace.record("network", `reset ${a} ${b}`);
    const otherAddresses = this.#known(b).addresses;
    for (const connection of [...this.#known(a).connections]) {
      if (otherAddresses.includes(connection.remote.host)) connection.breakBothWays();
    }
  }

  /** Makes the two ends of a connection; they are not handed out yet. */
  openPair(
    client: { readonly host: NetworkHost; readonly life: Life; readonly local: Endpoint },
    server: { readonly host: NetworkHost; readonly life: Life; readonly local: Endpoint },
  ): { clientEnd: SimConnection; serverEnd: SimConnection } {
    const { queue, trace } = this;
    const name = `pipe ${client.local.host}:${client.local.port} ${server.local.host}:${server.local.port}`;
    const pipe = (from: NetworkHost, to: NetworkHost, direction: string) =>
      new SimPipe({ queue, link: this.link(from, to), random: this.#random.fork(`${name} ${direction}`) });
    const there = pipe(client.host, server.host, "there");
    const back = pipe(server.host, client.host, "back");
    const end = (side: typeof client, other: typeof client, outgoing: SimPipe, incoming: SimPipe) => {
      const onClosed = (connection: SimConnection) => void side.host.connections.delete(connection);
      const { life } = side;
      const connection = new SimConnection(side.local, other.local, {
        queue,
        trace,
        life,
        outgoing,
        incoming,
        onClosed,
      });
      side.host.connections.add(connection);
      return connection;
    };
    const clientEnd = end(client, server, there, back);
    const serverEnd = end(server, client, back, there);
    clientEnd.connectTo(serverEnd);
    serverEnd.connectTo(clientEnd);
    return { clientEnd, serverEnd };
  }

  #known(address: string): NetworkHost {
    const host = this.#hosts.get(address);
    if (!host) throw new Error(`there is no simulated host ${address}`);
    return host;
  }

  #linkBetween(from: string, to: string): SimLink {
    return this.link(this.#known(from), this.#known(to));
  }
}

/** The Network port of one run of a process. */
export class HostNetwork implements Network {
  readonly #network: SimNetwork;
  readonly #host: NetworkHost;
  readonly #life: Life;

  constructor(network: SimNetwork, host: NetworkHost, life: Life) {
    this.#network = network;
    this.#host = host;
    this.#life = life;
  }

  listen(options: ListenOptions, onConnection: (connection: Connection) => void): Promise<Listener> {
    return asPromise(() => this.#listen(options, onConnection));
  }

  #listen(options: ListenOptions, onConnection: (connection: Connection) => void): Listener {
    this.#life.check();
    const { addresses, listeners } = this.#host;
    const isOpenToAll = everyInterface.has(options.host);
    if (!isOpenToAll && !addresses.includes(options.host)) throw new SystemError("EADDRNOTAVAIL", "listen");
    const port = options.port === 0 ? this.#host.freePort() : options.port;
    const hosts = new Set(isOpenToAll ? addresses : [options.host]);
    for (const host of hosts) {
      if (this.#host.listenerAt({ host, port })) throw new SystemError("EADDRINUSE", "listen");
    }
    const listener: OpenListener = {
      life: this.#life,
      local: { host: isOpenToAll ? "::" : options.host, port },
      hosts,
      onConnection,
      close: () => {
        listeners.delete(listener);
        return Promise.resolve();
      },
    };
    listeners.add(listener);
    return listener;
  }

  connect(to: Endpoint, options: ConnectOptions): Promise<Connection> {
    return asPromise(() => {
      this.#life.check();
      return new Dialling(this.#network, this.#host, this.#life, to, options).connection;
    });
  }

  localAddresses(): string[] {
    return [...this.#host.addresses];
  }

  resolve(host: string): Promise<string[]> {
    return asPromise(() => {
      this.#life.check();
      if (/^[\d.]+$/.test(host) || host.includes(":")) return [host];
      const addresses = this.#network.addressesOf(host);
      if (!addresses) throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: "ENOTFOUND" });
      return [...addresses];
    });
  }
}

/** Runs `work` now; what it throws becomes a rejection. */
function asPromise<T>(work: () => T | Promise<T>): Promise<T> {
  return new Promise((resolve) => resolve(work()));
}

/** One attempt to connect: asks, is answered or refused, gives up. */
class Dialling {
  readonly connection: Promise<Connection>;
  readonly #network: SimNetwork;
  readonly #host: NetworkHost;
  readonly #life: Life;
  readonly #to: Endpoint;
  #resolve!: (connection: Connection) => void;
  #reject!: (reason: unknown) => void;
  #isOver = false;

  constructor(network: SimNetwork, host: NetworkHost, life: Life, to: Endpoint, options: ConnectOptions) {
    this.#network = network;
    this.#host = host;
    this.#life = life;
    this.#to = to;
    this.connection = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#begin(options);
  }

  #begin({ timeoutMs, signal, localAddress }: ConnectOptions): void {
    const { queue } = this.#network;
    if (signal?.aborted) this.#fail(signal.reason);
    else if (localAddress !== undefined && !this.#host.addresses.includes(localAddress))
      this.#failWith("EADDRNOTAVAIL");
    if (this.#isOver) return;
    const isLocal = this.#host.addresses.includes(this.#to.host);
    const target = isLocal ? this.#host : this.#network.hostAt(this.#to.host);
    const local = { host: localAddress ?? (isLocal ? this.#to.host : this.#host.name), port: this.#host.freePort() };
    const onAbort = () => this.#fail(signal?.reason);
    const timer = queue.after(timeoutMs, () => this.#failWith("ETIMEDOUT"));
    signal?.addEventListener("abort", onAbort, { once: true });
    const tidy = () => {
      timer.cancel();
      signal?.removeEventListener("abort", onAbort);
    };
    this.connection.then(tidy, tidy);
    if (target) this.#send(this.#host, target, () => this.#arrive(target, local));
    else queue.after(0, () => this.#failWith("EHOSTUNREACH"));
  }

  /** Carries one packet of the handshake; a lost one is sent again. */
  #send(from: NetworkHost, to: NetworkHost, onArrival: () => void): void {
    const { queue } = this.#network;
    const link = this.#network.link(from, to);
    queue.after(link.drawDelayMs(), () => {
      if (this.#isOver) return;
      if (!link.isCut && to.isPowered) onArrival();
      else queue.after(connectRetryMs, () => this.#send(from, to, onArrival));
    });
  }

  #arrive(target: NetworkHost, local: Endpoint): void {
    const listener = target.listenerAt(this.#to);
    if (!listener) {
      this.#send(target, this.#host, () => this.#failWith("ECONNREFUSED"));
      return;
    }
    const client = { host: this.#host, life: this.#life, local };
    const server = { host: target, life: listener.life, local: this.#to };
    const { clientEnd, serverEnd } = this.#network.openPair(client, server);
    this.#network.trace.record(target.name, `accepts ${local.host}:${local.port} on port ${this.#to.port}`);
    // If the answer does not come back in time, the server is left with an end that nobody holds.
    this.connection.catch(() => clientEnd.destroy());
    serverEnd.handOut();
    listener.onConnection(serverEnd);
    this.#send(target, this.#host, () => {
      if (this.#life.isOver) return;
      this.#isOver = true;
      this.#resolve(clientEnd);
      // Early bytes wait until the one who dialled has attached.
      this.#network.queue.after(0, () => clientEnd.handOut());
    });
  }

  #failWith(code: ErrnoCode): void {
    this.#fail(new SystemError(code, "connect"));
  }

  #fail(reason: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // The code of a crashed host is not told anything any more.
    if (!this.#life.isOver) this.#reject(reason);
  }
}
