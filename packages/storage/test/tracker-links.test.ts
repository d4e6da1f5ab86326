// The life of the links to trackers, on virtual time: joins compared with those of C storages, beats, refusals, losses.
import { readFileSync } from "node:fs";

import {
  ChangeList,
  ClusterParameters,
  EXTENSION_KEY,
  JoinRequest,
  type PeerReplication,
  RemovalList,
  RemovalNotice,
  ReplicationReport,
  StatisticsBlock,
  SyncDescriptor,
  type SyncStamp,
  trackerCommands,
} from "@fastdfs-ts/protocol";
import { TaskCounts } from "@fastdfs-ts/rpc";
import { Deadlines, Logger, type LogRecord, printServerAddress } from "@fastdfs-ts/runtime";
import { SimWorld } from "@fastdfs-ts/simulation";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { DataInitFile } from "../src/formats/data-init-file.ts";
import type { DataInitFlag } from "../src/formats/data-init-flag.ts";
import { storageIdentity } from "../src/identity.ts";
import { LoadMeter } from "../src/load/load-meter.ts";
import { StorageStatistics } from "../src/stats.ts";
import type { ChangelogEntry } from "../src/tracker-link/changelog.ts";
import { defaultClusterParameters } from "../src/tracker-link/cluster-parameters.ts";
import { OwnRemoval } from "../src/tracker-link/own-removal.ts";
import { resolveTrackers } from "../src/tracker-link/tracker-address.ts";
import { TrackerLinks, type TrackerLinksOptions } from "../src/tracker-link/tracker-links.ts";
import { brief, joinAnswer, leaderAt, nothingChanged, type Reply, ScriptedTracker } from "./scripted-tracker.ts";

const H = 30_000;
const R = 300_000;
const ME = "10.96.0.11";

/** The parameters of a tracker of ours. */
const offer = () =>
  ClusterParameters.encode({ ...defaultClusterParameters(), extensions: new Map([[EXTENSION_KEY, "1"]]) });

interface StageOptions {
  readonly trackers?: readonly string[];
  readonly flag?: Partial<DataInitFlag>;
  readonly options?: Partial<TrackerLinksOptions>;
}

/** One storage and its trackers, which are not started yet. */
class Stage {
  readonly world = SimWorld.create("links");
  readonly host = this.world.host(ME);
  readonly statistics = new StorageStatistics();
  readonly tasks = new TaskCounts();
  readonly records: LogRecord[] = [];
  readonly changelog: ChangelogEntry[] = [];
  readonly initFile: DataInitFile;
  readonly trackers: ScriptedTracker[];
  links!: TrackerLinks;
  private readonly options: StageOptions;

  constructor(options: StageOptions = {}) {
    this.options = options;
    this.trackers = this.addresses.map((address) => new ScriptedTracker(this.world, address));
    const { disk } = this.host.world;
    disk.makeDirectory("/fdfs/data");
    this.initFile = DataInitFile.open(disk, "/fdfs", 1000);
    this.initFile.update(options.flag ?? {});
  }

  get addresses(): readonly string[] {
    return this.options.trackers ?? ["10.96.0.1"];
  }

  get tracker(): ScriptedTracker {
    return this.trackers[0]!;
  }

  async startTrackers(): Promise<this> {
    for (const tracker of this.trackers) await tracker.start();
    return this;
  }

  async startLinks(): Promise<TrackerLinks> {
    const { world } = this.host;
    const log = Logger.create({
      sink: { write: (record) => void this.records.push(record), close() {} },
      clock: world.clock,
      level: "debug",
    });
    const servers = this.addresses.map((address) => ({ hosts: [address], port: 22122 }));
    this.links = TrackerLinks.start({
      world,
      deadlines: Deadlines.open(world.clock, 100),
      config: {
        connectTimeoutMs: 5000,
        networkTimeoutMs: 10_000,
        heartBeatIntervalMs: H,
        statReportIntervalMs: R,
        subdirCountPerPath: 256,
        uploadPriority: 10,
        storePaths: { length: 1 },
      },
      identity: storageIdentity({ groupName: "group1", addresses: [ME], port: 23000, idTypeInFileName: "ip" }),
      parameters: { ...defaultClusterParameters(), storageIpChangedAutoAdjust: true },
      trackers: await this.world.run(resolveTrackers(world.network, servers)),
      initFile: this.initFile,
      statistics: this.statistics,
      connections: () => ({ allocated: 1, current: 1, maximum: 1 }),
      diskSpaces: () => [{ totalMib: 100, freeMib: 40 }],
      log,
      load: new LoadMeter(world.clock, world.system.watch(["/fdfs"]), this.tasks),
      removal: OwnRemoval.open({
        disk: world.disk,
        basePath: "/fdfs",
        groupName: "group1",
        storageId: ME,
        joinTimeSeconds: this.initFile.flag.joinTimeSeconds,
        log,
      }),
      version: "6.16.1",
      upTimeSeconds: 2000,
      onChangelog: (entry) => void this.changelog.push(entry),
      ...this.options.options,
    });
    return this.links;
  }

