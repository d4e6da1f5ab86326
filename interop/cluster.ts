// A tracker and two groups of one storage each, in this process, on the real disk and on loopback: what clients that
// others wrote are run against.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import {
  defaultStorageConfig,
  defaultTrackerConfig,
  Logger,
  nullSink,
  ShutdownStack,
  type StorageConfig,
  type StorageIdEntry,
  type TrackerConfig,
} from "@fastdfs-ts/runtime";
import { nodeClock, nodeWorld } from "@fastdfs-ts/runtime/node";
import { openStorage, type StorageServer } from "@fastdfs-ts/storage";
import { freePorts } from "@fastdfs-ts/testkit/free-ports";
import { openTracker, type TrackerServer } from "@fastdfs-ts/tracker";
import { expect, vi } from "vitest";

const host = "127.0.0.1";
/** group1 has two store paths, so that a client that drops the path index of the tracker's answer is found out. */
const groups = [
  { groupName: "group1", storePathCount: 2 },
  { groupName: "group2", storePathCount: 1 },
] as const;

export interface InteropCluster extends AsyncDisposable {
  readonly trackerPort: number;
  /** Port of the storage of each group. */
  readonly storagePorts: Readonly<Record<"group1" | "group2", number>>;
  /** For files of the test itself; removed with the cluster. */
  readonly workDirectory: string;
}

/** `identity`: whether storages are known by their address, or by the ids of a storage_ids.conf. */
export async function openInteropCluster(identity: "address" | "storage-id"): Promise<InteropCluster> {
  await using opened = new ShutdownStack();
  const directory = mkdtempSync(join(tmpdir(), "fdfs-interop-"));
  opened.defer(() => rmSync(directory, { recursive: true, force: true }));
  // A storage tells the tracker its port when it joins, so it cannot leave the choice to the system.
  const firstPort = await freePorts(groups.length);
  const ports = groups.map((_, at) => firstPort + at);
  const entries = groups.map(({ groupName }, at): StorageIdEntry => {
    return { id: 100_001 + at, groupName, hosts: [host], port: ports[at]!, rwMode: "both" };
  });

  const tracker = await startTracker(join(directory, "tracker"), identity === "storage-id" ? entries : undefined);
  opened.defer(() => tracker.stop());
  for (const [at, group] of groups.entries()) {
    const base = join(directory, group.groupName);
    const storage = await startStorage(base, tracker.local.port, {
      groupName: group.groupName,
      port: ports[at]!,
      storePaths: Array.from({ length: group.storePathCount }, (_, index) => {
        return { path: join(base, `path${index}`), readOnly: false };
      }),
      ...(identity === "storage-id" && { serverId: { kind: "fixed", id: entries[at]!.id } }),
    });
    opened.defer(() => storage.stop());
    await storage.links.firstJoin;
  }
  await untilActive(tracker);

  const workDirectory = join(directory, "work");
  mkdirSync(workDirectory);
  const all = opened.move();
  return {
    trackerPort: tracker.local.port,
    storagePorts: { group1: ports[0]!, group2: ports[1]! },
    workDirectory,
    [Symbol.asyncDispose]: () => all[Symbol.asyncDispose](),
  };
}

function startTracker(basePath: string, storageIds: StorageIdEntry[] | undefined): Promise<TrackerServer> {
  mkdirSync(basePath);
  const ids: Partial<TrackerConfig> =
    storageIds === undefined
      ? {}
      : { useStorageId: true, trustStorageServerId: true, idTypeInFileName: "id", storageIds };
  const config = defaultTrackerConfig({
    basePath,
    bindAddresses: [host],
    port: 0,
    groupChoice: "round-robin",
    reservedSpace: { kind: "bytes", bytes: 1024 * 1024 },
    ...ids,
  });
  return openTracker(config, nodeWorld(), { log: silent() });
}

function startStorage(
  basePath: string,
  trackerPort: number,
  rest: Pick<StorageConfig, "groupName" | "port" | "storePaths"> & Partial<StorageConfig>,
): Promise<StorageServer> {
  mkdirSync(basePath);
  for (const { path } of rest.storePaths) mkdirSync(path);
  const config = defaultStorageConfig({
    basePath,
    bindAddresses: [host],
    trackerServers: [{ hosts: [host], port: trackerPort }],
    subdirCountPerPath: 4,
    heartBeatIntervalMs: 1000,
    ...rest,
  });
  return openStorage(config, nodeWorld(), { log: silent() });
}

/** Returns once the tracker sends clients to every storage. */
async function untilActive(tracker: TrackerServer): Promise<void> {
  const allActive = groups.map(() => "ACTIVE");
  const statuses = () => tracker.cluster.groups.flatMap(({ members }) => members.map(({ status }) => status));
  await vi.waitFor(() => expect(statuses()).toEqual(allActive), { timeout: 30_000 });
}

function silent(): Logger {
  return Logger.create({ sink: nullSink, clock: nodeClock, level: "error" });
}
