// Our tracker and storages started on what C servers left: they know who they are, serve every file, go on where the
// others stood, and leave what C could start on.
import { createHash } from "node:crypto";
import { FastDfsClient } from "@fastdfs-ts/client";
import { FdfsError, parseFileId, splitFileId, storageCommands } from "@fastdfs-ts/protocol";
import { RpcConnection } from "@fastdfs-ts/rpc";
import {
  type Clock,
  Deadlines,
  defaultStorageConfig,
  defaultTrackerConfig,
  type Disk,
  Logger,
  nullSink,
} from "@fastdfs-ts/runtime";
import { openStorage, type StorageServer } from "@fastdfs-ts/storage";
import { openTracker, type TrackerServer } from "@fastdfs-ts/tracker";
import { describe, expect, it } from "vitest";
import type { SimHost } from "../src/sim-host.ts";
import { SimWorld } from "../src/sim-world.ts";
import { installRoot, type LiveFile, manifestOf, unpackTo } from "./c-directory.ts";

const TRACKER = "10.98.0.1";
const STORAGES = [
  { name: "storage1", address: "10.98.0.11", peer: "10.98.0.12" },
  { name: "storage2", address: "10.98.0.12", peer: "10.98.0.11" },
] as const;
/** The day on which the directories were made. */
const MADE_MS = 1_795_322_000_000;
const SUBDIRECTORIES = 256;

class Cluster {
  readonly world: SimWorld;
  readonly hosts: ReadonlyMap<string, SimHost>;
  tracker!: TrackerServer;
  readonly storages: StorageServer[] = [];

  constructor(archive: string) {
    this.world = SimWorld.create(archive);
    const addresses = [TRACKER, ...STORAGES.map(({ address }) => address), "10.98.0.100"];
    this.hosts = new Map(addresses.map((address) => [address, this.world.host(address)]));
    for (const host of this.hosts.values()) host.wallClock.startMs = MADE_MS;
    unpackTo(this.disk(TRACKER), archive, ["tracker"]);
    for (const { name, address } of STORAGES) {
      unpackTo(this.disk(address), archive, [name, `${name}-p0`, `${name}-p1`]);
      // Empty directories are not in the archive. C and we look at the first and the last; new files go to the first ones.
      const directories = ["00/00", "00/01", "00/02", "00/03", "00/04", "00/05", "FF/FF"];
      for (const path of [`${name}-p0`, `${name}-p1`]) {
        for (const directory of directories)
          this.disk(address).makeDirectory(`${installRoot}/${path}/data/${directory}`);
      }
    }
  }

  disk(address: string) {
    return this.hosts.get(address)!.world.disk;
  }

  async start(): Promise<void> {
    const { world } = this.hosts.get(TRACKER)!;
    const config = defaultTrackerConfig({
      basePath: `${installRoot}/tracker`,
      port: 22122,
      reservedSpace: { kind: "bytes", bytes: 1 },
    });
    this.tracker = await this.world.run(openTracker(config, world, { log: quiet(world.clock) }));
    for (const { name, address } of STORAGES) this.storages.push(await this.startStorage(name, address));
    await this.untilActive();
    await this.world.runFor(10_000);
  }

  startStorage(name: string, address: string): Promise<StorageServer> {
    const storage = this.hosts.get(address)!.world;
    const config = defaultStorageConfig({
      basePath: `${installRoot}/${name}`,
      groupName: "group1",
      port: 23000,
      trackerServers: [{ hosts: [TRACKER], port: 22122 }],
      storePaths: [0, 1].map((index) => ({ path: `${installRoot}/${name}-p${index}`, readOnly: false })),
      subdirCountPerPath: SUBDIRECTORIES,
      heartBeatIntervalMs: 3000,
      statReportIntervalMs: 5000,
    });
    return this.world.run(openStorage(config, storage, { log: quiet(storage.clock) }));
  }

  untilActive(): Promise<void> {
    return this.world.runUntil(() => {
      const members = this.tracker.cluster.findGroup("group1")?.members ?? [];
      return members.length === 2 && members.every(({ status }) => status === "ACTIVE");
    });
  }

  async stop(): Promise<void> {
    for (const storage of this.storages) await this.world.run(storage.stop());
    await this.world.run(this.tracker.stop());
  }

  client(): FastDfsClient {
    return FastDfsClient.open({ trackers: [`${TRACKER}:22122`] }, this.hosts.get("10.98.0.100")!.world);
  }
}

const quiet = (clock: Clock) => Logger.create({ sink: nullSink, clock, level: "error" });