  /** Trackers and links, until the first tracker is joined. */
  async begin(): Promise<this> {
    await this.startTrackers();
    await this.startLinks();
    await this.world.run(this.links.firstJoin);
    return this;
  }

  until(condition: () => boolean): Promise<void> {
    return this.world.runUntil(condition);
  }

  state(index = 0) {
    return this.links.states()[index]!;
  }

  events(name: string): LogRecord[] {
    return this.records.filter(({ message }) => message === name);
  }
}

describe("joins of C storages", () => {
  interface Recorded {
    readonly name: string;
    readonly request: { readonly hex: string };
  }
  const vectors = new URL("../../protocol/vectors/wire/storage-tracker.json", import.meta.url);
  const recorded = JSON.parse(readFileSync(vectors, "utf8")) as Recorded[];
  const bodyOf = (name: string): Buffer =>
    Buffer.from(recorded.find((record) => record.name === name)!.request.hex, "hex").subarray(10);

  it.each([
    "start_first_join",
    "start_second_join",
    "join_two_paths",
    "two_join",
    "two_rejoin_wiped",
    "restart_join",
    "ip_change_join",
    "ids_join",
  ])("%s is sent byte for byte", async (name) => {
    const body = bodyOf(name);
    const join = JoinRequest.decode(body);
    const hosts = join.trackers.map((line) => line.split(":")[0]!);
    const identity = storageIdentity({
      groupName: join.groupName,
      addresses: [ME],
      port: join.storagePort,
      numericId: join.storageId === "" ? undefined : join.storageId,
      idTypeInFileName: "ip",
    });
    const stage = new Stage({
      trackers: hosts,
      flag: { joinTimeSeconds: join.joinTimeSeconds, isSyncOldDone: !join.isInitialSyncPending },
      options: {
        identity,
        upTimeSeconds: join.upTimeSeconds,
        config: {
          connectTimeoutMs: 5000,
          networkTimeoutMs: 10_000,
          heartBeatIntervalMs: H,
          statReportIntervalMs: R,
          storePaths: { length: join.storePathCount },
          subdirCountPerPath: join.subdirCountPerPath,
          uploadPriority: join.uploadPriority,
        },
      },
    });
    const asked = stage.trackers[hosts.indexOf(join.trackerIp)]!;
    if (name === "two_rejoin_wiped") {
      // A tracker with empty data does not believe a storage that has not asked everybody yet.
      asked.replies.join = (request) => (JoinRequest.decode(request.body).status === -1 ? 14 : joinAnswer(6));
    }
    await stage.startTrackers();
    await stage.startLinks();
    await stage.until(() => asked.all("syncNotify").length > 0);
    expect(asked.all("join").at(-1)!.body.toString("hex")).toBe(body.toString("hex"));
  });

  it("the first storage says what C says, in its order", async () => {
    const stage = await new Stage().begin();
    await stage.until(() => stage.tracker.names.includes("diskReport"));
    // What C does not ask: whether the tracker has extensions of ours.
    expect(stage.tracker.names).toEqual([
      "parameters",
      "join",
      "syncDestinationRequest",
      "syncNotify",
      "heartbeat",
      "changelog",
      "diskReport",
    ]);
    expect(stage.tracker.all("syncNotify")[0]!.body).toEqual(bodyOf("start_first_sync_notify"));
    expect(stage.tracker.all("heartbeat")[0]!.body).toHaveLength(bodyOf("start_first_beat_with_stat").length);
    expect(stage.initFile.flag).toMatchObject({ isSyncOldDone: true, syncSourceId: "" });
    expect(stage.state()).toMatchObject({ state: "REPORTING", statusThere: "ACTIVE", reason: "in service" });
  });

  it.each([
    { sourceStorageId: "10.0.0.1\nx=1", untilSeconds: 1 },
    { sourceStorageId: "../../etc", untilSeconds: 1 },
    { sourceStorageId: "10.0.0.1", untilSeconds: 2 ** 60 },
    { sourceStorageId: "10.0.0.1", untilSeconds: -5 },
  ])("a source like %o is not written down", async (source) => {
    const stage = await new Stage().startTrackers();
    const replies = [SyncDescriptor.encode(source)];
    stage.tracker.replies.syncDestinationRequest = () => replies.shift() ?? Buffer.alloc(0);
    await stage.startLinks();
    await stage.until(() => stage.state().lastError?.kind === "BAD_ANSWER");
    expect(stage.initFile.flag.isSyncOldDone).toBe(false);
    await stage.world.run(stage.links.firstJoin);
  });

  it("the second storage confirms the source it was given", async () => {
    const stage = new Stage();
    const descriptor = Buffer.from("31302e39362e302e3131000000000000000000006b02694a", "hex");
    stage.tracker.replies.syncDestinationRequest = () => descriptor;
    await stage.begin();
    expect(stage.tracker.all("syncNotify")[0]!.body).toEqual(bodyOf("start_second_sync_notify"));
    expect(stage.initFile.flag).toMatchObject({ isSyncOldDone: true, syncSourceId: "10.96.0.11" });
  });
});

