// A disk of one member is replaced by an empty one. The real tracker, the real storages, on virtual time.
import { Deadlines, type StorageConfig } from "@fastdfs-ts/runtime";
import { RpcConnection } from "@fastdfs-ts/rpc";
import { FdfsError, storageCommands } from "@fastdfs-ts/protocol";
import { describe, expect, it } from "vitest";
import { SimCluster, type SimMember } from "../src/sim-cluster.ts";
import type { CrashKind } from "../src/sim-host.ts";
import { storedTree } from "./stored-tree.ts";

const DISK = "/disk0";

interface Scene {
  readonly cluster: SimCluster;
  readonly source: SimMember;
  /** Its process does not run. */
  readonly victim: SimMember;
  /** Names of what its log file said, in order. */
  readonly logged: string[];
}

/** Two members, files of every kind at the first one; the other has been killed. */
async function scene(seed: string, files = 6, storageConfig: Partial<StorageConfig> = {}): Promise<Scene> {
  const cluster = await SimCluster.start({
    seed,
    groups: [2],
    storePaths: [DISK],
    storageConfig: { diskRecoveryThreads: 2, ...storageConfig },
  });
  const logged: string[] = [];
  cluster.observeLogs((host, record) => {
    if (host === victim!.host) logged.push(record.message);
  });
  const [source, victim] = cluster.members;
  const { world } = cluster;
  // The kernel has written what the start left, so that a power cut takes only what the recovery did.
  await world.runFor(40_000);
  victim!.process.kill("process");
  await world.runUntil(
    () => cluster.trackers[0]!.server!.cluster.findGroup("group1")!.find(victim!.id)!.status === "OFFLINE",
  );
  const client = cluster.openClient();
  for (let at = 0; at < files; at++) {
    const content = world.random.bytes(1 + world.random.below(at === 0 ? 300_000 : 3000));
    const { fileId } = await world.run(client.upload(content, { extension: "bin", appender: at % 3 === 1 }));
    if (at % 3 === 1) await world.run(client.append(fileId, world.random.bytes(500)));
    if (at % 3 === 2) await world.run(client.setMetadata(fileId, { size: "large" }));
    if (at === 0) {
      await world.run(client.uploadSlave(fileId, "_small", world.random.bytes(100)));
      await world.run(link(cluster, source!, fileId));
    }
    if (at === 3) await world.run(client.delete(fileId));
  }
  await world.run(client.close());
  return { cluster, source: source!, victim: victim!, logged };
}

async function link(cluster: SimCluster, { host }: SimMember, fileId: string): Promise<void> {
  const { network, clock } = cluster.world.host("10.0.201.1").world;
  const deadlines = Deadlines.open(clock, 50);
  const endpoint = { host: host.address, port: 23000 };
  const connection = await RpcConnection.dial(network, endpoint, { connectTimeoutMs: 1000, deadlines });
  const request = {
    groupName: "group1",
    sourceName: fileId.slice("group1/".length),
    masterName: "",
    slavePrefix: "",
    extension: "",
    signature: Buffer.of(1),
  };
  await connection.call(storageCommands.createLink, request, { timeoutMs: 1000 });
  connection.end();
  deadlines.close();
}

const treeOf = ({ host }: SimMember) => storedTree(host.world.disk, DISK);
const leftovers = ({ host }: SimMember) =>
  host.world.disk.readDirectory(`${DISK}/data`).filter((name) => /recovery|accept/.test(name));

