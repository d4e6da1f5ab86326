// The network of a simulated world: who has which address, who listens, which links work. What one host's processes see
// of it is in sim-host-network.ts.
import type { Connection, Endpoint, Listener } from "@fastdfs-ts/runtime";
import type { EventQueue } from "./event-queue.ts";
import type { Life } from "./life.ts";
import type { Prng } from "./prng.ts";
import { SimConnection } from "./sim-connection.ts";
import { type Latency, SimLink } from "./sim-link.ts";
import { SimPipe } from "./sim-pipe.ts";
import type { Trace } from "./trace.ts";

const defaultLatency: Latency = { minMs: 0.05, maxMs: 1 };
const loopback = "127.0.0.1";
const firstDynamicPort = 32_768;

export interface OpenListener extends Listener {
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

  /** The process goes on and finds what its kernel has taken in. */
  thaw(): void {
    for (const connection of this.connections) connection.thaw();
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

  /** One address of each host. */
  get addresses(): string[] {
    return [...new Set(this.#hosts.values())].map(({ name }) => name);
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

  /**
   * Nothing gets from `from` to `to` any more; the other direction still works. Both are addresses. The function that is
   * returned repairs it, unless it was cut twice.
   */
  cut(from: string, to: string): () => void {
    this.trace.record("network", `cut ${from} > ${to}`);
    const repair = this.#linkBetween(from, to).cut();
    return () => {
      this.trace.record("network", `repair ${from} > ${to}`);
      repair();
    };
  }

  /** `from` gets no new connection to `to`, as behind a firewall: who tries hears nothing. */
  block(from: string, to: string): void {
    this.trace.record("network", `block ${from} > ${to}`);
    this.#linkBetween(from, to).isBlocked = true;
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

  setLatency(a: string, b: string, latency: Latency = defaultLatency): void {
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
        isAccepted: side === server,
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