describe("a tracker of ours", () => {
  const removal = { storageId: ME, joinSeconds: 1000, removedSeconds: 5000, returnedSeconds: 0 };
  const peer = (pendingBytes: number): PeerReplication => ({
    storageId: "10.96.0.12",
    state: 3,
    confirmedSeconds: 900,
    pendingBytes,
    backfillBytes: 0,
    backfillDoneBytes: 0,
    parkedRecords: 0,
    sinceSeconds: 800,
    reason: "",
  });

  function extended(options: StageOptions = {}): Stage {
    const stage = new Stage(options);
    for (const tracker of stage.trackers) {
      tracker.replies.parameters = offer;
      tracker.replies.shareRemovals = () => RemovalList.encode({ removals: [] });
      tracker.replies.reportReplication = () => Buffer.alloc(0);
    }
    return stage;
  }

  it("is told how far peers are fed: before the first beat, with beats when it changed, and at once when asked to", async () => {
    let pendingBytes = 7;
    const stage = extended({ options: { replicationReport: () => ({ peers: [peer(pendingBytes)] }) } });
    await stage.begin();
    await stage.until(() => stage.tracker.all("heartbeat").length === 1);
    const { names } = stage.tracker;
    expect(names.indexOf("reportReplication")).toBeLessThan(names.indexOf("heartbeat"));
    const reports = () => stage.tracker.all("reportReplication");
    await stage.until(() => stage.tracker.all("heartbeat").length === 4);
    expect(reports().length).toBe(1);
    pendingBytes = 0;
    stage.links.reportSoon();
    const askedAtMs = stage.world.nowMs;
    await stage.until(() => reports().length === 2);
    expect(stage.world.nowMs - askedAtMs).toBeLessThan(1000);
    expect(ReplicationReport.decode(reports()[1]!.body).peers).toEqual([peer(0)]);
    await stage.until(() => stage.tracker.all("heartbeat").length === 6);
    expect(reports().length).toBe(2);
  });

  it("that has no such extension is not told", async () => {
    const stage = await new Stage({ options: { replicationReport: () => ({ peers: [peer(1)] }) } }).begin();
    await stage.until(() => stage.tracker.all("heartbeat").length === 2);
    expect(stage.tracker.names).not.toContain("reportReplication");
    expect(stage.tracker.names).not.toContain("shareRemovals");
  });

  it("keeps a removed storage from joining any tracker, also after a restart", async () => {
    const stage = extended({ trackers: ["10.96.0.1", "10.96.0.2"] });
    stage.trackers[0]!.replies.shareRemovals = () => RemovalList.encode({ removals: [removal] });
    // The other one is a C server that knows nothing of it.
    stage.trackers[1]!.replies.parameters = () => 22;
    await stage.startTrackers();
    await stage.startLinks();
    await stage.until(() => stage.links.states().every(({ lastError }) => lastError?.kind === "NOT_ACTIVE"));
    expect(stage.state().reason).toMatch(/an administrator removed storage 10.96.0.11 from group1.*--rejoin/);
    expect(stage.trackers[0]!.names).not.toContain("join");
    await stage.until(() => stage.trackers[1]!.joined === 0);
    const log = stage.events("storage.removed");
    expect(log.map(({ level }) => level)).toEqual(["error"]);
    const again = OwnRemoval.open({
      disk: stage.host.world.disk,
      basePath: "/fdfs",
      groupName: "group1",
      storageId: ME,
      joinTimeSeconds: 1000,
      log: Logger.create({ sink: { write() {}, close() {} }, clock: stage.host.world.clock, level: "error" }),
    });
    expect(again.isRemoved).toBe(true);
  });

  it("tells a storage of the removal while it is joined", async () => {
    const stage = await extended().begin();
    await stage.until(() => stage.tracker.all("heartbeat").length === 2);
    stage.tracker.replies.shareRemovals = () => RemovalList.encode({ removals: [removal] });
    await stage.until(() => stage.tracker.joined === 0);
    expect(stage.state().lastError?.kind).toBe("NOT_ACTIVE");
    const joins = stage.tracker.joins().length;
    await stage.world.runFor(10 * H);
    expect(stage.tracker.joins().length).toBe(joins);
  });

  it.each([
    ["another member", { storageId: "10.96.0.12" }],
    ["an earlier life of this id", { joinSeconds: 999 }],
    ["a removal after which it returned", { returnedSeconds: 5000 }],
    ["a time that is none", { removedSeconds: 2 ** 50 }],
  ])("tells of %s: nothing happens", async (_what, changes) => {
    const stage = extended();
    stage.tracker.replies.shareRemovals = () => RemovalList.encode({ removals: [{ ...removal, ...changes }] });
    await stage.begin();
    expect(stage.tracker.joined).toBe(1);
  });

  it("hears from a storage what another tracker said", async () => {
    const stage = extended({ trackers: ["10.96.0.1", "10.96.0.2"] });
    const other = { ...removal, storageId: "10.96.0.13" };
    stage.trackers[0]!.replies.shareRemovals = () => RemovalList.encode({ removals: [other] });
    await stage.begin();
    const heard = () =>
      stage.trackers[1]!.all("shareRemovals").flatMap(({ body }) => RemovalNotice.decode(body).removals);
    await stage.until(() => heard().length > 0);
    expect(heard()).toEqual([other]);
    await stage.until(() => stage.trackers[1]!.all("heartbeat").length > 5);
    // Once is enough.
    expect(heard().length).toBe(1);
  });
});

