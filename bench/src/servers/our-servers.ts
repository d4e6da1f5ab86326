// Our tracker and storage as processes, started by the command line as a user would, with the defaults of the
// C-compatible daemons. The storage is loaded directly, but it needs a tracker to join.
import { frame, trackerCommands } from "@fastdfs-ts/protocol";
import { freePorts } from "@fastdfs-ts/testkit/free-ports";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Address } from "../load/load-connection.ts";
import { answers, isListening, type ServerProcess, startServer } from "./server-process.ts";

const FDFS = fileURLToPath(new URL("../../../packages/cli/bin/fdfs.js", import.meta.url));

export interface OurCluster {
  readonly tracker: ServerProcess;
  readonly storage: ServerProcess;
  stop(): Promise<void>;
}

/** One tracker and one storage with their data below `folder`. Resolves when the tracker sends uploads to the storage. */
export async function startOurCluster(folder: string): Promise<OurCluster> {
  const tracker = await startDaemon("tracker", folder, isListening, {
    store_lookup: 0,
    // Beyond the least that a scheduler accepts, free space is not the subject here.
    reserved_storage_space: "1MB",
  });
  try {
    const sendsUploads = answers(frame(trackerCommands.queryStoreAny.code));
    const storage = await startDaemon("storage", folder, () => sendsUploads(tracker.address), {
      group_name: "group1",
      store_path_count: 1,
      store_path0: join(folder, "storage"),
      subdir_count_per_path: 256,
      tracker_server: `${tracker.address.host}:${tracker.address.port}`,
      // Uploads are sent to a storage after its first beat and its first report of free space.
      heart_beat_interval: 1,
      stat_report_interval: 1,
    });
    return {
      tracker,
      storage,
      async stop() {
        await storage.stop();
        await tracker.stop();
      },
    };
  } catch (error) {
    await tracker.stop();
    throw error;
  }
}

/** Writes `<folder>/<kind>.conf` and runs `fdfs <kind> <conf>` in the data directory `<folder>/<kind>`. */
async function startDaemon(
  kind: "tracker" | "storage",
  folder: string,
  isReady: (address: Address) => Promise<boolean>,
  settings: Readonly<Record<string, string | number>>,
): Promise<ServerProcess> {
  const basePath = join(folder, kind);
  mkdirSync(basePath, { recursive: true });
  const port = await freePorts(1);
  const lines = Object.entries({ bind_addr: "127.0.0.1", port, base_path: basePath, ...settings });
  const conf = join(folder, `${kind}.conf`);
  writeFileSync(conf, lines.map(([key, value]) => `${key} = ${value}\n`).join(""));
  return startServer([FDFS, kind, conf], port, isReady);
}
