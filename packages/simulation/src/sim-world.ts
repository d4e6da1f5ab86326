// A simulated world: hosts with clocks, disks and a network between them, in one process, on virtual time, from one seed.
import { EventQueue } from "./event-queue.ts";
import { Prng } from "./prng.ts";
import { SimHost, type SimHostOptions } from "./sim-host.ts";
import { SimNetwork } from "./sim-network.ts";
import { Trace } from "./trace.ts";

/** Wall clock at the beginning, unless a host's own is changed: 2023-11-14 22:13:20 UTC. */
const startMs = 1_700_000_000_000;
const limitMsDefault = 3_600_000;

export class SimWorld {
  readonly seed: number | string;
  /** For what the test itself decides by chance. */
  readonly random: Prng;
  readonly trace: Trace;
  /** Latency, partitions, resets, names. */
  readonly network: SimNetwork;
  readonly #queue: EventQueue;
  readonly #root: Prng;
  readonly #hosts = new Map<string, SimHost>();

  private constructor(seed: number | string) {
    this.seed = seed;
    this.#root = Prng.fromSeed(seed);
    this.#queue = new EventQueue();
    this.random = this.#root.fork("test");
    this.trace = new Trace(this.#queue);
    this.network = new SimNetwork(this.#queue, this.#root.fork("network"), this.trace);
  }

  /** The same seed and the same code give the same run. */
  static create(seed: number | string): SimWorld {
    return new SimWorld(seed);
  }

  /** Milliseconds of virtual time since the beginning. */
  get nowMs(): number {
    return this.#queue.nowMs;
  }

  /** The host with this address; it is made the first time, with further addresses if an array is given. */
  host(addresses: string | readonly [string, ...string[]], options: SimHostOptions = {}): SimHost {
    const all = typeof addresses === "string" ? ([addresses] as const) : addresses;
    const known = this.#hosts.get(all[0]);
    if (known) return known;
    const random = this.#root.fork(`host ${all[0]}`);
    const host = new SimHost(this.network.addHost(all), this.network, random, startMs, options);
    for (const address of all) this.#hosts.set(address, host);
    return host;
  }

  /** Lets time pass until `condition` holds. Throws if it can't, or does not within `limitMs` of virtual time. */
  readonly runUntil = (condition: () => boolean, limitMs = limitMsDefault): Promise<void> =>
    this.#queue.runUntil(condition, limitMs);

  /** Calls `callback` in `delayMs` of virtual time, whatever became of the hosts by then. */
  after(delayMs: number, callback: () => void): void {
    this.#queue.after(delayMs, callback);
  }

  /** Events that happened so far: a measure of how busy everybody is. */
  get events(): number {
    return this.#queue.eventCount;
  }

  /** Lets `durationMs` pass. */
  runFor(durationMs: number): Promise<void> {
    return this.#queue.runFor(durationMs);
  }

  /** Lets time pass until `work` is settled, and passes its result or failure on. */
  async run<T>(work: Promise<T>, limitMs = limitMsDefault): Promise<T> {
    let isSettled = false;
    const note = () => {
      isSettled = true;
    };
    work.then(note, note);
    await this.runUntil(() => isSettled, limitMs);
    return work;
  }
}
