// A whole tracker in a simulated world: listening, timers, state files, stop, crash and restart.
import { readFileSync } from "node:fs";

import {
  type FdfsError,
  type JoinRequest,
  type StorageStatus,
  storageStatusOf,
  trackerCommands,
} from "@fastdfs-ts/protocol";
import { RpcConnection } from "@fastdfs-ts/rpc";
import {
  AllowHosts,
  Deadlines,
  defaultTrackerConfig,
  Logger,
  type LogRecord,
  type TrackerConfig,
} from "@fastdfs-ts/runtime";
import { type SimHost, SimWorld } from "@fastdfs-ts/simulation";
import { describe, expect, it } from "vitest";

import { openTracker, type TrackerServer } from "../src/index.ts";

const TRACKER = "10.98.0.1";
const STORAGE = "10.98.0.11";
const options = { timeoutMs: 5000 };

class World {
  readonly sim: SimWorld;
  readonly records: LogRecord[] = [];
  private readonly overrides: Partial<TrackerConfig>;

  constructor(overrides: Partial<TrackerConfig> = {}, seed = 1) {
    this.sim = SimWorld.create(seed);
    this.overrides = overrides;
    const { disk } = this.host.world;
    disk.makeDirectory("/tracker");
    disk.syncDirectory("/");
  }

  get host(): SimHost {
    return this.sim.host(TRACKER);
  }

  /** Starts a tracker on the host as it is now. */
  start(): Promise<TrackerServer> {
    const { world } = this.host;
    const sink = { write: (record: LogRecord) => this.records.push(record), close() {} };
    const log = Logger.create({ sink, clock: world.clock, level: "info" });
    const config = defaultTrackerConfig({ basePath: "/tracker", ...this.overrides });
    return this.sim.run(openTracker(config, world, { log }));
  }

  connect(from: string): Promise<RpcConnection> {
    const { network, clock } = this.sim.host(from).world;
    const deadlines = Deadlines.open(clock, 100);
    return this.sim.run(
      RpcConnection.dial(network, { host: TRACKER, port: 22122 }, { connectTimeoutMs: 5000, deadlines }),
    );
  }

  /** A storage that joins an empty group and is ACTIVE. */
  async storage(ip = STORAGE): Promise<RpcConnection> {
    const connection = await this.connect(ip);
    await this.sim.run(connection.call(trackerCommands.join, joinRequest(), options));
    await this.sim.run(connection.call(trackerCommands.syncDestinationRequest, {}, options));
    const report = { storePaths: [{ totalMib: 10_000, freeMib: 5000 }] };
    await this.sim.run(connection.call(trackerCommands.diskReport, report, options));
    return connection;
  }

  async statuses(): Promise<(StorageStatus | undefined)[]> {
    const client = await this.connect("10.98.0.100");
    const request = { groupName: "group1", storageId: "" };
    const { storages } = await this.sim.run(client.call(trackerCommands.listStorages, request, options));
    return storages.map(({ status }) => storageStatusOf(status));
  }

  get events(): string[] {
    return this.records.map(({ message }) => message);
  }
}

function joinRequest(): JoinRequest {
  return {
    groupName: "group1",
    storagePort: 23000,
    storePathCount: 1,
    subdirCountPerPath: 256,
    uploadPriority: 10,
    joinTimeSeconds: 1,
    upTimeSeconds: 1,
    version: "6.16.1",
    isInitialSyncPending: true,
    status: -1,
    storageId: "",
    trackerIp: TRACKER,
    trackers: [`${TRACKER}:22122`],
  };
}

