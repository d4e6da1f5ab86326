// A cluster in a simulated world: the real trackers, storages and clients, one host each, on virtual time.
import { type ClientOptions, FastDfsClient } from "@fastdfs-ts/client";
import {
  defaultStorageConfig,
  defaultTrackerConfig,
  type StorageConfig,
  type StorageIdEntry,
  type TrackerConfig,
} from "@fastdfs-ts/runtime";
import { openStorage, prepareEmptyMember, type StorageServer } from "@fastdfs-ts/storage";
import { openTracker, type TrackerServer } from "@fastdfs-ts/tracker";
import type { SimHost } from "./sim-host.ts";
import { type LogObserver, SimProcess } from "./sim-process.ts";
import { SimWorld } from "./sim-world.ts";

const trackerPort = 22122;
const storagePort = 23000;
export const basePath = "/fastdfs";
/** Members that the id list names for each group: those of the beginning and those who may be added. */
const listedMembersPerGroup = 9;
/** Short intervals, so that a story of some minutes sees many of them; the proportions are those of the samples. */
export const checkActiveMs = 12_000;
export const heartBeatMs = 3000;
export const statReportMs = 9000;

export interface SimClusterOptions {
  readonly seed: number | string;
  /** Default 1. */
  readonly trackers?: number;
  /** How many members each group has at the beginning: [3, 2] makes group1 and group2. Default [1]. */
  readonly groups?: readonly number[];
  /** Where each storage keeps its files, each on a disk of its own; the base path on the system's disk if not given. */
  readonly storePaths?: readonly string[];
  /** Whether storages have ids (storage_ids.conf), which their file names then carry, or go by their addresses. */
  readonly usesIds?: boolean;
  readonly storageConfig?: Partial<StorageConfig>;
  readonly trackerConfig?: Partial<TrackerConfig>;
}

export type SimTracker = SimProcess<TrackerServer>;

export interface SimMember {
  readonly groupName: string;
  /** What trackers call it: its id, or its address. */
  readonly id: string;
  readonly host: SimHost;
  readonly process: SimProcess<StorageServer>;
  readonly storePaths: readonly string[];
}

export class SimCluster {
  readonly world: SimWorld;
  readonly trackers: readonly SimTracker[];
  readonly #options: SimClusterOptions;
  readonly #storePaths: readonly string[];
  readonly #members: SimMember[] = [];
  readonly #removedMembers: SimMember[] = [];
  readonly #observers: LogObserver[] = [];
  readonly #membersEver: number[] = [];
  #clients = 0;

