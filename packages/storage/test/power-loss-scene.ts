// Members of a group on the simulated world that repair themselves after a power cut as a storage does, without trackers: who
// is in the group is told by the scene, and replication is done by hand.
import { crc32, type ErrorKind, FdfsError } from "@fastdfs-ts/protocol";
import { Deadlines, Logger, type LogRecord } from "@fastdfs-ts/runtime";
import {
  checkStore,
  contentOf,
  type CrashKind,
  type FoundFile,
  type SimHost,
  SimWorld,
  storedFiles,
} from "@fastdfs-ts/simulation";
import { statedContent } from "../src/files/stated-content.ts";
import type { GroupMember, GroupPicture } from "../src/recovery/group-picture.ts";
import { MemberRepair, uncertainTime } from "../src/recovery/member-repair.ts";
import { PendingRepair } from "../src/recovery/pending-repair.ts";
import { RunningFile } from "../src/recovery/running-file.ts";
import { HandReplicator } from "./hand-replicator.ts";
import { type ServedStore, serveStore } from "./served-store.ts";
import { StoreClient } from "./store-client.ts";

export const DIRECTORY = "/store";
const PORT = 23000;

export class Member {
  readonly address: string;
  readonly host: SimHost;
  readonly logged: LogRecord[] = [];
  served: ServedStore | undefined;
  readonly failures: unknown[] = [];
  private repair: MemberRepair | undefined;
  private readonly scene: Scene;

  constructor(scene: Scene, address: string) {
    this.scene = scene;
    this.address = address;
    this.host = scene.world.host(address);
  }

  get store() {
    return this.served!.store;
  }

  /** Starts it as a storage does, in the host's present life. */
  async start(): Promise<void> {
    const { world } = this.host;
    world.disk.makeDirectory(`${DIRECTORY}/data`);
    const pending = PendingRepair.open(world.disk, DIRECTORY);
    const log = Logger.create({
      sink: { write: (record) => void this.logged.push(record), close() {} },
      clock: world.clock,
      level: "info",
    });
    const run = { ...world, log, basePath: DIRECTORY };
    const lastLife = RunningFile.lastLife(run);
    if (lastLife.kind === "dark") pending.requireAfterPowerLoss(uncertainTime(lastLife), world.clock.now());
    const running = RunningFile.begin(run);
    this.served = await this.scene.world.run(
      serveStore({
        directory: DIRECTORY,
        world,
        address: this.address,
        listenHost: this.address,
        log,
        port: PORT,
        config: { subdirCountPerPath: 2, distributeRotateCount: 5, binlogFlushIntervalMs: 1000 },
        talksAsC: this.scene.talksAsC,
        powerLossMs: pending.powerLossMs,
        beforeService: async (store) => {
          running.watchLog(() => store.binlog.position);
          this.repair = new MemberRepair({
            store,
            pending,
            clock: world.clock,
            log,
            dialing: {
              network: world.network,
              deadlines: Deadlines.open(world.clock, 50),
              connectTimeoutMs: 1000,
              networkTimeoutMs: 5000,
              groupName: "group1",
              ownId: this.address,
            },
            askForGroup: () => Promise.resolve(this.scene.pictureFor(this)),
          });
          await this.repair.beforeService();
        },
      }),
    );
    this.repair!.whileServing(new AbortController().signal).catch((error: unknown) => this.failures.push(error));
  }

  /** Whether it may not give another member anything yet. */
  owesRepairTo({ address }: Member): boolean {
    return this.repair?.isOwedTo(address) === true;
  }

  get owesRepair(): boolean {
    return PendingRepair.open(this.host.world.disk, DIRECTORY).state !== undefined;
  }

  crash(kind: CrashKind): void {
    this.host.crash(kind);
    this.scene.crashed(this);
    if (kind === "power") this.scene.lostPower(this);
    this.served = undefined;
  }

  async restart(): Promise<void> {
    this.host.restart();
    await this.start();
  }

  files(): Map<string, FoundFile> {
    return checkStore(this.host.world.disk, DIRECTORY, { mayOrphanMetadata: true });
  }
}

export class Scene {
  readonly world: SimWorld;
  readonly members: readonly Member[];
  readonly talksAsC: boolean;
  /** Members that nothing is replicated to for now. */
  readonly cutOff = new Set<Member>();
  /** Members that are new to the group and do not hold everything yet. */
  readonly filled = new Set<Member>();
  private readonly replicators = new Map<string, HandReplicator>();
  private readonly clientHost: SimHost;
  /** Names of files that clients have deleted. */
  readonly deleted = new Set<string>();
  /** Files that clients were told of. */
  told = 0;
  /** By member: names of files that clients were told of, and which are appenders. */
  private readonly names = new Map<string, Map<string, "normal" | "appender">>();

  private constructor(seed: string, count: number, talksAsC: boolean) {
    this.world = SimWorld.create(seed);
    this.talksAsC = talksAsC;
    this.clientHost = this.world.host("10.0.9.9");
    this.members = Array.from({ length: count }, (_, index) => new Member(this, `10.0.1.${index + 1}`));
  }

  static async open(seed: string, count: number, talksAsC = false): Promise<Scene> {
    const scene = new Scene(seed, count, talksAsC);
    for (const member of scene.members) await member.start();
    // What the first start left is on the disks.
    await scene.world.runFor(60_000);
    return scene;
  }

