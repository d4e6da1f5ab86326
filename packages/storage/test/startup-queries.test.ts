// What a starting storage asks the trackers, on virtual time.
import {
  ClusterParameters,
  EXTENSION_KEY,
  RemovalList,
  type StorageIdsPage,
  trackerCommands,
} from "@fastdfs-ts/protocol";
import { Deadlines, Logger, type LogRecord, nullSink, type ServerIdSource } from "@fastdfs-ts/runtime";
import { SimWorld } from "@fastdfs-ts/simulation";
import { describe, expect, it } from "vitest";

import { DataInitFile } from "../src/formats/data-init-file.ts";
import { clusterSettings, defaultClusterParameters } from "../src/tracker-link/cluster-parameters.ts";
import { OwnRemoval } from "../src/tracker-link/own-removal.ts";
import { settleAddress } from "../src/tracker-link/settle-address.ts";
import { askTrackersWhoIAm, type StartupConfig, type StartupFacts } from "../src/tracker-link/startup-queries.ts";
import { TrackerQuestions } from "../src/tracker-link/tracker-questions.ts";
import { type Asked, type Reply, ScriptedTracker } from "./scripted-tracker.ts";

const ME = "10.96.0.11";

interface Cluster {
  readonly storageIpChangedAutoAdjust?: boolean;
  readonly useStorageId?: boolean;
  readonly trustStorageServerId?: boolean;
  readonly idTypeInFileName?: "ip" | "id";
  readonly ids?: readonly string[];
  /** Lines per page of 69. */
  readonly pageLines?: number;
}

class Stage {
  readonly world = SimWorld.create("startup");
  readonly trackers: readonly ScriptedTracker[];
  readonly records: LogRecord[] = [];
  readonly stopping = new AbortController();
  private readonly addresses: readonly string[];

  constructor(cluster: Cluster = {}, addresses: readonly string[] = ["10.96.0.1"]) {
    this.addresses = addresses;
    this.trackers = addresses.map((address) => new ScriptedTracker(this.world, address));
    for (const tracker of this.trackers) answerFor(tracker, cluster);
  }

  get tracker(): ScriptedTracker {
    return this.trackers[0]!;
  }

  ask(config: Partial<StartupConfig> = {}): Promise<StartupFacts> {
    const { world } = this.world.host(ME);
    const sink = { write: (record: LogRecord) => void this.records.push(record), close() {} };
    return askTrackersWhoIAm({
      config: {
        groupName: "group1",
        serverId: { kind: "local-address" },
        port: 23000,
        trackerServers: this.addresses.map((host) => ({ hosts: [host], port: 22122 })),
        connectTimeoutMs: 5000,
        networkTimeoutMs: 10_000,
        ...config,
      },
      world,
      deadlines: Deadlines.open(world.clock, 100),
      log: Logger.create({ sink, clock: world.clock, level: "debug" }),
      signal: this.stopping.signal,
    });
  }

  async facts(config: Partial<StartupConfig> = {}): Promise<StartupFacts> {
    for (const tracker of this.trackers) await tracker.start();
    return this.world.run(this.ask(config));
  }

  events(name: string): LogRecord[] {
    return this.records.filter(({ message }) => message === name);
  }
}

function answerFor(tracker: ScriptedTracker, cluster: Cluster): void {
  const { ids = [], pageLines = 100, ...overrides } = cluster;
  tracker.replies.getMyIp = () => Buffer.from(ME);
  tracker.replies.parameters = () => ClusterParameters.encode({ ...defaultClusterParameters(), ...overrides });
  tracker.replies.fetchStorageIds = ({ body }) => {
    const { startIndex } = trackerCommands.fetchStorageIds.request.decode(body);
    const page: StorageIdsPage = { totalCount: ids.length, lines: ids.slice(startIndex, startIndex + pageLines) };
    return trackerCommands.fetchStorageIds.answer.encode(page);
  };
}

