// A cluster in a simulated world: the real tracker, storage and client code, one host each, on virtual time.
import { FastDfsClient } from "@fastdfs-ts/client";
import { defaultStorageConfig, defaultTrackerConfig, Logger, type LogRecord, type LogSink } from "@fastdfs-ts/runtime";
import { openStorage, prepareEmptyMember, type StorageServer } from "@fastdfs-ts/storage";
import { openTracker, type TrackerServer } from "@fastdfs-ts/tracker";
import type { SimHost } from "./sim-host.ts";
import { SimWorld } from "./sim-world.ts";

const TRACKER_PORT = 22122;
const TRACKER_ADDRESS = "10.0.0.1";
const BASE_PATH = "/fastdfs";

export interface SimClusterOptions {
  readonly seed: number | string;
  /** Storages of group1. They do not replicate yet, so each is complete from the beginning. */
  readonly storages: number;
  /** Where each storage keeps its files; its base path if not given. */
  readonly storePaths?: readonly string[];
}

export class SimCluster {
  readonly world: SimWorld;
  readonly trackerHost: SimHost;
  readonly storageHosts: readonly SimHost[];
  private readonly storePaths: readonly string[];
  private tracker: TrackerServer | undefined;
  private readonly storages: (StorageServer | undefined)[] = [];
  private clients = 0;

  private constructor({ seed, storages, storePaths = [BASE_PATH] }: SimClusterOptions) {
    this.storePaths = storePaths;
    this.world = SimWorld.create(seed);
    this.trackerHost = this.world.host(TRACKER_ADDRESS);
    this.storageHosts = Array.from({ length: storages }, (_, index) => this.world.host(`10.0.1.${index + 1}`));
  }

  /** Starts the tracker, then the storages, and waits until all are in service. */
  static async start(options: SimClusterOptions): Promise<SimCluster> {
    const cluster = new SimCluster(options);
    await cluster.startTracker();
    for (const [index, { world }] of cluster.storageHosts.entries()) {
      for (const path of [BASE_PATH, ...cluster.storePaths]) world.disk.makeDirectory(path);
      prepareEmptyMember(world.disk, BASE_PATH, cluster.storePaths, Math.floor(world.clock.now() / 1000));
      await cluster.startStorage(index);
    }
    await cluster.untilInService();
    return cluster;
  }

  /** Starts the tracker's process, after a crash on what its disk holds. */
  async startTracker(): Promise<void> {
    const world =
      this.trackerHost.isUp && this.tracker === undefined ? this.trackerHost.world : this.trackerHost.restart();
    world.disk.makeDirectory(BASE_PATH);
    const config = defaultTrackerConfig({
      basePath: BASE_PATH,
      port: TRACKER_PORT,
      downloadStorageChoice: "source-first",
      reservedSpace: { kind: "bytes", bytes: 1 },
    });
    this.tracker = await this.world.run(openTracker(config, world, { log: this.logOf(this.trackerHost) }));
  }

  /** Starts a storage's process, after a crash on what its disk holds. */
  async startStorage(index: number): Promise<void> {
    const host = this.storageHosts[index]!;
    const world = host.isUp && this.storages[index] === undefined ? host.world : host.restart();
    const config = defaultStorageConfig({
      basePath: BASE_PATH,
      groupName: "group1",
      trackerServers: [{ hosts: [TRACKER_ADDRESS], port: TRACKER_PORT }],
      subdirCountPerPath: 2,
      storePaths: this.storePaths.map((path) => ({ path, readOnly: false })),
      heartBeatIntervalMs: 1000,
      statReportIntervalMs: 5000,
    });
    this.storages[index] = await this.world.run(openStorage(config, world, { log: this.logOf(host) }));
  }

  /** Lets time pass until the tracker sends clients to every storage. */
  async untilInService(): Promise<void> {
    await this.world.runUntil(() => {
      const members = this.tracker?.cluster.groups[0]?.members ?? [];
      return members.length === this.storageHosts.length && members.every(({ status }) => status === "ACTIVE");
    });
  }

  /** A client on a host of its own. */
  openClient(): FastDfsClient {
    const { world } = this.world.host(`10.0.2.${++this.clients}`);
    return FastDfsClient.open({ trackers: [`${TRACKER_ADDRESS}:${TRACKER_PORT}`], networkTimeoutMs: 2000 }, world);
  }

  /** Stops everything in order. */
  async stop(): Promise<void> {
    for (const storage of this.storages) if (storage !== undefined) await this.world.run(storage.stop());
    if (this.tracker !== undefined) await this.world.run(this.tracker.stop());
  }

  /** What servers log is part of the trace: two equal runs log equally. */
  private logOf(host: SimHost): Logger {
    const sink: LogSink = {
      write: ({ level, message, fields }: LogRecord) =>
        this.world.trace.record(host.address, `${level} ${message} ${JSON.stringify(fields)}`),
      close() {},
    };
    return Logger.create({ sink, clock: host.world.clock, level: "info" });
  }
}