/** A connection to one storage, asked for files directly. */
class Reader {
  private readonly cluster: Cluster;
  private readonly address: string;
  private readonly deadlines: Deadlines;

  constructor(cluster: Cluster, address: string) {
    this.cluster = cluster;
    this.address = address;
    this.deadlines = Deadlines.open(cluster.hosts.get("10.98.0.100")!.world.clock, 50);
  }

  private with<T>(use: (connection: RpcConnection) => Promise<T>): Promise<T> {
    const { network } = this.cluster.hosts.get("10.98.0.100")!.world;
    const endpoint = { host: this.address, port: 23000 };
    return this.cluster.world.run(
      (async () => {
        const connection = await RpcConnection.dial(network, endpoint, {
          connectTimeoutMs: 1000,
          deadlines: this.deadlines,
        });
        try {
          return await use(connection);
        } finally {
          connection.destroy();
        }
      })(),
    );
  }

  read(fileId: string): Promise<Buffer> {
    return this.with(async (connection) => {
      const request = { offset: 0, countBytes: 0, ...splitFileId(fileId) };
      const incoming = await connection.fetch(storageCommands.downloadFile, request, { timeoutMs: 5000 });
      const pieces: Buffer[] = [];
      for (let piece = await incoming.next(); piece !== undefined; piece = await incoming.next()) pieces.push(piece);
      return Buffer.concat(pieces);
    });
  }

  info(fileId: string) {
    return this.with((connection) =>
      connection.call(storageCommands.queryFileInfo, splitFileId(fileId), { timeoutMs: 5000 }),
    );
  }

  metadata(fileId: string): Promise<string> {
    return this.with(async (connection) => {
      const answer = await connection.call(storageCommands.getMetadata, splitFileId(fileId), { timeoutMs: 5000 });
      return answer.metadata.toString("latin1");
    });
  }

  close(): void {
    this.deadlines.close();
  }
}

const kindOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "no error",
    (error: unknown) => (error instanceof FdfsError ? error.kind : String(error)),
  );

async function expectServed(reader: Reader, file: LiveFile): Promise<void> {
  const info = await reader.info(file.file_id);
  expect(info.fileBytes, file.file_id).toBe(file.size);
  // A link's name carries a random number, and a slave with a short name is taken for its master (storage-formats.md
  // §1.3.3, §1.7).
  const looksLikeMaster = file.kind === "slave" && parseFileId(file.file_id).kind !== "slave";
  if (file.kind !== "link" && !looksLikeMaster) expect(info.crc32, file.file_id).toBe(file.crc32);
  // An empty file cannot be read: every offset is behind its end.
  if (file.size > 0) {
    const content = await reader.read(file.file_id);
    expect(createHash("sha256").update(content).digest("hex"), file.file_id).toBe(file.sha256);
  }
  if (file.metadata.length === 0) expect(await kindOf(reader.metadata(file.file_id))).toBe("NOT_FOUND");
  else {
    const stored = file.metadata.map(([name, value]) => `${name}\x02${value}`).join("\x01");
    expect(await reader.metadata(file.file_id)).toBe(stored);
  }
}

describe.each(["c-data-dir-plain", "c-data-dir-trunk"])("%s", (archive) => {
  it("is served byte for byte, and goes on as a cluster", async () => {
    const manifest = manifestOf(archive);
    const cluster = new Cluster(archive);
    const before = new Map(STORAGES.map(({ name, address }) => [name, stateFiles(cluster, name, address)]));
    await cluster.start();
    expect(manifest.live.length).toBeGreaterThan(15);
    for (const { address } of STORAGES) {
      const reader = new Reader(cluster, address);
      for (const file of manifest.live) await expectServed(reader, file);
      for (const fileId of Object.keys(manifest.dead))
        expect(await kindOf(reader.read(fileId)), fileId).toBe("NOT_FOUND");
      reader.close();
    }
    // Nobody had anything left for the other, and nothing that C wrote has changed.
    for (const { name, address } of STORAGES) {
      const now = stateFiles(cluster, name, address);
      const old = before.get(name)!;
      expect(now.initFlag).toBe(old.initFlag);
      expect(now.binlog).toBe(old.binlog);
      expect(now.pathMarks).toEqual(old.pathMarks);
      expect(now.marks.map(({ file }) => file)).toEqual(old.marks.map(({ file }) => file));
    }

    const client = cluster.client();
    const { fileId } = await cluster.world.run(client.upload(Buffer.from("written by us"), { extension: "txt" }));
    await cluster.world.runFor(10_000);
    for (const { address } of STORAGES) {
      const reader = new Reader(cluster, address);
      expect((await reader.read(fileId)).toString()).toBe("written by us");
      reader.close();
    }
    await cluster.world.run(client.close());
    await cluster.stop();
    for (const { name, address } of STORAGES) expectFitForC(cluster, name, address, before.get(name)!.binlog);
  });
});