describe("reports", () => {
  it("beat at their interval, with counters only when they changed", async () => {
    const stage = await new Stage().begin();
    const beats = () => stage.tracker.all("heartbeat");
    await stage.until(() => beats().length === 2);
    expect(beats()[1]!.body).toHaveLength(0);
    stage.statistics.totalUploadCount++;
    await stage.until(() => beats().length === 3);
    expect(StatisticsBlock.decode(beats()[2]!.body).totalUploadCount).toBe(1);
    const pauses = beats().map(({ atMs }, index) => atMs - (beats()[index - 1]?.atMs ?? -Infinity));
    for (const pause of pauses.slice(1)) expect(pause).toBeGreaterThanOrEqual(H);
    for (const pause of pauses.slice(1)) expect(pause).toBeLessThan(H + 2000);
    expect(stage.tracker.all("diskReport")).toHaveLength(1);
    await stage.world.runFor(R);
    expect(stage.tracker.all("diskReport")).toHaveLength(2);
    expect(stage.tracker.joined).toBe(1);
  });

  it("go on when a disk cannot be measured", async () => {
    const diskSpaces = () => {
      throw new Error("EIO");
    };
    const stage = await new Stage({ options: { diskSpaces } }).begin();
    await stage.until(() => stage.tracker.all("heartbeat").length === 3);
    expect(stage.tracker.all("diskReport")).toEqual([]);
    expect(stage.events("disk-report.impossible").length).toBeGreaterThan(0);
    expect(stage.tracker.all("join")).toHaveLength(1);
  });

  it("carry sync times when they changed, at most once per interval", async () => {
    let stamps: SyncStamp[] | undefined;
    const stage = await new Stage({ options: { syncStamps: () => stamps } }).begin();
    await stage.world.runFor(2 * H);
    expect(stage.tracker.all("syncReport")).toEqual([]);
    stamps = [{ sourceStorageId: "10.96.0.12", untilSeconds: 5 }];
    await stage.until(() => stage.tracker.all("syncReport").length === 1);
    await stage.world.runFor(3 * H);
    expect(stage.tracker.all("syncReport"), "nothing new").toHaveLength(1);
    stamps = [{ sourceStorageId: "10.96.0.12", untilSeconds: 6 }];
    await stage.until(() => stage.tracker.all("syncReport").length === 2);
  });

  it("hand on the changelog, whose lines may come in pieces", async () => {
    const pieces = ["1 group1 10.96.0.12 4 \n2 group2 10.96.0.13 4 \n3 gro", "up1 10.96.0.14 3 10.96.0.15\nnonsense\n"];
    const stage = new Stage();
    stage.tracker.replies.changelog = () => Buffer.from(pieces.shift() ?? "");
    await stage.begin();
    await stage.until(() => stage.tracker.all("changelog").length === 3);
    expect(stage.changelog).toEqual([
      { timeSeconds: 1, groupName: "group1", storageId: "10.96.0.12", status: "DELETED", newStorageId: "" },
      {
        timeSeconds: 3,
        groupName: "group1",
        storageId: "10.96.0.14",
        status: "IP_CHANGED",
        newStorageId: "10.96.0.15",
      },
    ]);
    expect(stage.events("changelog.unreadable")).toHaveLength(1);
  });
});

