// The Network port of one run of a process on a simulated host: listening, dialling, names.
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
import type { Life } from "./life.ts";
import type { NetworkHost, OpenListener, SimNetwork } from "./sim-network.ts";

const everyInterface: ReadonlySet<string> = new Set(["", "0.0.0.0", "::"]);
/** A lost first packet of a connection is sent again after so long. */
const connectRetryMs = 1000;

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
    if (this.#network.link(this.#host, target).isBlocked) return;
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
    // The kernel accepts; a process that is frozen hears of it later.
    listener.life.while(() => {
      serverEnd.handOut();
      listener.onConnection(serverEnd);
    })();
    const established = this.#life.while(() => {
      if (this.#isOver) return;
      this.#isOver = true;
      this.#resolve(clientEnd);
      // Early bytes wait until the one who dialled has attached.
      this.#network.queue.after(0, () => clientEnd.handOut());
    });
    this.#send(target, this.#host, established);
  }

  #failWith(code: ErrnoCode): void {
    this.#fail(new SystemError(code, "connect"));
  }

  #fail(reason: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // The code of a crashed host is not told anything any more, that of a frozen one later.
    this.#life.while(() => this.#reject(reason))();
  }
}
