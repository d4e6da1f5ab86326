// A cluster of real processes, each on a machine of its own, that can be hurt and healed.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { binPath } from "../fdfs-process.ts";
import { openLoopback, openNetwork, type TestHost, type TestNetwork } from "./host-network.ts";
import { Load } from "./load.ts";
import { differences, readTree, type Tree } from "./member-trees.ts";

const TRACKER_PORT = 22122;
const STORAGE_PORT = 23000;
/** Longer than anything that is waited for takes on a slow machine. */
const PATIENCE_MS = 90_000;
const LOOK_MS = 250;
/** It is about processes, not about disks: making and removing tens of thousands of files must not take minutes. */
const MEMORY = "/dev/shm";

export interface LabOptions {
  readonly trackers: number;
  /** Members of each group at the start, by group name. */
  readonly groups: Readonly<Record<string, number>>;
  /** Machines for members that come later. */
  readonly spareHosts: number;
  /** Without cables: the clients may be in the process of the test. Default: namespaces where they can be made. */
  readonly isOnLoopback?: boolean;
  /** More lines of tracker.conf. */
  readonly trackerConf?: Readonly<Record<string, string | number>>;
  /** Options of Node for the storages. */
  readonly storageNodeOptions?: readonly string[];
}

interface ServerFacts {
  readonly kind: "tracker" | "storage";
  readonly host: TestHost;
  readonly folder: string;
  readonly groupName: string;
  readonly nodeOptions: readonly string[];
}

/** One server: its machine, its files, its process if it runs. */
export class LabServer {
  readonly kind: "tracker" | "storage";
  readonly host: TestHost;
  readonly folder: string;
  readonly groupName: string;
  readonly #nodeOptions: readonly string[];
  #child: ChildProcess | undefined;

  constructor(facts: ServerFacts, conf: string) {
    this.kind = facts.kind;
    this.host = facts.host;
    this.folder = facts.folder;
    this.groupName = facts.groupName;
    this.#nodeOptions = facts.nodeOptions;
    mkdirSync(this.folder, { recursive: true });
    writeFileSync(this.confPath, conf);
  }

  get confPath(): string {
    return join(this.folder, `${this.kind}.conf`);
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  get logPath(): string {
    return join(this.folder, "logs", this.kind === "tracker" ? "trackerd.log" : "storaged.log");
  }

  /** Starts the process and waits for its first words. */
  async start(): Promise<void> {
    const words = [...this.host.prefix, process.execPath, ...this.#nodeOptions, binPath, this.kind, this.confPath];
    const child = spawn(words[0]!, words.slice(1), { cwd: this.folder, stdio: ["ignore", "ignore", "pipe"] });
    this.#child = child;
    const ended = once(child, "close");
    const line = once(createInterface({ input: child.stderr }), "line");
    const first = await Promise.race([line.then(() => "up"), ended.then(() => "ended")]);
    if (first === "ended") throw new Error(`${this.kind} at ${this.host.address} did not start: ${this.logTail()}`);
  }

  /** Sends a signal and waits for the end. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    const ended = once(child, "close");
    child.kill("SIGCONT");
    child.kill(signal);
    await ended;
  }

  kill(): Promise<void> {
    return this.stop("SIGKILL");
  }

  pause(): void {
    this.#child?.kill("SIGSTOP");
  }

  resume(): void {
    this.#child?.kill("SIGCONT");
  }

  /** The disk with the files is replaced by an empty one; the process must not run. */
  loseFiles(): void {
    rmSync(join(this.folder, "store"), { recursive: true });
    mkdirSync(join(this.folder, "store"));
  }

  tree(): Tree {
    return readTree(join(this.folder, "store"));
  }

  /** What the process has cost so far, all threads; Linux only. The kernel counts in steps of 10 ms. */
  cpuMs(): number {
    const stat = readFileSync(`/proc/${this.#child!.pid!}/stat`, "latin1");
    const columns = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(columns[11]) + Number(columns[12])) * 10;
  }

  logTail(): string {
    try {
      return readFileSync(this.logPath, "utf8").split("\n").slice(-15).join("\n");
    } catch {
      return "(no log)";
    }
  }
}

/** What `fdfs monitor --json` says of a storage, as far as it is used here. */
interface StorageSeen {
  readonly storageId: string;
  readonly groupName: string;
  readonly statusName: string;
}

/** The part of `fdfs monitor --json` that is used here. */
interface ClusterSeen {
  readonly storages: readonly StorageSeen[];
  readonly explanation?: {
    readonly groups: readonly {
      readonly storages: readonly {
        readonly storageId: string;
        readonly progress?: { readonly doneBytes: number; readonly totalBytes: number };
      }[];
    }[];
  };
}

export class ClusterLab implements AsyncDisposable {
  readonly network: TestNetwork;
  readonly trackers: LabServer[] = [];
  readonly storages: LabServer[] = [];
  readonly #folder: string;
  readonly #options: LabOptions;
  readonly #loads: Load[] = [];

  private constructor(options: LabOptions) {
    this.#options = options;
    this.#folder = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), "fdfs-cluster-"));
    const members = Object.values(options.groups).reduce((sum, count) => sum + count, 0);
    const open = options.isOnLoopback === true ? openLoopback : openNetwork;
    this.network = open(options.trackers + members + options.spareHosts);
  }