describe("a storage that was removed while it was down", () => {
  it("hears it before any join from a tracker of ours, wherever that stands in the configuration", async () => {
    const stage = new Stage({}, ["10.96.0.1", "10.96.0.2", "10.96.0.3"]);
    const [ofC, ours] = stage.trackers as [ScriptedTracker, ScriptedTracker, ScriptedTracker];
    const extensions = new Map([[EXTENSION_KEY, "1"]]);
    ours.replies.parameters = () => ClusterParameters.encode({ ...defaultClusterParameters(), extensions });
    const told = { storageId: ME, joinSeconds: 1000, removedSeconds: 5000, returnedSeconds: 0 };
    ours.replies.shareRemovals = () => RemovalList.encode({ removals: [told] });
    // The third tracker cannot be reached.
    await ofC.start();
    await ours.start();
    const { identity, trackers } = await stage.world.run(stage.ask());
    const { world } = stage.world.host(ME);
    const log = Logger.create({ sink: nullSink, clock: world.clock, level: "info" });
    const own = { ...identity, disk: world.disk, log, basePath: "/base", joinTimeSeconds: 1000 };
    const deadlines = Deadlines.open(world.clock, 100);
    const waits = { connectTimeoutMs: 5000, networkTimeoutMs: 10_000 };
    const questions = new TrackerQuestions({ ...world, ...waits, deadlines, log, trackers });
    const removal = OwnRemoval.open(own);
    await stage.world.run(removal.askTrackers(questions));
    expect(removal.isRemoved).toBe(true);
    expect(ofC.names).not.toContain("shareRemovals");
  });
});

describe("a cluster without storage ids", () => {
  it("tells the address, which is the id", async () => {
    const stage = new Stage();
    const { identity, storageIds, trackers } = await stage.facts();
    expect(identity).toMatchObject({ groupName: "group1", mode: "ip", storageId: ME, addresses: [ME], port: 23000 });
    expect(storageIds).toEqual([]);
    expect(trackers.map(({ joinLine }) => joinLine)).toEqual(["10.96.0.1:22122"]);
    expect(stage.tracker.names).toEqual(["getMyIp", "parameters"]);
    expect(stage.tracker.asked[0]!.body).toHaveLength(21);
    expect(stage.records).toEqual([]);
  });

  it("is waited for until a tracker answers, which is said once per question", async () => {
    const stage = new Stage({}, ["10.96.0.1", "10.96.0.2"]);
    const asking = stage.ask();
    await stage.world.runFor(600_000);
    expect(stage.events("trackers.waiting")).toHaveLength(1);
    await stage.trackers[1]!.start();
    const { identity } = await stage.world.run(asking);
    expect(identity.storageId).toBe(ME);
    expect(stage.events("trackers.answered")).toHaveLength(1);
  });

  it("is not waited for after the signal", async () => {
    const stage = new Stage();
    const asking = stage.ask();
    await stage.world.runFor(60_000);
    stage.stopping.abort(new Error("enough"));
    await expect(stage.world.run(asking)).rejects.toThrow("enough");
  });

  it("warns when trackers see different addresses, and takes the first", async () => {
    const stage = new Stage({}, ["10.96.0.1", "10.96.0.2"]);
    stage.trackers[1]!.replies.getMyIp = () => Buffer.from("172.16.0.9");
    expect((await stage.facts()).identity.addresses).toEqual([ME]);
    expect(stage.events("address.trackers-disagree")).toHaveLength(1);
  });

  it("asks again when an answer is senseless", async () => {
    const stage = new Stage();
    const replies: Reply[] = [22, Buffer.alloc(0), Buffer.alloc(300), Buffer.from(ME)];
    stage.tracker.replies.getMyIp = () => replies.shift()!;
    expect((await stage.facts()).identity.storageId).toBe(ME);
    expect(stage.events("trackers.waiting")).toHaveLength(1);
  });

  it("cannot tell the group", async () => {
    const stage = new Stage();
    stage.tracker.replies.getGroupName = () => 95;
    await expect(stage.facts({ groupName: undefined })).rejects.toThrow(/Set group_name/);
  });
});

