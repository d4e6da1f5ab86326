// A simulated machine: addresses, a disk, a wall clock, and one process at a time.
import type { World } from "@fastdfs-ts/runtime";
import { HostCrashed, Life } from "./life.ts";
import type { Prng } from "./prng.ts";
import { DiskDelays } from "./sim-disk-delays.ts";
import { DiskFaults } from "./sim-disk-faults.ts";
import type { DiskSize } from "./sim-disk-image.ts";
import { SimDisk } from "./sim-disk.ts";
import { SimDisks } from "./sim-disks.ts";
import { HostNetwork } from "./sim-host-network.ts";
import { SimLoad } from "./sim-load.ts";
import type { NetworkHost, SimNetwork } from "./sim-network.ts";
import { VirtualClock, type WallClock } from "./virtual-clock.ts";

/**
 * process   the process is killed: the disk keeps everything that was written, peers see a reset
 * power     the machine goes dark: the disk loses or tears what was not synced, peers hear nothing until it is back
 */
export type CrashKind = "process" | "power";

export interface SimHostOptions {
  /** Size of each disk. */
  readonly disk?: Partial<DiskSize>;
  /** Where disks beside the first one are mounted, such as "/disk0". */
  readonly mounts?: readonly string[];
  /** Those of a host that is gone, instead of empty ones. */
  readonly disks?: SimDisks;
}

const defaultDisk: DiskSize = { capacityBytes: 1 << 30, inodes: 1_000_000 };

export class SimHost {
  readonly address: string;
  /** What lies on the disks, for those who look from outside, change sizes, or replace them. */
  readonly disks: SimDisks;
  /** Lets calls of the disk fail. Cleared by nothing but its own functions. */
  readonly diskFaults = new DiskFaults();
  /** Lets calls of the disk take long, or hang. Ended by nothing but its own functions. */
  readonly diskDelays = new DiskDelays();
  /** How busy the machine says it is: idle, if nobody says otherwise. */
  readonly load: SimLoad;
  /** Change `startMs` to let the wall clock jump. */
  readonly wallClock: WallClock;
  readonly #network: SimNetwork;
  readonly #networkHost: NetworkHost;
  readonly #random: Prng;
  #life: Life;
  #world: World;
  #lives = 0;
  #powerCuts = 0;

  constructor(networkHost: NetworkHost, network: SimNetwork, random: Prng, startMs: number, options: SimHostOptions) {
    this.address = networkHost.name;
    this.wallClock = { startMs };
    this.#networkHost = networkHost;
    this.#network = network;
    this.#random = random;
    const { disk, mounts = [], disks } = options;
    this.disks = disks ?? new SimDisks({ ...defaultDisk, ...disk }, mounts, () => network.queue.nowMs);
    this.load = new SimLoad(() => network.queue.nowMs);
    this.#life = this.#newLife();
    this.#world = this.#newWorld();
  }

  /** The world of the process that runs now. After a crash and `restart` it is another one. */
  get world(): World {
    return this.#world;
  }

  get isUp(): boolean {
    return !this.#life.isOver;
  }

  /**
   * Ends the process. Its code stays where it is: its timers never fire, nobody calls it, and what it still tries throws
   * HostCrashed.
   */
  crash(kind: CrashKind): void {
    if (this.#life.isOver) return;
    this.#network.trace.record(this.address, `crash (${kind})`);
    this.#life.end();
    this.#networkHost.listeners.clear();
    if (kind === "process") {
      this.disks.loseProcess();
      this.#networkHost.resetConnections();
    } else {
      this.disks.losePower(this.#random.fork(`power cut ${this.#lives}`));
      this.#networkHost.isPowered = false;
      this.#powerCuts++;
    }
  }

  /** The disk call number `count` from now (1 is the next one) does not return: the host crashes in the middle of it. */
  crashAtDiskCall(count: number, kind: CrashKind): void {
    this.diskFaults.crashAtCall(count, () => {
      this.crash(kind);
      throw new HostCrashed(this.address);
    });
  }

  /** Powers the machine on if it is off, and gives the world for a new process. Crashes the old one if it still runs. */
  restart(): World {
    this.crash("process");
    this.#networkHost.isPowered = true;
    // After a power cut the peers learn only now that their connections are gone.
    this.#networkHost.resetConnections();
    this.#network.trace.record(this.address, "restart");
    this.#life = this.#newLife();
    this.#world = this.#newWorld();
    return this.#world;
  }

  /** Stops the process where it is: it is called by nobody, while its kernel still takes connections and bytes in. */
  freeze(): () => void {
    this.#network.trace.record(this.address, "freeze");
    const thaw = this.#life.freeze();
    return () => {
      this.#network.trace.record(this.address, "thaw");
      thaw();
    };
  }

  #newLife(): Life {
    return new Life(
      this.address,
      (callback) => void this.#network.queue.after(0, callback),
      () => this.#networkHost.thaw(),
    );
  }

  #newWorld(): World {
    const life = this.#life;
    const { queue, trace } = this.#network;
    const clock = new VirtualClock(queue, this.wallClock, life, () => this.diskDelays.stalledUntilMs);
    const random = this.#random.fork(`process ${++this.#lives}`);
    const disk = new SimDisk({
      disks: this.disks,
      faults: this.diskFaults,
      delays: this.diskDelays,
      life,
      queue,
      random: random.fork("disk"),
      trace,
      now: () => clock.now(),
    });
    const network = new HostNetwork(this.#network, this.#networkHost, life);
    return { clock, random, disk, network, system: this.load, bootId: `boot ${this.#powerCuts}` };
  }
}