describe.each(["c-data-dir-plain", "c-data-dir-trunk"])("a disk of a member of %s that was replaced", (archive) => {
  it("is filled from the other member, trunk files as wholes", async () => {
    const manifest = manifestOf(archive);
    const cluster = new Cluster(archive);
    shortenTrunkFiles(cluster.disk(STORAGES[0].address), `${installRoot}/storage1-p0/data/00/00`);
    await cluster.start();
    const [, { name, address }] = STORAGES;
    await cluster.world.run(cluster.storages.pop()!.stop());
    removeTree(cluster.disk(address), `${installRoot}/${name}-p0/data`);
    cluster.storages.push(await cluster.startStorage(name, address));
    await cluster.untilActive();
    const reader = new Reader(cluster, address);
    for (const file of manifest.live) await expectServed(reader, file);
    reader.close();
    await cluster.stop();
  });
});

/** Their slots lie at the beginning; all the rest would only be carried through the simulated network. */
function shortenTrunkFiles(disk: Disk, folder: string): void {
  for (const name of disk.readDirectory(folder).filter((each) => /^\d{6}$/.test(each))) {
    const file = disk.open(`${folder}/${name}`, "write");
    file.truncate(64 * 1024);
    file.close();
  }
}

function removeTree(disk: Disk, path: string): void {
  for (const name of disk.readDirectory(path)) {
    const inside = `${path}/${name}`;
    if (disk.linkStat(inside)?.kind === "directory") removeTree(disk, inside);
    else disk.unlink(inside);
  }
  disk.removeDirectory(path);
}

interface StateFiles {
  readonly initFlag: string;
  readonly binlog: string;
  readonly pathMarks: readonly string[];
  readonly marks: readonly { readonly file: string; readonly text: string }[];
}

function stateFiles(cluster: Cluster, name: string, address: string): StateFiles {
  const disk = cluster.disk(address);
  const text = (path: string) => disk.readFile(`${installRoot}/${path}`).toString("latin1");
  const sync = `${installRoot}/${name}/data/sync`;
  return {
    initFlag: text(`${name}/data/.data_init_flag`),
    binlog: text(`${name}/data/sync/binlog.000`),
    pathMarks: [0, 1].map((index) => text(`${name}-p${index}/data/.fastdfs_vars`)),
    marks: disk
      .readDirectory(sync)
      .filter((file) => file.endsWith(".mark"))
      .map((file) => ({ file, text: text(`${name}/data/sync/${file}`) })),
  };
}

/** What storage-formats.md §8 asks of a directory on which C is to start. */
function expectFitForC(cluster: Cluster, name: string, address: string, oldBinlog: string): void {
  const { initFlag, binlog, marks } = stateFiles(cluster, name, address);
  const keys = [...initFlag.matchAll(/^(\w+)=/gm)].map(([, key]) => key);
  expect(keys).toEqual([
    "storage_join_time",
    "sync_old_done",
    "sync_src_server",
    "sync_until_timestamp",
    "last_ip_addr",
    "last_server_port",
    "current_trunk_file_id",
    "trunk_last_compress_time",
    "trunk_binlog_compress_stage",
    "store_path_mark0",
    "store_path_mark1",
  ]);
  expect(binlog.startsWith(oldBinlog)).toBe(true);
  expect(binlog.slice(oldBinlog.length)).toMatch(/^\d{10} [Cc] M0[01]\/[0-9A-F]{2}\/[0-9A-F]{2}\/[\w-]+\.txt\n$/);
  const disk = cluster.disk(address);
  expect(disk.readFile(`${installRoot}/${name}/data/sync/binlog_index.dat`).toString()).toBe(
    "current_write=0\ncurrent_compress=0\n",
  );
  for (const { file, text } of marks) {
    const values = new Map([...text.matchAll(/^(\w+)=(\d+)$/gm)].map(([, key, value]) => [key!, Number(value)]));
    expect([...values.keys()], file).toEqual([
      "binlog_index",
      "binlog_offset",
      "need_sync_old",
      "sync_old_done",
      "until_timestamp",
      "scan_row_count",
      "sync_row_count",
    ]);
    const offset = values.get("binlog_offset")!;
    expect(offset === 0 || binlog[offset - 1] === "\n", `${file}: the offset is at the start of a line`).toBe(true);
  }
}