  pictureFor(member: Member): GroupPicture {
    const others = this.members
      .filter((other) => other !== member)
      .map((other): GroupMember => ({
        storageId: other.address,
        endpoint: { host: other.address, port: PORT },
        status: this.filled.has(other) ? "SYNCING" : other.served === undefined ? "OFFLINE" : "ACTIVE",
        isReadable: true,
        storePathCount: 1,
      }));
    return { ownStatus: "OFFLINE", ownJoinSeconds: 1, others };
  }

  /**
   * One random operation of a client at a member, on files of its own: that is where trackers send changes, and changes of
   * one file at several members at the same time are settled by no rule. What fails is not answered.
   */
  async operate(member: Member): Promise<void> {
    try {
      await this.at(member, (client) => this.choose(client, this.own(member)));
    } catch (error) {
      if (!(error instanceof FdfsError) || !expectedFailures.has(error.kind)) throw error;
    }
  }

  /** What a client does at a member. */
  async at<T>(member: Member, act: (client: StoreClient) => Promise<T>): Promise<T> {
    const { clock, network } = this.clientHost.world;
    const deadlines = Deadlines.open(clock, 50);
    const client = await StoreClient.dial(network, deadlines, { host: member.address, port: PORT });
    try {
      return await act(client);
    } finally {
      client.close();
      deadlines.close();
    }
  }

  private own({ address }: Member): Map<string, "normal" | "appender"> {
    const names = this.names.get(address) ?? new Map<string, "normal" | "appender">();
    this.names.set(address, names);
    return names;
  }

  private async choose(client: StoreClient, names: Map<string, "normal" | "appender">): Promise<void> {
    const { random } = this.world;
    const content = random.bytes(1 + random.below(random.chance(0.2) ? 40_000 : 3000));
    const dice = random.below(13);
    const name = pick([...names.keys()], random.below(1000));
    const appender = pick(
      [...names].filter(([, kind]) => kind === "appender").map(([each]) => each),
      random.below(1000),
    );
    if (dice < 4 || name === undefined) this.told++;
    if (dice < 4 || name === undefined) names.set(await client.upload(content), "normal");
    else if (dice < 5 || appender === undefined) names.set(await client.uploadAppender(content), "appender");
    else if (dice < 7) await client.append(appender, content);
    else if (dice < 8) await client.setMetadata(name, "O", Buffer.from(`n\x02${random.below(1e9)}`));
    else if (dice < 9) await client.uploadSlave(name, `_${random.below(1000)}`, content);
    else if (dice < 10) {
      names.delete(name);
      this.deleted.add(name);
      await client.delete(name);
    } else if (dice < 11) await client.truncate(appender, random.below(4000));
    else if (dice < 12) await client.modify(appender, 0, content);
    else {
      names.delete(appender);
      names.set(await client.regenerate(appender), "normal");
    }
  }

  /** Its process ends and another one starts, while the machine goes on. */
  async kill(member: Member): Promise<void> {
    member.crash("process");
    await member.restart();
  }

  crashed({ address }: Member): void {
    for (const [key, replicator] of this.replicators) {
      if (key.startsWith(`${address} `)) replicator.restarted(this.world.nowMs);
    }
  }

  /** Those that feed it go back. */
  lostPower({ address }: Member): void {
    for (const [key, replicator] of this.replicators) {
      if (key.endsWith(` ${address}`)) replicator.peerLostPower();
    }
  }

  /** Some of what members have for each other is delivered; all of it without a limit. */
  replicate(records?: () => number): void {
    for (let isMore = true; isMore;) {
      isMore = false;
      for (const from of this.members) {
        for (const to of this.members) {
          if (from === to || from.served === undefined || to.served === undefined || this.cutOff.has(to)) continue;
          if (from.owesRepairTo(to)) continue;
          const key = `${from.address} ${to.address}`;
          const replicator = this.replicators.get(key) ?? new HandReplicator();
          this.replicators.set(key, replicator);
          const count = records === undefined ? 1000 : records();
          const hasMore = replicator.replicate(from.store, to.store, count, this.world.nowMs);
          if (hasMore && records === undefined) isMore = true;
        }
      }
    }
  }
}

/** A member may not have the file yet, or any more, or its power fails. */
const expectedFailures: ReadonlySet<ErrorKind> = new Set([
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "CONNECTION_LOST",
  "TIMED_OUT",
  "UNREACHABLE",
]);

function pick<T>(items: readonly T[], at: number): T | undefined {
  return items[at % Math.max(items.length, 1)];
}

/** Normal files on the disk of a machine, which may be down, that are as their names state. */
export function wholeFiles({ host }: Member): string[] {
  const files = [...storedFiles({ host, storePaths: [`${DIRECTORY}/path0`] })];
  const isWhole = ([name, inode]: (typeof files)[number]) => {
    const stated = statedContent(name);
    if (stated === undefined || inode.kind !== "file") return false;
    const content = contentOf(inode);
    return content.length === stated.bytes && crc32(0, content) === stated.crc32;
  };
  return files.filter(isWhole).map(([name]) => name);
}

/** Names whose files differ between members. */
export function differences(scene: Scene, isOfInterest: (name: string) => boolean = () => true): string[] {
  const all = scene.members.map((member) => member.files());
  const names = new Set(all.flatMap((files) => [...files.keys()]));
  return [...names]
    .filter(isOfInterest)
    .filter((name) => all.some((files) => files.get(name)?.content.equals(all[0]!.get(name)?.content ?? none) !== true))
    .map((name) => `${name}: ${all.map((files) => files.get(name)?.content.length ?? "-").join(" ")}`);
}
const none = Buffer.from("no such file");
