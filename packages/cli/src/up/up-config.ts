// The configuration files of `fdfs up`: written at the first start, read at every start, as a daemon would read them.
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { checkGroupName } from "@fastdfs-ts/protocol";
import {
  clientConf,
  type ConfigWarning,
  loadStorageConfig,
  printSample,
  printStorageIds,
  type StorageConfig,
  storageConf,
  type TrackerConfig,
  TrackerConfigFile,
  trackerConf,
  type World,
} from "@fastdfs-ts/runtime";

import { CommandFailure, UsageFailure } from "../failure.ts";
import { firstStorageId, storagesMax, upDefaults, upFiles } from "./up-layout.ts";

/** What the user asked for; `undefined` where he left it to us. */
export interface UpWishes {
  readonly port: number | undefined;
  readonly storagePort: number | undefined;
  readonly storages: number | undefined;
  readonly group: string | undefined;
}

/** The servers of a data directory, as its files describe them. */
export interface UpConfig {
  readonly trackerFile: TrackerConfigFile;
  readonly tracker: TrackerConfig;
  readonly storages: readonly StorageConfig[];
  readonly warnings: readonly ConfigWarning[];
}

const host = "127.0.0.1";

export function isSetUp(directory: string): boolean {
  return existsSync(join(directory, upFiles.trackerConf));
}

/** The ports that a first start with these wishes needs. */
export function portsOf(wishes: UpWishes): { readonly tracker: number; readonly storages: readonly number[] } {
  const first = wishes.storagePort ?? upDefaults.storagePort;
  const count = wishes.storages ?? upDefaults.storages;
  return { tracker: wishes.port ?? upDefaults.port, storages: Array.from({ length: count }, (_, at) => first + at) };
}

/** Throws UsageFailure or FdfsError BAD_REQUEST for wishes that cannot come true, before anything is written. */
export function checkWishes(wishes: UpWishes): void {
  const { tracker, storages } = portsOf(wishes);
  const last = storages.at(-1)!;
  if (last > 65_535) throw new UsageFailure(`--storage-port: the last storage would have port ${last}, above 65535.`);
  if (storages.includes(tracker)) {
    throw new UsageFailure(
      `port ${tracker} would be both the tracker's and a storage's. Choose another --port or --storage-port.`,
    );
  }
  if (wishes.group !== undefined) checkGroupName(wishes.group);
}

/** Writes all files. tracker.conf comes last: a first start that was cut off in the middle begins anew. */
export function writeUpConfig(directory: string, wishes: UpWishes): void {
  const ports = portsOf(wishes);
  const groupName = wishes.group ?? upDefaults.group;
  const tracker = `${host}:${ports.tracker}`;
  const write = (name: string, content: string): void => {
    const path = join(directory, name);
    writeFileSync(`${path}.new`, content);
    renameSync(`${path}.new`, path);
  };
  const entries = ports.storages.map((port, at) => {
    return { id: firstStorageId + at, groupName, hosts: [host], port, rwMode: "both" as const };
  });
  write(upFiles.storageIds, printStorageIds(entries));
  for (const [at, { id, port }] of entries.entries()) {
    const base = join(directory, upFiles.storageBase(at + 1));
    mkdirSync(base, { recursive: true });
    write(
      upFiles.storageConf(at + 1),
      header(storageNotes) + printSample(storageConf, storageValues(base, port, id, groupName, tracker)),
    );
  }
  const trackerBase = join(directory, upFiles.trackerBase);
  mkdirSync(trackerBase, { recursive: true });
  write(upFiles.clientConf, printSample(clientConf, { tracker_server: tracker, base_path: trackerBase }));
  write(upFiles.trackerConf, header([]) + printSample(trackerConf, trackerValues(trackerBase, ports.tracker)));
}

function header(notes: readonly string[]): string {
  return ["Written by fdfs up at its first start. Change it as you like: every later start reads it.", ...notes]
    .map((line) => `# ${line}\n`)
    .join("")
    .concat("#\n");
}

function trackerValues(base: string, port: number): Record<string, string> {
  return {
    bind_addr: host,
    port: String(port),
    base_path: base,
    store_lookup: "0",
    // A share, as in the sample, would refuse uploads on most notebooks.
    reserved_storage_space: "1GB",
    use_storage_id: "true",
    storage_ids_filename: upFiles.storageIds,
    id_type_in_filename: "id",
  };
}

// A new storage makes this number squared of directories: 65,536 for 256 take minutes on a slow disk.
const storageNotes = ["subdir_count_per_path = 16: the first start makes 256 directories instead of 65,536."];

function storageValues(
  base: string,
  port: number,
  id: number,
  groupName: string,
  tracker: string,
): Record<string, string> {
  return {
    bind_addr: host,
    port: String(port),
    base_path: base,
    store_path0: base,
    group_name: groupName,
    // All storages have the same address here, so it cannot tell which of the ids is meant.
    server_id: String(id),
    tracker_server: tracker,
    subdir_count_per_path: "16",
    // Somebody who tries it out looks at `fdfs monitor` at once.
    heart_beat_interval: "5",
  };
}

/**
 * Reads the files. Throws ConfigError for what is wrong with them, CommandFailure if a wish contradicts them: ports and
 * groups of stored files cannot be changed by an option.
 */
export function readUpConfig(world: World, directory: string, wishes: UpWishes): UpConfig {
  const trackerPath = join(directory, upFiles.trackerConf);
  const trackerFile = TrackerConfigFile.open(world.disk, trackerPath);
  const { config: tracker, warnings } = trackerFile;
  const loaded = storageConfPaths(directory).map((path) => loadStorageConfig(world.disk, path));
  const storages = loaded.map(({ config }) => config);
  refuseOther("--port", wishes.port, tracker.port, `port in ${trackerPath}`);
  const [first] = storages;
  const firstPath = join(directory, upFiles.storageConf(1));
  if (first === undefined) throw new CommandFailure(`${firstPath} is missing. Restore it, or use another --dir.`);
  refuseOther("--storage-port", wishes.storagePort, first.port, `port in ${firstPath}`);
  refuseOther("--group", wishes.group, first.groupName, `group_name in ${firstPath}`);
  refuseOther("--storages", wishes.storages, storages.length, `the number of storage-N.conf in ${directory}`);
  return { trackerFile, tracker, storages, warnings: [...warnings, ...loaded.flatMap((one) => one.warnings)] };
}

function storageConfPaths(directory: string): string[] {
  return Array.from({ length: storagesMax }, (_, at) => join(directory, upFiles.storageConf(at + 1))).filter((path) =>
    existsSync(path),
  );
}

function refuseOther<T>(option: string, wanted: T | undefined, actual: T, where: string): void {
  if (wanted === undefined || wanted === actual) return;
  throw new CommandFailure(
    `${option} ${String(wanted)} contradicts the data directory, where it is ${String(actual)} (${where}). Leave the option out, or use another --dir.`,
  );
}
