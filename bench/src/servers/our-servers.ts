// Our tracker and storage as processes, started by the command line as a user would, with the defaults of the
// C-compatible daemons. The storage is loaded directly, but it needs a tracker to join.
import { frame, StoreTargets, trackerCommands } from "@fastdfs-ts/protocol";
import { freePorts } from "@fastdfs-ts/testkit/free-ports";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Address } from "../load/load-connection.ts";
import { ask, isListening, type ServerProcess, startServer } from "./server-process.ts";

const GROUP = "group1";
const READY_MS = 60_000;
const POLL_MS = 50;
const FDFS = fileURLToPath(new URL("../../../packages/cli/bin/fdfs.js", import.meta.url));

interface OurStorage {
  readonly server: ServerProcess;
  readonly basePath: string;
  readonly storePath: string;
}

export interface OurCluster {
  readonly tracker: ServerProcess;
  /** The first member. */
  readonly storage: ServerProcess;
  /** All members, the first one included. */
  readonly storages: readonly OurStorage[];
  /** A further member of the group. Resolves when it listens; it may not be in service yet. */
  addStorage(): Promise<OurStorage>;
  stop(): Promise<void>;
}

/**
 * One tracker and the storages of one group with their data below `folder`. Resolves when the tracker sends uploads to all
 * of them. Each has an address of the loopback network of its own, as its id.
 */
export async function startOurCluster(folder: string, members = 1): Promise<OurCluster> {
  const tracker = await startDaemon("tracker", folder, { host: "127.0.0.1", port: await freePorts(1) }, isListening, {
    store_lookup: 0,
    // Beyond the least that a scheduler accepts, free space is not the subject here.
    reserved_storage_space: "1MB",
    check_active_interval: 10,
  });
  // Members that are known by their addresses have to use the same port.
  const storagePort = await freePorts(1);
  const storages: OurStorage[] = [];
  const addStorage = async (): Promise<OurStorage> => {
    const number = storages.length + 1;
    const own = join(folder, `member-${number}`);
    const storePath = join(own, "store");
    mkdirSync(storePath, { recursive: true });
    const server = await startDaemon("storage", own, { host: `127.0.0.${number}`, port: storagePort }, isListening, {
      group_name: GROUP,
      store_path_count: 1,
      store_path0: storePath,
      subdir_count_per_path: 256,
      tracker_server: `${tracker.address.host}:${tracker.address.port}`,
      // Uploads are sent to a storage after its first beat and its first report of free space.
      heart_beat_interval: 1,
      stat_report_interval: 1,
    });
    const storage = { server, basePath: join(own, "storage"), storePath };
    storages.push(storage);
    return storage;
  };
  const stop = async (): Promise<void> => {
    for (const { server } of storages) await server.stop();
    await tracker.stop();
  };
  try {
    for (let count = 1; count <= members; count++) {
      await addStorage();
      await untilWritable(tracker.address, count);
    }
    return { tracker, storage: storages[0]!.server, storages, addStorage, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Waits until the tracker sends uploads to so many members. */
async function untilWritable(tracker: Address, count: number): Promise<void> {
  const { code, request } = trackerCommands.queryStoreInGroupAll;
  const query = frame(code, request.encode({ groupName: GROUP }));
  const giveUpMs = performance.now() + READY_MS;
  while (performance.now() < giveUpMs) {
    const answer = await ask(tracker, query);
    if (answer !== undefined && StoreTargets.decode(answer).storages.length === count) return;
    await sleep(POLL_MS);
  }
  throw new Error(`the tracker does not send uploads to ${count} storages`);
}

/** Writes `<folder>/<kind>.conf` and runs `fdfs <kind> <conf>` in the data directory `<folder>/<kind>`. */
export async function startDaemon(
  kind: "tracker" | "storage",
  folder: string,
  { host, port }: Address,
  isReady: (address: Address) => Promise<boolean>,
  settings: Readonly<Record<string, string | number>>,
): Promise<ServerProcess> {
  const basePath = join(folder, kind);
  mkdirSync(basePath, { recursive: true });
  const lines = Object.entries({ bind_addr: host, port, base_path: basePath, ...settings });
  const conf = join(folder, `${kind}.conf`);
  writeFileSync(conf, lines.map(([key, value]) => `${key} = ${value}\n`).join(""));
  return startServer([FDFS, kind, conf], { host, port }, isReady);
}