/** A leader that says we are ACTIVE, and a follower that has us join as WAIT_SYNC. */
function withStubbornFollower() {
  const stage = new Stage({ trackers: ["10.96.0.1", "10.96.0.2"], flag: { isSyncOldDone: true, syncSourceId: "x" } });
  const [leader, follower] = stage.trackers as [ScriptedTracker, ScriptedTracker];
  leader.replies.join = () => joinAnswer(5);
  const list = ChangeList.encode({ ...nothingChanged, leader: leaderAt("10.96.0.1"), storages: [brief(ME, 7)] });
  leader.replies.heartbeat = () => list;
  follower.replies.join = () => joinAnswer(2);
  return { stage, leader, follower };
}

describe("the picture of the cluster", () => {
  it("comes with change lists, and differences go back", async () => {
    const stage = new Stage();
    const lists: Partial<ChangeList>[] = [
      { leader: leaderAt("10.96.0.1"), trunkServer: brief(ME, 7), storages: [brief(ME, 7), brief("10.96.0.12", 9)] },
      {
        storages: [
          brief(ME, 7),
          brief("10.96.0.12", 5),
          brief("10.96.0.13", 99),
          brief("10.96.0.14", 77),
          brief("../../x", 7),
        ],
      },
    ];
    stage.tracker.replies.heartbeat = () => ChangeList.encode({ ...nothingChanged, ...lists.shift() });
    await stage.begin();
    await stage.until(() => stage.tracker.all("heartbeat").length === 2);
    await stage.until(() => stage.tracker.all("replicaChange").length === 1);
    const { view } = stage.links;
    expect(view.leader).toEqual({ host: "10.96.0.1", port: 22122 });
    expect(view.trunkServer?.storageId).toBe(ME);
    expect(view.peers).toEqual([{ storageId: "10.96.0.12", address: "10.96.0.12", port: 23000, status: "RECOVERY" }]);
    expect(stage.events("cluster.senseless-member")).toHaveLength(2);
  });

  it("a member that was told WAIT_SYNC stays so, and says why", async () => {
    const stage = new Stage();
    stage.tracker.replies.syncDestinationRequest = () =>
      SyncDescriptor.encode({ sourceStorageId: "10.96.0.12", untilSeconds: 1500 });
    await stage.begin();
    await stage.world.runFor(10 * H);
    expect(stage.state()).toMatchObject({
      state: "REPORTING",
      statusThere: "WAIT_SYNC",
      reason: "waits until 10.96.0.12 begins to copy old files to this server",
    });
    stage.tracker.replies.heartbeat = () =>
      ChangeList.encode({ ...nothingChanged, leader: leaderAt("10.96.0.1"), storages: [brief(ME, 2)] });
    await stage.until(() => stage.state().statusThere === "SYNCING");
    expect(stage.state().reason).toBe("10.96.0.12 is copying old files to this server");
    expect(stage.tracker.all("join")).toHaveLength(1);
  });

  it("is joined anew when the leader says that old files are missing", async () => {
    const stage = new Stage();
    const list = ChangeList.encode({ ...nothingChanged, leader: leaderAt("10.96.0.1"), storages: [brief(ME, 1)] });
    stage.tracker.replies.join = () => joinAnswer(stage.tracker.all("join").length === 1 ? 5 : 1);
    stage.tracker.replies.heartbeat = () => list;
    await stage.begin();
    await stage.until(() => stage.tracker.all("join").length === 2);
    expect(stage.events("tracker-link.rejoining")).toHaveLength(1);
  });

  it("a follower with another opinion is told the leader's, not more often than it helps", async () => {
    const { stage, leader, follower } = withStubbornFollower();
    await stage.begin();
    await stage.until(() => follower.all("changeStatus").length > 0);
    expect(follower.all("changeStatus")[0]!.body).toEqual(Buffer.from([7]));
    await stage.until(() => follower.all("join").length > 1);
    await stage.world.runFor(10 * H);
    expect(follower.all("changeStatus").length, "it never gives in").toBeLessThan(15);
    expect(leader.all("join")).toHaveLength(1);
  });

  it("a follower of ours is told without leaving it, and gets a beat at once", async () => {
    const { stage, follower } = withStubbornFollower();
    follower.replies.parameters = offer;
    follower.replies.shareRemovals = () => RemovalList.encode({ removals: [] });
    await stage.begin();
    await stage.until(() => follower.all("changeStatus").length > 0);
    const toldMs = follower.all("changeStatus")[0]!.atMs;
    await stage.until(() => follower.all("heartbeat").some(({ atMs }) => atMs > toldMs && atMs < toldMs + 100));
    await stage.world.runFor(10 * H);
    expect([follower.all("changeStatus").length, follower.all("join").length]).toEqual([1, 1]);
    expect(stage.state(1).statusThere).toBe("ACTIVE");
  });
});