describe("a disk that was replaced", () => {
  it("is filled from another member before the storage listens", async () => {
    const { cluster, source, victim, logged } = await scene("replaced");
    const { world } = cluster;
    const statuses = new Set<string>();
    victim.host.disks.replace(DISK);
    victim.process.start();
    await world.runUntil(() => {
      statuses.add(cluster.trackers[0]!.server!.cluster.findGroup("group1")!.find(victim.id)!.status);
      return victim.process.server !== undefined;
    });
    expect(treeOf(victim)).toEqual(treeOf(source));
    expect(treeOf(victim).size).toBeGreaterThan(7);
    expect(leftovers(victim)).toEqual([]);
    expect([...statuses]).toEqual(["OFFLINE", "RECOVERY"]);
    expect(logged).toContain("recovery.done");
    await cluster.untilInService();
    await cluster.stop();
  });

  it("keeps the times of the files", async () => {
    const { cluster, source, victim } = await scene("times");
    victim.host.disks.replace(DISK);
    victim.process.start();
    await cluster.world.runUntil(() => victim.process.server !== undefined);
    for (const [name, content] of treeOf(source)) {
      if (content.startsWith("->") || name.endsWith(".log") || treeOf(source).size === 0) continue;
      const time = ({ host }: SimMember) => Math.floor(host.world.disk.stat(`${DISK}/data/${name}`)!.modifiedMs / 1000);
      expect(Math.abs(time(victim) - time(source)), name).toBeLessThanOrEqual(1);
    }
    await cluster.stop();
  });

  it.each(["process", "power"] satisfies CrashKind[])(
    "is filled although the recovery ends at each disk call (%s)",
    async (kind) => {
      // Every call of the first calls, where the path is prepared and the lists are made, and a sample of the rest.
      let call = 1;
      for (let isCut = true; isCut; call += call < 150 ? 3 : 17) {
        const { cluster, source, victim } = await scene(`cut ${kind} ${call}`, 5);
        const { world } = cluster;
        victim.host.disks.replace(DISK);
        victim.host.crashAtDiskCall(call + 1, kind);
        victim.process.start();
        await world.runUntil(() => !victim.host.isUp || victim.process.server !== undefined);
        isCut = !victim.host.isUp;
        // Looking at the disk makes calls, too.
        victim.host.crashAtDiskCall(Infinity, kind);
        if (isCut) {
          victim.process.kill(kind);
          victim.process.start();
          await world.runUntil(() => victim.process.server !== undefined);
        }
        expect(treeOf(victim), `call ${call}`).toEqual(treeOf(source));
        expect(leftovers(victim)).toEqual([]);
        await cluster.stop();
      }
      expect(call).toBeGreaterThan(200);
    },
  );

  it("waits, saying why, while no member can give the files", async () => {
    const { cluster, source, victim, logged } = await scene("nobody there");
    const { world } = cluster;
    source.process.kill("process");
    await world.runFor(2000);
    victim.host.disks.replace(DISK);
    victim.process.start();
    await world.runFor(60_000);
    expect(victim.process.server).toBeUndefined();
    expect(victim.process.failure).toBeUndefined();
    expect(logged.filter((event) => event === "recovery.waiting")).toHaveLength(1);
    source.process.start();
    await world.runUntil(() => victim.process.server !== undefined);
    expect(treeOf(victim)).toEqual(treeOf(source));
    await cluster.stop();
  });

  it("goes on with the source when it comes back in the middle", async () => {
    const { cluster, source, victim } = await scene("source restarts", 30);
    const { world } = cluster;
    victim.host.disks.replace(DISK);
    victim.process.start();
    await world.runUntil(() => treeOf(victim).size > 3);
    source.process.kill("process");
    await world.runFor(20_000);
    source.process.start();
    await world.runUntil(() => victim.process.server !== undefined);
    expect(treeOf(victim)).toEqual(treeOf(source));
    await cluster.stop();
  });
});

/** One member of its own, with a file; it has been killed. */
async function alone(seed: string): Promise<Scene> {
  const cluster = await SimCluster.start({ seed, groups: [1], storePaths: [DISK] });
  const [victim] = cluster.members;
  await cluster.world.runFor(40_000);
  const client = cluster.openClient();
  await cluster.world.run(client.upload(Buffer.from("the only copy")));
  await cluster.world.run(client.close());
  victim!.process.kill("process");
  return { cluster, source: victim!, victim: victim!, logged: [] };
}

