// A file store on a fresh directory of the real disk, served on loopback, without a tracker: for tests of what a
// storage does with requests.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Route, RpcServer } from "@fastdfs-ts/rpc";
import {
  Deadlines,
  defaultStorageConfig,
  Logger,
  nullSink,
  ShutdownStack,
  type StorageConfig,
  type World,
} from "@fastdfs-ts/runtime";
import { nodeWorld } from "@fastdfs-ts/runtime/node";
import type { FileStore } from "../src/files/file-store.ts";
import { DataInitFile } from "../src/formats/data-init-file.ts";
import { storageIdentity } from "../src/identity.ts";
import { type FileServiceRules, openFileStore } from "../src/open-file-store.ts";
import { Introductions } from "../src/replication/introductions.ts";
import { ReadThrough } from "../src/replication/read-through.ts";
import { ReceivedStamps } from "../src/replication/received-stamps.ts";
import { fileRoutes } from "../src/service/file-routes.ts";
import { replicaRoutes } from "../src/service/replica-routes.ts";
import type { Peer } from "../src/tracker-link/membership-view.ts";

const LAST_COMMAND_OF_C = 111;

export interface ServedStore {
  readonly directory: string;
  readonly port: number;
  readonly store: FileStore;
  readonly server: RpcServer;
  /** How far peers have pushed. */
  readonly stamps: ReceivedStamps;
  readonly troubles: unknown[];
  /** Requests that could not be served because of the disk. */
  readonly failures: unknown[];
  /** Stops serving; the directory stays. */
  stop(): Promise<void>;
  /** Stops and removes the directory. */
  remove(): Promise<void>;
}

export interface ServeStoreOptions {
  readonly directory?: string;
  readonly storePathCount?: number;
  readonly groupName?: string;
  readonly world?: World;
  readonly config?: Partial<StorageConfig>;
  /** The address this storage believes to have; names of its files carry it unless it has a `numericId`. */
  readonly address?: string;
  readonly numericId?: string;
  readonly rules?: Partial<FileServiceRules>;
  /** reserved_storage_space */
  readonly reserveBytes?: number;
  readonly maxConnections?: number;
  readonly networkTimeoutMs?: number;
  /** The other members of the group; none are known if not given. */
  readonly peers?: () => readonly Peer[];
  /** Address to bind; loopback if not given. */
  readonly listenHost?: string;
  /** Nobody's if not given. */
  readonly log?: Logger;
  /** Port to bind; any if not given. */
  readonly port?: number;
  /** Whether it knows none of our own commands, as a C server. */
  readonly talksAsC?: boolean;
  /** When it was found that the machine had lost its power, Unix milliseconds; never if not given. */
  readonly powerLossMs?: number;
  readonly isRepairDue?: boolean;
  readonly wasKilled?: boolean;
  /** Called when the disks are open, before anybody is answered. */
  readonly beforeService?: (store: FileStore) => Promise<void>;
}

export async function serveStore(options: ServeStoreOptions = {}): Promise<ServedStore> {
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), "fdfs-store-"));
  const world = options.world ?? nodeWorld();
  const stack = new ShutdownStack();
  const troubles: unknown[] = [];
  const failures: unknown[] = [];
  for (let i = 0; i < (options.storePathCount ?? 1); i++) world.disk.makeDirectory(`${directory}/path${i}`);
  world.disk.makeDirectory(`${directory}/data`);
  const config = defaultStorageConfig({
    basePath: directory,
    trackerServers: [{ hosts: ["127.0.0.1"], port: 22122 }],
    storePaths: Array.from({ length: options.storePathCount ?? 1 }, (_, i) => ({
      path: `${directory}/path${i}`,
      readOnly: false,
    })),
    subdirCountPerPath: 4,
    ...options.config,
  });
  const log = options.log ?? Logger.create({ sink: nullSink, clock: world.clock, level: "info" });
  const identity = storageIdentity({
    groupName: options.groupName ?? "group1",
    addresses: [options.address ?? "127.0.0.1"],
    port: 23000,
    numericId: options.numericId,
    idTypeInFileName: options.numericId === undefined ? "ip" : "id",
  });
  const store = await openFileStore({
    config,
    world,
    log,
    identity,
    initFile: DataInitFile.open(world.disk, directory, Math.floor(world.clock.now() / 1000)),
    rules: () => ({
      storePathChoice: 0,
      reserve: { kind: "bytes", bytes: options.reserveBytes ?? 0 },
      addressBytes: 16,
      addressOfStorageId: () => "",
      ...options.rules,
    }),
    stack,
    isRepairDue: options.isRepairDue ?? false,
    wasKilled: options.wasKilled ?? false,
  });
  const stamps = ReceivedStamps.open({ disk: world.disk, clock: world.clock, log, basePath: directory });
  stack.defer(() => stamps.close());
  const introductions = new Introductions();
  const networkTimeoutMs = options.networkTimeoutMs ?? 30_000;
  const deadlines = Deadlines.open(world.clock, 50);
  stack.defer(() => deadlines.close());
  const peers = options.peers ?? (() => []);
  const readThrough = new ReadThrough({
    ...{ network: world.network, clock: world.clock, deadlines, log, stamps, introductions, networkTimeoutMs },
    connectTimeoutMs: networkTimeoutMs,
    localAddress: options.listenHost,
    ownSource: store.source,
    peers,
    deletions: store.deletions,
  });
  stack.defer(() => readThrough.close());
  const services = { introductions, stamps, powerLossMs: options.powerLossMs ?? 0 };
  await options.beforeService?.(store);
  const isKnown = ({ code }: Route) => options.talksAsC !== true || code <= LAST_COMMAND_OF_C;
  const server = await RpcServer.listen({
    network: world.network,
    clock: world.clock,
    listen: { hosts: [options.listenHost ?? "127.0.0.1"], port: options.port ?? 0 },
    routes: [...fileRoutes(store, { readThrough, peers }), ...replicaRoutes(store, services)].filter(isKnown),
    maxConnections: options.maxConnections ?? 100,
    networkTimeoutMs,
    closeOnBadRequest: true,
    // What the disk refuses is told to the operator; it is no defect.
    onTrouble: (trouble) => (trouble.kind === "request-failed" ? failures : troubles).push(trouble),
  });
  stack.defer(() => server.stop(1000));
  const stop = () => stack[Symbol.asyncDispose]();
  return {
    directory,
    port: server.local.port,
    store,
    server,
    stamps,
    troubles,
    failures,
    stop,
    async remove() {
      await stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
