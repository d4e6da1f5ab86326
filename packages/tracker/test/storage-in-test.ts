// A storage as a tracker sees it: joins, beats, reports, asks. For stories about several of them.
import {
  ChangeList,
  composeName,
  DiskReport,
  FileLocation,
  FileQuery,
  GroupRequest,
  Heartbeat,
  JoinRequest,
  LoadReport,
  type PeerReplication,
  ReplicationReport,
  sourceOfIp,
  StatisticsBlock,
  StatusReport,
  storageStatuses,
  type StorageStatus,
  StoreTarget,
  SyncDescriptor,
  SyncReport,
  trackerCommands,
} from "@fastdfs-ts/protocol";

import type { StorageNode } from "../src/cluster/storage-node.ts";
import type { Answer, FakeSession, TrackerInMemory } from "./tracker-in-memory.ts";

export interface StorageFacts {
  readonly groupName: string;
  readonly port: number;
  readonly paths: number;
  readonly subdirs: number;
  readonly priority: number;
  readonly isNew: boolean;
  readonly status: number;
  readonly id: string;
  readonly trackers: string[];
  /** Unix time of its first start ever. */
  readonly joinTime: number;
}

const defaults: StorageFacts = {
  groupName: "group1",
  port: 23000,
  paths: 1,
  subdirs: 256,
  priority: 10,
  isNew: true,
  status: -1,
  id: "",
  trackers: ["10.96.0.1:22122"],
  joinTime: 1_795_310_000,
};

export const caughtUp: Omit<PeerReplication, "storageId"> = {
  state: 4,
  confirmedSeconds: 0,
  pendingBytes: 0,
  backfillBytes: 0,
  backfillDoneBytes: 0,
  parkedRecords: 0,
  sinceSeconds: 5,
  reason: "connected",
};

const littleLoad: LoadReport = {
  intervalMs: 1000,
  cpuPermille: 100,
  memoryPermille: 500,
  diskPermille: 50,
  networkPermille: -1,
  diskBytesPerSecond: 1_000_000,
  networkBytesPerSecond: 2_000_000,
  tasks: 1,
  finishedTasks: 20,
  latencyMicros: 900,
};
const noStatistics = StatisticsBlock.decode(Buffer.alloc(StatisticsBlock.fixedSize));

export class StorageInTest {
  readonly ip: string;
  readonly facts: StorageFacts;
  private readonly tracker: TrackerInMemory;
  private connection: FakeSession;

  constructor(tracker: TrackerInMemory, ip: string, facts: Partial<StorageFacts> = {}) {
    this.tracker = tracker;
    this.ip = ip;
    this.facts = { ...defaults, ...facts };
    this.connection = tracker.connect(ip);
  }

  /** The tracker's record. */
  get node(): StorageNode {
    const node = this.tracker.cluster.findGroup(this.facts.groupName)?.find(this.facts.id || this.ip);
    if (node === undefined) throw new Error(`${this.ip} has not joined`);
    return node;
  }

  get session(): FakeSession {
    return this.connection;
  }

  /** Returns the status byte. */
  async join(changes: Partial<StorageFacts> = {}): Promise<number> {
    const facts = { ...this.facts, ...changes };
    const request = JoinRequest.encode({
      groupName: facts.groupName,
      storagePort: facts.port,
      storePathCount: facts.paths,
      subdirCountPerPath: facts.subdirs,
      uploadPriority: facts.priority,
      joinTimeSeconds: facts.joinTime,
      upTimeSeconds: this.tracker.now,
      version: "6.16.1",
      isInitialSyncPending: facts.isNew,
      status: facts.status,
      storageId: facts.id,
      trackerIp: "10.96.0.1",
      trackers: facts.trackers,
    });
    return (await this.ask(trackerCommands.join.code, request)).status;
  }

  /** Joins, asks for its source, reports its disks: an only member is ACTIVE then, a later one waits. */
  async start(freeMib = 5000): Promise<this> {
    await this.join();
    await this.ask(trackerCommands.syncDestinationRequest.code);
    await this.reportDisks(freeMib);
    return this;
  }

  /** What is not said is 0; without a word nothing has changed. */
  async beat(changed?: Partial<StatisticsBlock>): Promise<ChangeList> {
    const statistics = changed === undefined ? undefined : { ...noStatistics, ...changed };
    return ChangeList.decode((await this.ask(trackerCommands.heartbeat.code, Heartbeat.encode({ statistics }))).body);
  }