describe("two leaders", () => {
  const status = (isLeader: boolean) =>
    trackerCommands.trackerStatus.answer.encode({ isLeader, runningSeconds: 0, restartIntervalSeconds: 0 });
  const told = (host: string) => ChangeList.encode({ ...nothingChanged, leader: leaderAt(host) });

  /** The first tracker names itself; the second one does so after a while, in its `beats`th beat. */
  async function stageWithSecondLeader(firstStillLeads: boolean): Promise<Stage> {
    const stage = new Stage({ trackers: ["10.96.0.1", "10.96.0.2"] });
    const [first, second] = stage.trackers as [ScriptedTracker, ScriptedTracker];
    first.replies.heartbeat = () => told("10.96.0.1");
    first.replies.trackerStatus = () => status(firstStillLeads);
    second.replies.heartbeat = ({ atMs }) => (atMs > H ? told("10.96.0.2") : ChangeList.encode(nothingChanged));
    for (const tracker of stage.trackers) tracker.replies.reselectLeader = () => Buffer.alloc(0);
    await stage.begin();
    await stage.until(() => first.all("trackerStatus").length > 0);
    first.replies.heartbeat = () => ChangeList.encode(nothingChanged);
    await stage.world.runFor(1000);
    return stage;
  }

  it("are both told to step down, and there is none until one is elected", async () => {
    const stage = await stageWithSecondLeader(true);
    const [first, second] = stage.trackers as [ScriptedTracker, ScriptedTracker];
    expect([first.all("reselectLeader").length, second.all("reselectLeader").length]).toEqual([1, 1]);
    expect(stage.links.view.leader).toBe(undefined);
    expect(stage.events("cluster.two-leaders")).toHaveLength(1);
    await stage.world.runFor(2 * H);
    expect(stage.links.view.leader).toEqual({ host: "10.96.0.2", port: 22122 });
    expect(first.all("reselectLeader")).toHaveLength(1);
  });

  it("are none if the old one does not lead any more", async () => {
    const stage = await stageWithSecondLeader(false);
    for (const tracker of stage.trackers) expect(tracker.all("reselectLeader")).toEqual([]);
    expect(stage.links.view.leader).toEqual({ host: "10.96.0.2", port: 22122 });
  });
});

