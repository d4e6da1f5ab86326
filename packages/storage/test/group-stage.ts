// The members of a group on simulated hosts, which replicate to each other. What trackers would tell them, the test tells.
import { type ChangeList, type StorageStatus, storageStatusValue, SyncDescriptorAnswer } from "@fastdfs-ts/protocol";
import { Deadlines, defaultStorageConfig, Logger, type LogRecord, type StorageConfig } from "@fastdfs-ts/runtime";
import { checkStore, type FoundFile, type SimHost, SimWorld } from "@fastdfs-ts/simulation";
import { storageIdentity } from "../src/identity.ts";
import { Replication } from "../src/replication/replication.ts";
import { MembershipView } from "../src/tracker-link/membership-view.ts";
import type { TrackerAddress } from "../src/tracker-link/tracker-address.ts";
import { ScriptedPeer } from "./scripted-peer.ts";
import { nothingChanged, ScriptedTracker } from "./scripted-tracker.ts";
import { type ServedStore, serveStore } from "./served-store.ts";
import { StoreClient } from "./store-client.ts";

const TRACKER = "192.0.2.100";
const DIRECTORY = "/store";

const testTracker: TrackerAddress = {
  name: `${TRACKER}:22122`,
  endpoints: [{ host: TRACKER, port: 22122 }],
  joinLine: `${TRACKER}:22122`,
};

export class Member {
  readonly host: SimHost;
  readonly address: string;
  readonly logged: LogRecord[] = [];
  served!: ServedStore;
  replication!: Replication;
  view!: MembershipView;

  constructor(host: SimHost) {
    this.host = host;
    this.address = host.address;
  }

  files(): Map<string, FoundFile> {
    return checkStore(this.host.world.disk, DIRECTORY);
  }

  /** Text of a file in the folder of the log. */
  syncFile(name: string): string | undefined {
    const path = `${DIRECTORY}/data/sync/${name}`;
    const { disk } = this.host.world;
    return disk.stat(path) === undefined ? undefined : disk.readFile(path).toString();
  }
}

export class GroupStage {
  readonly world: SimWorld;
  readonly tracker: ScriptedTracker;
  readonly members: Member[] = [];
  /** Addresses of those who have to be compared with before they are given anything. */
  readonly owedRepair = new Set<string>();
  /** Whether members may lack files that others have, and fetch them back. */
  mayMissFiles = false;
  private readonly config: Partial<StorageConfig>;
  private readonly statuses = new Map<string, StorageStatus>();
  private readonly ports = new Map<string, number>();

  private constructor(seed: number | string, config: Partial<StorageConfig>) {
    this.world = SimWorld.create(seed);
    this.tracker = new ScriptedTracker(this.world, TRACKER);
    this.config = config;
  }

  /** A group whose members are all ACTIVE and know each other. Nobody gives anybody old files. */
  static async open(seed: number | string, members = 2, config: Partial<StorageConfig> = {}): Promise<GroupStage> {
    const stage = new GroupStage(seed, config);
    await stage.tracker.start();
    stage.nobodyIsSource();
    stage.tracker.replies.reportStatus = () => Buffer.alloc(0);
    for (let i = 1; i <= members; i++) await stage.add(`192.0.2.${i}`, "ACTIVE");
    return stage;
  }

  /** What trackers answer to 86. */
  nobodyIsSource(): void {
    this.tracker.replies.syncSourceRequest = () => SyncDescriptorAnswer.encode({ source: undefined });
  }

  sourceIs(sourceStorageId: string, untilSeconds: number): void {
    this.tracker.replies.syncSourceRequest = () =>
      SyncDescriptorAnswer.encode({ source: { sourceStorageId, untilSeconds } });
  }

  async add(address: string, status: StorageStatus): Promise<Member> {
    const member = new Member(this.world.host(address));
    this.members.push(member);
    this.statuses.set(address, status);
    await this.start(member);
    return member;
  }

  /** Starts a member's process; it is told of the others, and they of it. */
  async start(member: Member): Promise<void> {
    const { world } = member.host;
    member.served = await this.world.run(
      serveStore({
        directory: DIRECTORY,
        world,
        listenHost: member.address,
        address: member.address,
        config: { subdirCountPerPath: 1, distributeRotateCount: 1000 },
      }),
    );
    this.ports.set(member.address, member.served.port);
    const sink = { write: (record: LogRecord) => void member.logged.push(record), close() {} };
    const log = Logger.create({ sink, clock: world.clock, level: "info" });
    member.view = new MembershipView(member.address, log);
    const facts = { addresses: [member.address], numericId: undefined, idTypeInFileName: "ip" as const };
    member.replication = Replication.start({
      store: member.served.store,
      view: member.view,
      world,
      deadlines: Deadlines.open(world.clock, 50),
      log,
      config: defaultStorageConfig({
        basePath: DIRECTORY,
        trackerServers: [],
        storePaths: [{ path: `${DIRECTORY}/path0`, readOnly: false }],
        heartBeatIntervalMs: 1000,
        syncWaitMs: 10,
        networkTimeoutMs: 3000,
        connectTimeoutMs: 1000,
        ...this.config,
      }),
      identity: storageIdentity({ groupName: "group1", port: 23000, ...facts }),
      trackers: [testTracker],
      localAddress: undefined,
      mayMissFiles: () => this.mayMissFiles,
      isRepairOwedTo: (storageId) => this.owedRepair.has(storageId),
    });
    for (const each of this.members) this.tell(each);
  }

  /** A member that the test plays, listening on port 23000. */
  async addPeer(address: string, status: StorageStatus): Promise<ScriptedPeer> {
    const peer = await new ScriptedPeer(this.world, address).start();
    this.ports.set(address, 23000);
    this.setStatus(address, status);
    return peer;
  }

  /** The trackers give the member at `address` a status, and everybody hears of it. */
  setStatus(address: string, status: StorageStatus): void {
    this.statuses.set(address, status);
    for (const each of this.members) this.tell(each);
  }

  async connect(member: Member): Promise<StoreClient> {
    const { clock, network } = this.world.host("192.0.2.200").world;
    const endpoint = { host: member.address, port: member.served.port };
    return this.world.run(StoreClient.dial(network, Deadlines.open(clock, 50), endpoint));
  }

  /** Lets time pass until everybody has confirmed everything. */
  async untilReplicated(limitMs?: number): Promise<void> {
    await this.world.runUntil(
      () =>
        this.members.every(({ replication, host }) => !host.isUp || areCaughtUp(replication, this.statuses.size - 1)),
      limitMs,
    );
  }

  async stop(): Promise<void> {
    for (const { host, replication, served } of this.members) {
      if (!host.isUp) continue;
      await this.world.run(replication.stop());
      await this.world.run(served.stop());
    }
    await this.tracker.stop();
  }

  private tell({ view, host }: Member): void {
    // The first member is started before the others are there.
    if (!host.isUp || (view as MembershipView | undefined) === undefined) return;
    const storages = [...this.statuses].map(([storageId, status]) => ({
      status: storageStatusValue(status),
      storagePort: this.ports.get(storageId) ?? 0,
      storageId,
      storageIp: storageId,
    }));
    const leader = { status: 0, storagePort: 22122, storageId: TRACKER, storageIp: TRACKER };
    const changes: ChangeList = { ...nothingChanged, leader, storages };
    view.merge(testTracker, changes);
  }
}

function areCaughtUp(replication: Replication, peers: number): boolean {
  const statuses = replication.statuses();
  return (
    statuses.length === peers &&
    statuses.every(({ state, parkedRecords }) => state === "caughtUp" && parkedRecords === 0)
  );
}