describe("a cluster with storage ids", () => {
  const ids = ["100001 group1 10.96.0.11", "100002 group1 10.96.0.12", "100003 group2 10.96.0.11:23001 rw=read"];
  const trusting = { useStorageId: true, trustStorageServerId: true, idTypeInFileName: "id", ids } as const;
  const fixed = (id: number): ServerIdSource => ({ kind: "fixed", id });
  const idReply = (id: string) => (_: Asked) => Buffer.from(id);

  it("gives the group and the id by address; the list comes in pages", async () => {
    const stage = new Stage({ ...trusting, pageLines: 1 });
    stage.tracker.replies.getGroupName = () => trackerCommands.getGroupName.answer.encode({ groupName: "group1" });
    const { identity, storageIds } = await stage.facts({ groupName: undefined });
    expect(identity).toMatchObject({ groupName: "group1", mode: "id", storageId: "100001" });
    expect(identity.sourceBytes).toEqual(Buffer.from("a1860100", "hex"));
    expect(storageIds.map(({ id, port }) => [id, port])).toEqual([
      [100001, 23000],
      [100002, 23000],
      [100003, 23001],
    ]);
    expect(stage.tracker.all("fetchStorageIds")).toHaveLength(3);
  });

  it("tells two storages on one host apart by group and port", async () => {
    const { identity } = await new Stage(trusting).facts({ groupName: "group2", port: 23001 });
    expect(identity.storageId).toBe("100003");
  });

  it("believes server_id, or asks when it is empty", async () => {
    expect((await new Stage(trusting).facts({ serverId: fixed(100002) })).identity.storageId).toBe("100002");
    const stage = new Stage(trusting);
    stage.tracker.replies.getStorageId = idReply("100002");
    expect((await stage.facts({ serverId: { kind: "tracker" } })).identity.storageId).toBe("100002");
    expect(stage.tracker.all("getStorageId")[0]!.body.subarray(16).toString()).toBe("10.96.0.11:23000");
  });

  it("asks, whatever the configuration says, when it does not trust", async () => {
    const stage = new Stage({ ...trusting, trustStorageServerId: false, idTypeInFileName: "ip" });
    stage.tracker.replies.getStorageId = idReply("100001");
    const { identity } = await stage.facts({ serverId: fixed(100002) });
    expect(identity).toMatchObject({ storageId: "100001", sourceBytes: Buffer.from("0a60000b", "hex") });
  });

  it.each([
    [{ serverId: fixed(7) }, /id 7 is not in/],
    [{ serverId: fixed(100003) }, /in group2, this storage is in group1/],
    [{ port: 9 }, /no line of storage_ids\.conf names group1, port 9/],
    [{ serverId: { kind: "tracker" } as ServerIdSource }, /know no id for 10\.96\.0\.11:23000/],
  ])("says what does not fit: %o", async (config, message) => {
    const stage = new Stage(trusting);
    stage.tracker.replies.getStorageId = () => 2;
    await expect(stage.facts(config)).rejects.toThrow(message);
  });

  it("refuses a list that cannot be read", async () => {
    await expect(new Stage({ ...trusting, ids: ["no line"] }).facts()).rejects.toThrow(/"no line"/);
  });
});