  private constructor(options: SimClusterOptions) {
    this.#options = options;
    this.#storePaths = options.storePaths ?? [basePath];
    this.world = SimWorld.create(options.seed);
    this.trackers = Array.from({ length: options.trackers ?? 1 }, (_, index) => this.#newTracker(index));
    for (const [group, size] of (options.groups ?? [1]).entries()) {
      this.#membersEver.push(0);
      for (let count = 0; count < size; count++) this.#prepare(this.#newMember(group));
    }
  }

  /** All hosts with empty disks, the first members prepared, nothing started. */
  static create(options: SimClusterOptions): SimCluster {
    return new SimCluster(options);
  }

  /** Starts the trackers, then the storages, and waits until all are in service. */
  static async start(options: SimClusterOptions): Promise<SimCluster> {
    const cluster = SimCluster.create(options);
    cluster.startAll();
    await cluster.untilInService();
    return cluster;
  }

  /** Members in the order in which they came; removed ones are not among them. */
  get members(): readonly SimMember[] {
    return this.#members;
  }

  /** Those too that were removed; what they did before is on the others. */
  get membersEver(): readonly SimMember[] {
    return [...this.#members, ...this.#removedMembers];
  }

  get groupNames(): readonly string[] {
    return this.#membersEver.map((_, index) => `group${index + 1}`);
  }

  /** Everything that is a process. */
  get processes(): readonly SimProcess[] {
    return [...this.trackers, ...this.#members.map(({ process }) => process)];
  }

  membersOf(groupName: string): readonly SimMember[] {
    return this.#members.filter((member) => member.groupName === groupName);
  }

  /** Calls `observer` with every record that a server logs from now on. */
  observeLogs(observer: LogObserver): void {
    this.#observers.push(observer);
  }

  startAll(): void {
    for (const process of this.processes) process.start();
  }

  /** Whether a group may have one more member: in id mode all that will ever come are listed. */
  canAddMember(groupName: string): boolean {
    return this.#membersEver[this.groupNames.indexOf(groupName)]! < listedMembersPerGroup;
  }

  /** A new, empty host joins a group. It is not started. */
  addMember(groupName: string): SimMember {
    return this.#newMember(this.groupNames.indexOf(groupName));
  }

  /** The host leaves the story. The trackers have to be told by an operator. */
  forgetMember(member: SimMember): void {
    this.#members.splice(this.#members.indexOf(member), 1);
    this.#removedMembers.push(member);
  }

  /** The machine of a member that is down gets another address, which the member goes by: not for members with ids. It is not started. */
  moveMember(member: SimMember, address: string): SimMember {
    const host = this.world.host(address, { disks: member.host.disks });
    const moved = this.#memberOn(host, member.groupName, address);
    this.#members.splice(this.#members.indexOf(member), 1, moved);
    return moved;
  }

  /** Lets time pass until every tracker sends clients to every storage. */
  async untilInService(limitMs?: number): Promise<void> {
    await this.world.runUntil(() => this.isInService, limitMs);
  }

  get isInService(): boolean {
    return this.#members.every((member) => this.isActiveEverywhere(member));
  }

  /** Whether a tracker that runs sends clients to the member. */
  isActiveSomewhere({ groupName, id }: SimMember): boolean {
    return this.trackers.some(({ server }) => server?.cluster.findGroup(groupName)?.find(id)?.status === "ACTIVE");
  }

  /** Whether every tracker runs and sends clients to the member. */
  isActiveEverywhere({ groupName, id }: SimMember): boolean {
    return this.trackers.every(({ server }) => server?.cluster.findGroup(groupName)?.find(id)?.status === "ACTIVE");
  }

  /** A client on a host of its own. */
  openClient(options: Partial<ClientOptions> = {}): FastDfsClient {
    const { world } = this.world.host(`10.0.200.${++this.#clients}`);
    return FastDfsClient.open({ trackers: this.#trackerAddresses, networkTimeoutMs: 2000, ...options }, world);
  }

  /** Stops everything in order. */
  async stop(): Promise<void> {
    for (const { process } of this.#members) await this.world.run(process.stop());
    for (const tracker of this.trackers) await this.world.run(tracker.stop());
  }

  get #trackerAddresses(): string[] {
    return Array.from({ length: this.#options.trackers ?? 1 }, (_, index) => `${trackerAddress(index)}:${trackerPort}`);
  }

  readonly #onLog: LogObserver = (host, record) => {
    for (const observer of this.#observers) observer(host, record);
  };

  #newTracker(index: number): SimTracker {
    const host = this.world.host(trackerAddress(index));
    host.world.disk.makeDirectory(basePath);
    const { usesIds = false, trackerConfig, groups = [1] } = this.#options;
    const config = defaultTrackerConfig({
      basePath,
      port: trackerPort,
      reservedSpace: { kind: "bytes", bytes: 1 },
      checkActiveIntervalMs: checkActiveMs,
      connectTimeoutMs: 2000,
      networkTimeoutMs: 5000,
      useStorageId: usesIds,
      idTypeInFileName: usesIds ? "id" : "ip",
      storageIds: usesIds ? groups.flatMap((_, group) => idEntries(group)) : [],
      ...trackerConfig,
    });
    return new SimProcess(this.world, host, (world, log) => openTracker(config, world, { log }), this.#onLog);
  }

  #newMember(group: number): SimMember {
    const index = this.#membersEver[group]!++;
    const address = storageAddress(group, index);
    const groupName = `group${group + 1}`;
    const mounts = this.#storePaths.filter((path) => path !== basePath);
    const host = this.world.host(address, { mounts });
    for (const path of [basePath, ...this.#storePaths]) host.world.disk.makeDirectory(path);
    // Made by an operator, some time ago.
    for (const mount of ["/", ...mounts]) host.world.disk.syncDirectory(mount);
    const member = this.#memberOn(
      host,
      groupName,
      this.#options.usesIds === true ? String(storageId(group, index)) : address,
    );
    this.#members.push(member);
    return member;
  }

  #memberOn(host: SimHost, groupName: string, id: string): SimMember {
    const config = defaultStorageConfig({
      basePath,
      groupName,
      port: storagePort,
      trackerServers: this.trackers.map(({ host: tracker }) => ({ hosts: [tracker.address], port: trackerPort })),
      subdirCountPerPath: 2,
      storePaths: this.#storePaths.map((path) => ({ path, readOnly: false })),
      heartBeatIntervalMs: heartBeatMs,
      statReportIntervalMs: statReportMs,
      connectTimeoutMs: 2000,
      networkTimeoutMs: 5000,
      ...this.#options.storageConfig,
    });
    const process = new SimProcess<StorageServer>(
      this.world,
      host,
      (world, log) => openStorage(config, world, { log }),
      this.#onLog,
    );
    return { groupName, id, host, process, storePaths: this.#storePaths };
  }

  /** The first members of a new group are complete from the beginning. */
  #prepare({ host, storePaths }: SimMember): void {
    const { disk, clock } = host.world;
    prepareEmptyMember(disk, basePath, storePaths, Math.floor(clock.now() / 1000));
  }
}

function trackerAddress(index: number): string {
  return `10.0.0.${index + 1}`;
}

function storageAddress(group: number, index: number): string {
  return `10.0.${group + 1}.${index + 1}`;
}

function storageId(group: number, index: number): number {
  return 100 * (group + 1) + index + 1;
}

function idEntries(group: number): StorageIdEntry[] {
  return Array.from({ length: listedMembersPerGroup }, (_, index) => ({
    id: storageId(group, index),
    groupName: `group${group + 1}`,
    hosts: [storageAddress(group, index)],
    port: storagePort,
    rwMode: "both",
  }));
}