describe("trouble", () => {
  it("a refused join waits a heart beat interval, and is said once", async () => {
    const stage = await new Stage().startTrackers();
    stage.tracker.replies.join = () => 22;
    await stage.startLinks();
    await stage.until(() => stage.tracker.all("join").length === 4);
    const times = stage.tracker.all("join").map(({ atMs }) => atMs);
    for (let i = 1; i < times.length; i++) {
      expect(times[i]! - times[i - 1]!).toBeGreaterThanOrEqual(H);
      expect(times[i]! - times[i - 1]!).toBeLessThan(H + 1000);
    }
    expect(stage.events("tracker-link.down")).toHaveLength(1);
    await stage.until(() => stage.state().state === "RESTING");
    expect(stage.state()).toMatchObject({ statusThere: undefined, lastError: { kind: "BAD_REQUEST" } });
    expect(stage.state().retryAtMs).toBeGreaterThan(stage.host.world.clock.now());
    stage.tracker.replies.join = () => joinAnswer(0);
    await stage.world.run(stage.links.firstJoin);
  });

  it("a lost connection is joined again after a moment, without asking for a source again", async () => {
    const stage = await new Stage().begin();
    await stage.until(() => stage.tracker.names.includes("diskReport"));
    const lostAtMs = stage.world.nowMs;
    stage.world.network.resetConnections(ME, "10.96.0.1");
    await stage.until(() => stage.tracker.all("join").length === 2);
    expect(stage.world.nowMs - lostAtMs).toBeLessThan(2000);
    await stage.until(() => stage.tracker.all("heartbeat").length === 2);
    expect(stage.tracker.all("syncDestinationRequest")).toHaveLength(1);
    expect(stage.tracker.joins()[1]).toMatchObject({ isInitialSyncPending: false, status: 7 });
    expect(stage.tracker.all("heartbeat")[1]!.body, "a new connection is told all counters").toHaveLength(348);
  });

  it("a silent tracker is left, and one that is down is dialled ever more rarely", async () => {
    const stage = await new Stage().begin();
    stage.world.network.partition([ME], ["10.96.0.1"]);
    await stage.until(() => stage.state().state === "RESTING");
    expect(stage.state().lastError?.kind).toBe("TIMED_OUT");
    stage.world.network.heal();
    await stage.until(() => stage.state().state === "REPORTING");
    await stage.tracker.stop();
    await stage.world.runFor(20 * H);
    const downs = stage.events("tracker-link.down");
    expect(downs.length, "one line per kind of trouble").toBeLessThanOrEqual(4);
    expect(stage.state().lastError?.kind).toBe("UNREACHABLE");
    await stage.tracker.start();
    const backAtMs = stage.world.nowMs;
    await stage.until(() => stage.state().state === "REPORTING");
    expect(stage.world.nowMs - backAtMs).toBeLessThan(H + 1000);
  });

  it("refused reports do not become a busy loop", async () => {
    const stage = new Stage();
    stage.tracker.replies.diskReport = () => 22;
    await stage.begin();
    await stage.world.runFor(20 * H);
    expect(stage.tracker.all("join").length).toBeLessThan(30);
    expect(stage.state().lastError?.message).toContain("space of my store paths");
    expect(stage.events("tracker-link.down")[0]!.fields.reason).toContain("store_path_count");
  });

  it("an empty tracker does not take over a storage that another one may know", async () => {
    const stage = new Stage({ trackers: ["10.96.0.1", "10.96.0.2"], flag: { isSyncOldDone: true } });
    const [empty, down] = stage.trackers as [ScriptedTracker, ScriptedTracker];
    empty.replies.join = ({ body }) => (JoinRequest.decode(body).status < 0 ? 14 : joinAnswer(0));
    // Dialling the other one takes its time.
    stage.world.network.partition([ME], ["10.96.0.2"]);
    await empty.start();
    await stage.startLinks();
    await stage.world.run(stage.links.firstJoin);
    expect(empty.joins()[0]).toMatchObject({ status: -1, isInitialSyncPending: false });
    expect(empty.joins().at(-1)!.status, "the other one was tried").toBe(0);
    expect(down.asked).toEqual([]);
    await stage.until(() => stage.state().statusThere === "ACTIVE");
  });

  it("a source that no tracker knows is asked for anew while the copy is not complete", async () => {
    const stage = new Stage({ flag: { isSyncOldDone: true, syncSourceId: "10.96.0.99", syncUntilSeconds: 7 } });
    stage.tracker.replies.syncNotify = ({ body }) =>
      SyncDescriptor.decode(body).sourceStorageId === "" ? Buffer.alloc(0) : 2;
    await stage.begin();
    expect(stage.tracker.joins().map((join) => join.isInitialSyncPending)).toEqual([false, true]);
    expect(stage.tracker.names).toContain("syncDestinationRequest");
    expect(stage.initFile.flag.syncSourceId).toBe("");
  });

  it("a complete storage whose source is gone needs none", async () => {
    const stage = new Stage({ flag: { isSyncOldDone: true, syncSourceId: "10.96.0.99" } });
    stage.tracker.replies.join = () => joinAnswer(5);
    stage.tracker.replies.syncNotify = ({ body }) =>
      SyncDescriptor.decode(body).sourceStorageId === "" ? Buffer.alloc(0) : 2;
    await stage.begin();
    expect(stage.tracker.joins().map((join) => join.isInitialSyncPending)).toEqual([false]);
    // Another tracker may know it.
    expect(stage.initFile.flag.syncSourceId).toBe("10.96.0.99");
    await stage.until(() => stage.state().statusThere === "ACTIVE");
  });

  it("the deletion of the source in the middle of the copy leads to another source", async () => {
    const stage = new Stage();
    stage.tracker.replies.syncDestinationRequest = () =>
      SyncDescriptor.encode({ sourceStorageId: "10.96.0.12", untilSeconds: 1500 });
    stage.tracker.replies.changelog = () => Buffer.from("1 group1 10.96.0.12 4 \n");
    await stage.begin();
    await stage.until(() => !stage.initFile.flag.isSyncOldDone);
    expect(stage.events("backfill.source-lost")).toHaveLength(1);
    // At once, and not only when the connection is lost one day.
    await stage.until(() => stage.tracker.all("syncDestinationRequest").length === 2);
    expect(stage.tracker.joins()[1]!.isInitialSyncPending).toBe(true);
  });

  const replied = ["join", "syncDestinationRequest", "syncNotify", "heartbeat", "changelog", "diskReport"] as const;

  it.each(replied)("no answer to %s does harm", async (name) => {
    const replies: fc.Arbitrary<Reply> = fc.oneof(
      fc.integer({ min: 1, max: 255 }),
      fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
      fc
        .constantFrom(1, 17, 24, 68, 135, 348)
        .chain((length) => fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => Buffer.from(bytes))),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(replies, { minLength: 1, maxLength: 5 }), async (script) => {
        const stage = await new Stage().startTrackers();
        stage.tracker.replies[name] = () => script.shift() ?? (name === "join" ? joinAnswer(0) : Buffer.alloc(0));
        await stage.startLinks();
        // These are asked once per connection, so an answer that makes sense by chance ends the script.
        const isAskedOnce = name === "join" || name === "syncDestinationRequest" || name === "syncNotify";
        const isScriptDone = () => isAskedOnce || script.length === 0;
        await stage.until(() => isScriptDone() && stage.state().state === "REPORTING");
        expect(DataInitFile.open(stage.host.world.disk, "/fdfs", 0).flag).toEqual(stage.initFile.flag);
        await stage.world.run(stage.links.stop());
        expect(stage.state().state).toBe("STOPPED");
      }),
      { numRuns: 25 },
    );
  });
});