describe("a tracker", () => {
  it("serves, stops, and knows everything after a restart", async () => {
    const world = new World();
    const tracker = await world.start();
    expect(tracker.local.port).toBe(22122);
    await world.storage();
    expect(await world.statuses()).toEqual(["ACTIVE"]);
    const client = await world.connect("10.98.0.100");
    const target = await world.sim.run(client.call(trackerCommands.queryStoreAny, {}, options));
    expect(target).toMatchObject({ groupName: "group1", storageIp: STORAGE, storagePort: 23000 });
    const { leader } = await world.sim.run(client.call(trackerCommands.getLeader, {}, options));
    expect(leader).toBe("10.98.0.1:22122");

    await world.sim.run(tracker.stop());
    await world.sim.run(tracker.stop());
    const again = await world.start();
    expect(await world.statuses()).toEqual(["OFFLINE"]);
    await world.sim.run(again.stop());
    expect(world.events.filter((event) => event === "tracker.started").length).toBe(2);
  });

  it.each(["process", "power"] as const)("that crashed (%s) has lost no member that had joined", async (kind) => {
    const world = new World();
    await world.start();
    await world.storage();
    // The answer to a join does not wait for the disk, the next moment does.
    await world.sim.runFor(100);
    world.host.crash(kind);
    world.host.restart();
    await world.start();
    expect(await world.statuses()).toEqual(["OFFLINE"]);
    expect(world.events).not.toContain("state-file.damaged");
  });

  it.each(["process", "power"] as const)("that crashed (%s) keeps a confirmed deletion", async (kind) => {
    const world = new World();
    await world.start();
    const storage = await world.storage();
    storage.end();
    await world.sim.runFor(100);
    const admin = await world.connect("10.98.0.100");
    const request = { groupName: "group1", storageId: STORAGE };
    await world.sim.run(admin.call(trackerCommands.deleteStorage, request, options));
    world.host.crash(kind);
    world.host.restart();
    await world.start();
    expect(await world.statuses()).toEqual([]);
    const log = world.host.world.disk.readFile("/tracker/data/storage_changelog.dat").toString();
    expect(log).toMatch(/^\d+ group1 10\.98\.0\.11 4 \n$/);
  });

  it("notices silence, and forgets it with the next heartbeat", async () => {
    const world = new World({ checkActiveIntervalMs: 20_000 });
    await world.start();
    const storage = await world.storage();
    await world.sim.runFor(15_000);
    expect(await world.statuses()).toEqual(["ACTIVE"]);
    await world.sim.runFor(30_000);
    expect(await world.statuses()).toEqual(["OFFLINE"]);
    await world.sim.run(storage.call(trackerCommands.heartbeat, { statistics: undefined }, options));
    expect(await world.statuses()).toEqual(["ACTIVE"]);
  });

  it("does not take a jump of the wall clock for silence", async () => {
    const world = new World({ checkActiveIntervalMs: 20_000 });
    await world.start();
    const storage = await world.storage();
    world.host.wallClock.startMs += 3_600_000;
    await world.sim.runFor(15_000);
    await world.sim.run(storage.call(trackerCommands.heartbeat, { statistics: undefined }, options));
    world.host.wallClock.startMs += 3_600_000;
    await world.sim.runFor(10_000);
    expect(await world.statuses()).toEqual(["ACTIVE"]);
  });

  it("takes a storage out of service at once when its connection closes", async () => {
    const world = new World();
    await world.start();
    const storage = await world.storage();
    storage.end();
    await world.sim.runFor(100);
    expect(await world.statuses()).toEqual(["OFFLINE"]);
    const changes = world.records.filter(({ message }) => message === "storage.status").map(({ fields }) => fields);
    expect(changes.at(-1)).toMatchObject({
      group: "group1",
      storage: STORAGE,
      from: "ACTIVE",
      to: "OFFLINE",
      reason: "its connection closed",
    });
  });

  it("leads again a moment after it was told to step down", async () => {
    const world = new World();
    await world.start();
    await world.storage();
    const client = await world.connect("10.98.0.100");
    await world.sim.run(client.call(trackerCommands.reselectLeader, {}, options));
    const ask = () => world.sim.run(client.call(trackerCommands.getLeader, {}, options));
    await expect(ask()).rejects.toMatchObject({ kind: "NOT_FOUND" });
    await world.sim.runFor(1500);
    expect((await ask()).leader).toBe("10.98.0.1:22122");
  });

  it("records that it runs, so that the next run knows how long it was down", async () => {
    const world = new World();
    const tracker = await world.start();
    await world.storage();
    await world.sim.run(tracker.stop());
    await world.sim.runFor(1_000_000);
    await world.start();
    await world.sim.runFor(700_000);
    const client = await world.connect("10.98.0.100");
    const status = await world.sim.run(client.call(trackerCommands.trackerStatus, {}, options));
    expect(status).toEqual({ isLeader: false, runningSeconds: 600, restartIntervalSeconds: 900 });
  });

  it("lets only allowed hosts in", async () => {
    const world = new World({ allowHosts: AllowHosts.parse(["10.98.0.11"]).allowHosts });
    await world.start();
    await world.storage();
    const stranger = await world.connect("10.98.0.66");
    await expect(world.sim.run(stranger.call(trackerCommands.queryStoreAny, {}, options))).rejects.toMatchObject({
      kind: "CONNECTION_LOST",
    });
    expect(world.events).toContain("connection.host-not-allowed");
  });

  it("does not confirm a deletion that it cannot write, and says so", async () => {
    const world = new World();
    await world.start();
    const storage = await world.storage();
    storage.end();
    await world.sim.runFor(100);
    const heal = world.host.diskFaults.inject({ code: "ENOSPC", operations: ["write"] });
    const admin = await world.connect("10.98.0.100");
    const request = { groupName: "group1", storageId: STORAGE };
    const remove = () => world.sim.run(admin.call(trackerCommands.deleteStorage, request, options));
    await expect(remove()).rejects.toMatchObject({ kind: "NO_SPACE" } satisfies Partial<FdfsError>);
    heal();
    await remove();
    expect(await world.statuses()).toEqual(["DELETED"]);
  });
});