  /** Starts all servers and waits until every storage is in service. */
  static async start(options: LabOptions): Promise<ClusterLab> {
    const lab = new ClusterLab(options);
    try {
      for (let at = 0; at < options.trackers; at++) lab.trackers.push(lab.#newTracker(at));
      await Promise.all(lab.trackers.map((tracker) => tracker.start()));
      for (const [groupName, count] of Object.entries(options.groups)) {
        for (let at = 0; at < count; at++) await lab.addStorage(groupName);
      }
      await lab.untilActive();
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
    return lab;
  }

  get trackerAddresses(): string[] {
    return this.#trackerHosts.map(({ address }) => `${address}:${TRACKER_PORT}`);
  }

  members(groupName: string): LabServer[] {
    return this.storages.filter((storage) => storage.groupName === groupName);
  }

  /** A new member of a group, on the next machine that is free. Does not wait until it is in service. */
  async addStorage(groupName: string): Promise<LabServer> {
    const host = this.network.hosts[this.#options.trackers + this.storages.length]!;
    const folder = join(this.#folder, `storage-${host.address}`);
    mkdirSync(join(folder, "store"), { recursive: true });
    const nodeOptions = this.#options.storageNodeOptions ?? [];
    const conf = this.#storageConf(host, folder, groupName);
    const storage = new LabServer({ kind: "storage", host, folder, groupName, nodeOptions }, conf);
    this.storages.push(storage);
    await storage.start();
    return storage;
  }

  startLoad(pauseMs: number): Load {
    const load = new Load(this.network.clientPrefix, this.trackerAddresses, pauseMs, this.#loads.length + 1);
    this.#loads.push(load);
    return load;
  }

  /** Runs `fdfs` where clients run; its standard output. Throws what it said if it failed. */
  fdfs(...words: string[]): string {
    const all = [...this.network.clientPrefix, process.execPath, binPath, ...words];
    const { status, stdout, stderr } = spawnSync(all[0]!, all.slice(1), { encoding: "utf8" });
    if (status !== 0) throw new Error(`fdfs ${words.join(" ")}: ${stderr}`);
    return stdout;
  }

  /** The cluster as one tracker sees it; by default the first that runs. */
  monitor(tracker = this.trackers.find(({ isRunning }) => isRunning)!): ClusterSeen {
    const address = `${tracker.host.address}:${TRACKER_PORT}`;
    return JSON.parse(this.fdfs("monitor", "--json", "--tracker", address)) as ClusterSeen;
  }

  /** Waits until every storage that runs is ACTIVE at every tracker that runs. */
  async untilActive(): Promise<void> {
    const wanted = this.storages.filter(({ isRunning }) => isRunning).map(({ host }) => host.address);
    await this.until("all storages are ACTIVE", () => {
      const seen = this.trackers.filter(({ isRunning }) => isRunning).map((tracker) => this.monitor(tracker));
      const missing = seen.flatMap(({ storages }) =>
        wanted.filter((id) => storages.find(({ storageId }) => storageId === id)?.statusName !== "ACTIVE"),
      );
      return missing.length === 0 ? undefined : `not ACTIVE: ${missing.join(", ")}`;
    });
  }

  /** Waits until all members of every group that run hold the same, byte for byte. */
  async untilEqual(): Promise<void> {
    for (const groupName of Object.keys(this.#options.groups)) {
      await this.until(`the members of ${groupName} hold the same`, () => {
        const trees = this.members(groupName)
          .filter(({ isRunning }) => isRunning)
          .map((storage) => storage.tree());
        const found = differences(trees);
        return found.length === 0 ? undefined : `${found.length} differ, such as\n${found.slice(0, 5).join("\n")}`;
      });
    }
  }

  /** Waits until `problem` finds none. Throws with the last one. */
  async until(what: string, problem: () => string | undefined, patienceMs = PATIENCE_MS): Promise<void> {
    const endMs = performance.now() + patienceMs;
    for (;;) {
      const found = tried(problem);
      if (found === undefined) return;
      if (performance.now() > endMs) {
        const logs = this.storages.map((storage) => `--- ${storage.host.address}\n${storage.logTail()}`).join("\n");
        throw new Error(`waited for: ${what}. ${found}\n${logs}`);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#loads.map((load) => load.stop()));
    await Promise.all([...this.storages, ...this.trackers].map((server) => server.kill()));
    this.network[Symbol.dispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #trackerHosts(): readonly TestHost[] {
    return this.network.hosts.slice(0, this.#options.trackers);
  }

  #newTracker(at: number): LabServer {
    const host = this.#trackerHosts[at]!;
    const folder = join(this.#folder, `tracker-${host.address}`);
    const conf = printConf({
      bind_addr: host.address,
      port: TRACKER_PORT,
      base_path: folder,
      store_lookup: 0,
      reserved_storage_space: "1MB",
      check_active_interval: 5,
      storage_sync_file_max_time: 5,
      ...this.#options.trackerConf,
    });
    return new LabServer({ kind: "tracker", host, folder, groupName: "", nodeOptions: [] }, conf);
  }

  #storageConf(host: TestHost, folder: string, groupName: string): string {
    return printConf({
      bind_addr: host.address,
      port: STORAGE_PORT,
      group_name: groupName,
      base_path: folder,
      store_path0: join(folder, "store"),
      subdir_count_per_path: 4,
      heart_beat_interval: 1,
      stat_report_interval: 1,
      sync_binlog_buff_interval: 1,
      network_timeout: 5,
      connect_timeout: 2,
      tracker_server: this.trackerAddresses,
    });
  }
}

/** A list becomes a line each. */
function printConf(values: Readonly<Record<string, string | number | readonly string[]>>): string {
  return Object.entries(values)
    .flatMap(([key, value]) => (typeof value === "object" ? value : [value]).map((one) => `${key} = ${one}\n`))
    .join("");
}

function tried(problem: () => string | undefined): string | undefined {
  try {
    return problem();
  } catch (error) {
    return String(error);
  }
}