describe("stopping", () => {
  it("leaves the tracker at once and may be done twice", async () => {
    const stage = await new Stage().begin();
    await stage.world.run(Promise.all([stage.links.stop(), stage.links.stop()]));
    expect(stage.state().state).toBe("STOPPED");
    await stage.until(() => stage.tracker.joined === 0);
    const askedBefore = stage.tracker.asked.length;
    await stage.world.runFor(10 * H);
    expect(stage.tracker.asked).toHaveLength(askedBefore);
  });

  it("ends the wait for the first join", async () => {
    const stage = new Stage();
    await stage.startLinks();
    await stage.world.runFor(1000);
    await stage.world.run(stage.links.stop());
    await expect(stage.links.firstJoin).rejects.toMatchObject({ kind: "ABORTED" });
  });
});

describe("tracker addresses", () => {
  it("are resolved, and spelled as the join needs them", async () => {
    const world = SimWorld.create("names");
    world.network.addName("tracker.example", ["10.0.0.5"]);
    const { network } = world.host(ME).world;
    const servers = [
      { hosts: ["tracker.example"], port: 22122 },
      { hosts: ["10.0.0.6", "192.168.0.6"], port: 22123 },
    ];
    const resolved = await world.run(resolveTrackers(network, servers));
    expect(resolved.map(({ name, joinLine }) => [name, joinLine])).toEqual([
      ["tracker.example:22122", "10.0.0.5:22122"],
      ["10.0.0.6,192.168.0.6:22123", "10.0.0.6,192.168.0.6:22123"],
    ]);
    expect(printServerAddress(servers[1]!)).toBe(resolved[1]!.name);
    await expect(world.run(resolveTrackers(network, [{ hosts: ["nobody"], port: 1 }]))).rejects.toMatchObject({
      kind: "UNREACHABLE",
    });
  });
});