describe("an empty disk whose files nobody else has", () => {
  it("is refused, with what to do", async () => {
    const { cluster, victim } = await alone("refused");
    victim.host.disks.replace(DISK);
    victim.process.start();
    await cluster.world.runUntil(() => victim.process.failure !== undefined);
    expect(victim.process.failure).toBeInstanceOf(FdfsError);
    expect(String(victim.process.failure)).toMatch(
      /not mounted.*create the file \/disk0\/accept-empty and start again/,
    );
    expect(victim.host.restart().disk.readDirectory(DISK)).toEqual([]);
  });

  it("is taken when a person accepts the loss, once", async () => {
    const { cluster, victim } = await alone("accepted");
    victim.host.disks.replace(DISK);
    victim.process.start();
    await cluster.world.runUntil(() => victim.process.failure !== undefined);
    victim.host.restart().disk.open(`${DISK}/accept-empty`, "create").close();
    await cluster.world.runUntil(() => victim.process.server !== undefined);
    expect(victim.host.world.disk.readDirectory(DISK)).toEqual(["data"]);
    await cluster.untilInService();
    await cluster.stop();
  });
});

describe("a store path of somebody else", () => {
  it.each([
    ["another storage's disk", (victim: SimMember, source: SimMember) => markOf(source)],
    ["the disk of another of its own paths", (victim: SimMember) => markOf(victim)],
  ])("is refused: %s", async (_, mark) => {
    const cluster = await SimCluster.start({ seed: "marks", groups: [2], storePaths: [DISK, "/disk1"] });
    const [source, victim] = cluster.members as [SimMember, SimMember];
    victim.process.kill("process");
    const { disk } = victim.host.restart();
    const text = mark(victim, source);
    const file = disk.open("/disk1/data/.fastdfs_vars", "replace");
    file.write(Buffer.from(text), 0, text.length, 0);
    file.close();
    victim.process.start();
    await cluster.world.runUntil(() => victim.process.failure !== undefined);
    expect(String(victim.process.failure)).toMatch(
      /store_path1 .*belongs to the storage 10\.0\.1\..*which marked it as/,
    );
  });

  function markOf({ host }: SimMember): string {
    return host.world.disk.readFile(`${DISK}/data/.fastdfs_vars`).toString();
  }
});

describe("a member whose base path is new", () => {
  /** Everything that the member had is gone, also what it knew of itself. */
  async function replaceAll({ cluster, victim }: Scene): Promise<void> {
    victim.host.disks.replace(DISK);
    victim.host.disks.replace("/fastdfs");
    const { disk } = victim.host.restart();
    for (const path of ["/fastdfs", DISK]) disk.makeDirectory(path);
    await cluster.world.runFor(1000);
    victim.process.start();
  }

  it("joins as a new one, to which all files have to be copied", async () => {
    const played = await scene("new base path");
    const { cluster, source, victim, logged } = played;
    await replaceAll(played);
    const group = cluster.trackers[0]!.server!.cluster.findGroup("group1")!;
    const seen: string[] = [];
    await cluster.world.runUntil(() => {
      const { status } = group.find(victim.id)!;
      if (seen.at(-1) !== status) seen.push(status);
      return status === "WAIT_SYNC";
    });
    expect(seen).toEqual(["OFFLINE", "DELETED", "INIT", "WAIT_SYNC"]);
    expect(group.find(victim.id)!.syncSource?.id).toBe(source.id);
    expect(logged).toContain("member.replaced");
    await cluster.stop();
  });

  it("is refused if nobody else has its files, until a person accepts the loss", async () => {
    const played = await alone("new base path, alone");
    const { cluster, victim } = played;
    await replaceAll(played);
    await cluster.world.runUntil(() => victim.process.failure !== undefined);
    expect(String(victim.process.failure)).toMatch(/complete member.*create the file \/fastdfs\/accept-empty-member/);
    victim.host.restart().disk.open("/fastdfs/accept-empty-member", "create").close();
    await cluster.world.runUntil(() => victim.process.server !== undefined);
    await cluster.untilInService();
    expect(victim.host.world.disk.readDirectory("/fastdfs")).not.toContain("accept-empty-member");
    await cluster.stop();
  });
});