describe("the files of a C tracker", () => {
  function copyFixtures(world: World, change: (name: string, text: string) => string = (_name, text) => text): void {
    const { disk } = world.host.world;
    disk.makeDirectory("/tracker/data");
    const names = ["groups_new", "servers_new", "sync_timestamp", "changelog"].map((name) => `storage_${name}.dat`);
    for (const name of names) {
      const text = readFileSync(new URL(`./fixtures/plain/${name}`, import.meta.url), "latin1");
      const content = Buffer.from(change(name, text), "latin1");
      const file = disk.open(`/tracker/data/${name}`, "replace");
      file.write(content, 0, content.length, 0);
      file.close();
    }
  }

  it("are taken over and given back unchanged", async () => {
    const world = new World();
    copyFixtures(world);
    const { disk } = world.host.world;
    const read = () =>
      ["groups_new", "servers_new", "sync_timestamp"].map((name) =>
        disk.readFile(`/tracker/data/storage_${name}.dat`).toString(),
      );
    const before = read();
    const tracker = await world.start();
    expect(await world.statuses()).toEqual(["OFFLINE", "OFFLINE"]);
    const client = await world.connect("10.98.0.100");
    const group = await world.sim.run(client.call(trackerCommands.listOneGroup, { groupName: "group1" }, options));
    expect(group).toMatchObject({ storageCount: 2, storePathCount: 2, subdirCountPerPath: 256 });
    await world.sim.run(tracker.stop());
    expect(read()).toEqual(before);
    expect(world.events).toEqual(["tracker.started"]);
  });

  it("that are damaged cost what is damaged, and the log says what", async () => {
    const world = new World();
    copyFixtures(world, (name, text) => (name.includes("servers") ? text.slice(0, text.length / 2 + 100) : text));
    await world.start();
    expect(await world.statuses()).toContain("OFFLINE");
    const damage = world.records.find(({ message }) => message === "state-file.damaged");
    expect(damage?.fields).toMatchObject({
      file: "/tracker/data/storage_servers_new.dat",
      keptAs: "/tracker/data/storage_servers_new.dat.damaged",
    });
  });
});
