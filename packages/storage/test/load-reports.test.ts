// A whole storage and trackers that answer from a script: who is told how busy it is, how often, and what.
import { ClusterParameters, EXTENSION_KEY, LoadReport, RemovalList } from "@fastdfs-ts/protocol";
import { Deadlines, defaultStorageConfig, Logger, type LogRecord, type World } from "@fastdfs-ts/runtime";
import { SimWorld } from "@fastdfs-ts/simulation";
import { expect, it } from "vitest";

import { openStorage, type StorageServer } from "../src/storage-server.ts";
import { prepareEmptyMember } from "../src/store/prepare-empty-member.ts";
import { defaultClusterParameters } from "../src/tracker-link/cluster-parameters.ts";
import { LOAD_REPORT_MS } from "../src/tracker-link/load-reports.ts";
import { ScriptedTracker } from "./scripted-tracker.ts";
import { StoreClient } from "./store-client.ts";

const ME = "10.96.0.11";
const IDLE = {
  ...{ cpuPermille: 0, memoryPermille: 0, diskPermille: 0, networkPermille: 0 },
  ...{ diskBytesPerSecond: 0, networkBytesPerSecond: 0, tasks: 0, finishedTasks: 0, latencyMicros: 0 },
};

/** A storage that runs, and trackers that offer what is given for each; undefined is a C tracker. */
class Stage {
  readonly world = SimWorld.create("load reports");
  readonly host = this.world.host(ME);
  readonly records: LogRecord[] = [];
  readonly trackers: ScriptedTracker[];
  storage!: StorageServer;

  private constructor(offers: readonly (string | undefined)[]) {
    this.trackers = offers.map((offer, index) => {
      const tracker = new ScriptedTracker(this.world, `10.96.0.${index + 1}`);
      const extensions = new Map(offer === undefined ? [] : [[EXTENSION_KEY, offer]]);
      tracker.replies.parameters = () => ClusterParameters.encode({ ...defaultClusterParameters(), extensions });
      tracker.replies.getMyIp = () => Buffer.from(ME);
      tracker.replies.reportLoad = () => Buffer.alloc(0);
      if (offer === undefined) return tracker;
      tracker.replies.shareRemovals = () => RemovalList.encode({ removals: [] });
      tracker.replies.reportReplication = () => Buffer.alloc(0);
      return tracker;
    });
  }

  /** `change` is made to the world of the storage. */
  static async open(offers: readonly (string | undefined)[], change: Partial<World> = {}): Promise<Stage> {
    const stage = new Stage(offers);
    for (const tracker of stage.trackers) await tracker.start();
    const world = { ...stage.host.world, ...change };
    world.disk.makeDirectory("/fdfs");
    prepareEmptyMember(world.disk, "/fdfs", ["/fdfs"], 1000);
    const config = defaultStorageConfig({
      basePath: "/fdfs",
      groupName: "group1",
      port: 23000,
      trackerServers: stage.trackers.map((_, index) => ({ hosts: [`10.96.0.${index + 1}`], port: 22122 })),
      storePaths: [{ path: "/fdfs", readOnly: false }],
      subdirCountPerPath: 1,
    });
    const sink = { write: (record: LogRecord) => void stage.records.push(record), close() {} };
    const log = Logger.create({ sink, clock: world.clock, level: "info" });
    stage.storage = await stage.world.run(openStorage(config, world, { log }));
    await stage.world.run(stage.storage.links.firstJoin);
    return stage;
  }

  client(): Promise<StoreClient> {
    const { network, clock } = this.world.host("10.96.0.99").world;
    return this.world.run(StoreClient.dial(network, Deadlines.open(clock, 50), { host: ME, port: 23000 }));
  }

  reports(tracker = 0): LoadReport[] {
    return this.trackers[tracker]!.all("reportLoad").map(({ body }) => LoadReport.decode(body));
  }

  untilReports(count: number): Promise<void> {
    return this.world.runUntil(() => this.reports().length >= count);
  }
}

it("a tracker that chooses by load is told at once and then every two seconds", async () => {
  const stage = await Stage.open(["3"]);
  await stage.untilReports(4);
  const [first, ...later] = stage.reports();
  expect(first).toEqual({
    ...IDLE,
    intervalMs: 0,
    cpuPermille: -1,
    memoryPermille: -1,
    diskPermille: -1,
    networkPermille: -1,
  });
  for (const { intervalMs, ...report } of later) {
    expect(intervalMs).toBeGreaterThanOrEqual(LOAD_REPORT_MS);
    expect(intervalMs).toBeLessThan(LOAD_REPORT_MS + 500);
    expect(report).toEqual(IDLE);
  }
});

it("a report tells what the machine was busy with and what was done for clients", async () => {
  const stage = await Stage.open(["3"]);
  const client = await stage.client();
  await stage.untilReports(1);
  stage.host.load.set({
    processors: 0.4,
    memory: 0.3,
    disk: 0.2,
    diskBytesPerSecond: 5000,
    networkBytesPerSecond: 2000,
  });
  await stage.world.run(client.upload(Buffer.alloc(100)));
  await stage.world.run(client.upload(Buffer.alloc(200_000)));
  await stage.untilReports(3);
  const [, during, after] = stage.reports();
  expect(during!.finishedTasks + after!.finishedTasks).toBe(2);
  expect(after).toMatchObject({ cpuPermille: 400, memoryPermille: 300, diskPermille: 200, tasks: 0 });
  expect(after).toMatchObject({ diskBytesPerSecond: 5000, networkBytesPerSecond: 4000 });
});

it("a new connection begins anew", async () => {
  const stage = await Stage.open(["3"]);
  await stage.untilReports(2);
  stage.world.network.resetConnections(ME, "10.96.0.1");
  await stage.untilReports(4);
  expect(stage.reports().map(({ intervalMs }) => intervalMs > 0)).toEqual([false, true, false, true]);
});

it("C trackers and older ones of ours are never told", async () => {
  const stage = await Stage.open(["10", undefined, "1", "2", "what?"]);
  await stage.untilReports(20);
  expect(stage.trackers.map(({ joined }) => joined)).toEqual([1, 1, 1, 1, 1]);
  expect(stage.trackers.slice(1).flatMap(({ names }) => names)).not.toContain("reportLoad");
});

it("a tracker that refuses is told no more, and keeps its storage", async () => {
  const stage = await Stage.open(["3"]);
  stage.trackers[0]!.replies.reportLoad = () => 22;
  await stage.untilReports(1);
  const refusedFrom = stage.reports().length;
  await stage.world.runFor(60_000);
  expect(stage.reports().length).toBeLessThanOrEqual(refusedFrom + 1);
  expect(stage.trackers[0]!.joins()).toHaveLength(1);
  expect(stage.storage.links.states()[0]!.state).toBe("REPORTING");
  expect(stage.records.filter(({ message }) => message === "load-report.impossible")).toHaveLength(1);
});

it("counters that cannot be read cost no connection", async () => {
  const watch = () => () => {
    throw new Error("out of order");
  };
  const stage = await Stage.open(["3"], { system: { watch } });
  await stage.world.runFor(60_000);
  expect(stage.reports()).toEqual([]);
  expect(stage.trackers[0]!.joins()).toHaveLength(1);
  expect(stage.storage.links.states()[0]!.state).toBe("REPORTING");
});