describe("settleAddress", () => {
  const autoAdjust = { storageIpChangedAutoAdjust: true };

  async function settle(stage: Stage, lastIpAddress: string): Promise<DataInitFile> {
    const facts = await stage.facts();
    const { world } = stage.world.host(ME);
    world.disk.makeDirectory("/fdfs/data");
    const initFile = DataInitFile.open(world.disk, "/fdfs", 1);
    initFile.update({ lastIpAddress });
    const config = { connectTimeoutMs: 5000, networkTimeoutMs: 10_000 };
    const deadlines = Deadlines.open(world.clock, 100);
    const log = Logger.create({ sink: nullSink, clock: world.clock, level: "info" });
    await stage.world.run(settleAddress({ ...facts, config, world, deadlines, log, initFile }));
    return initFile;
  }

  it.each(["", ME])("remembers the address; after '%s' there is nothing to report", async (before) => {
    const stage = new Stage(autoAdjust);
    const { flag } = await settle(stage, before);
    expect(flag).toMatchObject({ lastIpAddress: ME, lastPort: 23000 });
    expect(stage.tracker.all("ipChanged")).toEqual([]);
  });

  it.each([0, 2, 16, 17, 114])("reports a change to all trackers; answer %i settles it", async (status) => {
    const stage = new Stage(autoAdjust, ["10.96.0.1", "10.96.0.2"]);
    for (const tracker of stage.trackers) tracker.replies.ipChanged = () => (status === 0 ? Buffer.alloc(0) : status);
    const { flag } = await settle(stage, "10.96.0.10");
    expect(flag.lastIpAddress).toBe(ME);
    for (const tracker of stage.trackers) {
      const [asked] = tracker.all("ipChanged");
      expect(trackerCommands.ipChanged.request.decode(asked!.body)).toEqual({
        groupName: "group1",
        oldIp: "10.96.0.10",
        newIp: ME,
      });
    }
  });

  it("does not forget a change that is refused", async () => {
    const stage = new Stage(autoAdjust);
    stage.tracker.replies.ipChanged = () => 22;
    await expect(settle(stage, "10.96.0.10")).rejects.toMatchObject({ kind: "BAD_REQUEST" });
  });

  it("reports nothing where addresses are not adjusted", async () => {
    const stage = new Stage();
    await settle(stage, "10.96.0.10");
    expect(stage.tracker.all("ipChanged")).toEqual([]);
  });
});

describe("cluster settings", () => {
  const log = (records: LogRecord[]) =>
    Logger.create({
      sink: { write: (record) => void records.push(record), close() {} },
      clock: SimWorld.create(1).host(ME).world.clock,
      level: "debug",
    });

  it("have the documented defaults", () => {
    const records: LogRecord[] = [];
    expect(clusterSettings(defaultClusterParameters(), log(records))).toMatchObject({
      storePathChoice: 0,
      spaceReserve: { kind: "bytes", bytes: 0 },
      trunkCreateFileTime: { hour: 2, minute: 0 },
      trunkCompressBinlogTime: { hour: 3, minute: 0 },
      parameters: { responseIpAddressBytes: 46, trunkFileBytes: 64 * 1024 * 1024 },
    });
    expect(records).toEqual([]);
  });

  it.each([
    ["1.00%", { kind: "ratio", ratio: 0.01 }],
    ["20.00%", { kind: "ratio", ratio: 0.2 }],
    ["1024MB", { kind: "bytes", bytes: 1024 * 1024 * 1024 }],
  ])("read a reserve of %s", (spaceReserve, expected) => {
    const settings = clusterSettings({ ...defaultClusterParameters(), spaceReserve }, log([]));
    expect(settings.spaceReserve).toEqual(expected);
  });

  it("fall back with a warning", () => {
    const records: LogRecord[] = [];
    const odd = {
      ...defaultClusterParameters(),
      spaceReserve: "much",
      trunkCreateFileTimeBase: "25:00",
      storePathChoice: 9,
    };
    expect(clusterSettings(odd, log(records))).toMatchObject({
      storePathChoice: 0,
      spaceReserve: { kind: "bytes", bytes: 0 },
      trunkCreateFileTime: { hour: 2 },
    });
    expect(records.map(({ fields }) => fields.key)).toEqual(["reserved_storage_space", "trunk_create_file_time_base"]);
  });
});