  /** The same free space on each path, or one number for each. */
  async reportDisks(free: number | readonly number[], paths = this.facts.paths): Promise<number> {
    const each = typeof free === "number" ? Array.from({ length: paths }, () => free) : free;
    const storePaths = each.map((freeMib) => ({ totalMib: 10_000, freeMib }));
    return (await this.ask(trackerCommands.diskReport.code, DiskReport.encode({ storePaths }))).status;
  }

  async reportSync(stamps: Record<string, number>): Promise<void> {
    const list = Object.entries(stamps).map(([sourceStorageId, untilSeconds]) => ({ sourceStorageId, untilSeconds }));
    await this.ask(trackerCommands.syncReport.code, SyncReport.encode({ stamps: list }));
  }

  /** 88. Returns the status byte. */
  async tellSource(sourceStorageId: string, untilSeconds = 0): Promise<number> {
    const request = SyncDescriptor.encode({ sourceStorageId, untilSeconds });
    return (await this.ask(trackerCommands.syncNotify.code, request)).status;
  }

  /** 76 about another storage. */
  async report(other: StorageInTest, status: StorageStatus): Promise<number> {
    const storage = {
      status: storageStatuses[status].value,
      storagePort: 0,
      storageId: other.ip,
      storageIp: other.ip,
    };
    const request = StatusReport.encode({ groupName: this.facts.groupName, storage });
    return (await this.ask(trackerCommands.reportStatus.code, request)).status;
  }

  /** 120: how far it has fed its peers; what is not said is as of one that is caught up. */
  reportReplication(...peers: (Partial<PeerReplication> & Pick<PeerReplication, "storageId">)[]): Promise<Answer> {
    const report = { peers: peers.map((peer) => ({ ...caughtUp, ...peer })) };
    return this.ask(trackerCommands.reportReplication.code, ReplicationReport.encode(report));
  }

  /** 126; what is not said is as of one that has little to do. */
  reportLoad(report: Partial<LoadReport>): Promise<Answer> {
    return this.ask(trackerCommands.reportLoad.code, LoadReport.encode({ ...littleLoad, ...report }));
  }

  ask(code: number, body?: Buffer): Promise<Answer> {
    return this.tracker.ask(this.connection, code, body);
  }

  disconnect(): void {
    this.connection.close();
    this.connection = this.tracker.connect(this.ip);
  }
}

/** One group with members in the states that the recipe leaves them: the first ACTIVE, the others WAIT_SYNC. */
export async function groupOf(tracker: TrackerInMemory, ...ips: string[]): Promise<StorageInTest[]> {
  const storages: StorageInTest[] = [];
  for (const ip of ips) storages.push(await new StorageInTest(tracker, ip).start());
  return storages;
}

/** …all of them filled and ACTIVE. */
export async function activeGroup(tracker: TrackerInMemory, ...ips: string[]): Promise<StorageInTest[]> {
  const storages = await groupOf(tracker, ...ips);
  for (const storage of storages.slice(1)) {
    await storages[0]!.report(storage, "OFFLINE");
    await storage.reportDisks(5000);
  }
  return storages;
}

/** The name of a file that this storage took. */
export function nameFrom(ip: string, createdSeconds: number, kind: "normal" | "appender" = "normal"): string {
  const name = { source: sourceOfIp(ip), createdSeconds, kind, fileBytes: 100, crc32: 1, extension: "txt" };
  return `M00/00/00/${composeName(name, 0, "123.txt")}`;
}

/** A client that asks where to go. */
export class ClientInTest {
  private readonly tracker: TrackerInMemory;
  private readonly session: FakeSession;

  constructor(tracker: TrackerInMemory, ip = "10.96.0.100") {
    this.tracker = tracker;
    this.session = tracker.connect(ip);
  }

  /** "10.96.0.11/0", or the status byte. */
  async upload(groupName?: string): Promise<string | number> {
    const answer =
      groupName === undefined
        ? await this.tracker.ask(this.session, 101)
        : await this.tracker.ask(this.session, 104, GroupRequest.encode({ groupName }));
    if (answer.status !== 0) return answer.status;
    const { storageIp, storePathIndex } = StoreTarget.decode(answer.body);
    return `${storageIp}/${storePathIndex}`;
  }

  /** The address, or the status byte. */
  async find(code: 102 | 103, logicalName: string, groupName = "group1"): Promise<string | number> {
    const answer = await this.tracker.ask(this.session, code, FileQuery.encode({ groupName, logicalName }));
    return answer.status === 0 ? FileLocation.decode(answer.body).storageIp : answer.status;
  }
}
