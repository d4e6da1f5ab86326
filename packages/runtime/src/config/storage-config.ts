// The configuration of a storage: from storage.conf, or in code with the same defaults.
import type { Disk } from "../ports/disk.ts";
import { type ConfigPlace, ConfigProblems } from "./config-problems.ts";
import { IniFile, readIniFile } from "./ini-file.ts";
import { collectOptions, defaultValues } from "./option-reading.ts";
import type { ConfValues } from "./option-table.ts";
import { storageConf } from "./options/storage-options.ts";
import type { ServerAddress } from "./server-address.ts";
import {
  type LoadedConfig,
  type LogFileConfig,
  requireDirectory,
  type ServerConfig,
  serverConfigOf,
  trackerServersOf,
} from "./server-config.ts";

type Values = ConfValues<typeof storageConf.tables>;

/** A storage sends its tracker list in 16 fixed slots (cluster-behaviour.md §3.12). */
const trackersMax = 16;
/** What a C storage needs at least for the stack of a thread. */
const cThreadStackBytesMin = 320 * 1024;

export interface StorePathConfig {
  readonly path: string;
  /** No new files here. */
  readonly readOnly: boolean;
}

/** How a storage learns its own id (with storage ids). */
export type ServerIdSource =
  /** By looking up its local addresses in the list. */
  | { readonly kind: "local-address" }
  /** By asking a tracker. */
  | { readonly kind: "tracker" }
  | { readonly kind: "fixed"; readonly id: number };

type LayoutKey = "subdirCountPerPath" | "distributeMode" | "distributeRotateCount" | "checkStorePathMark";

export interface StorageConfig
  extends
    ServerConfig,
    Readonly<
      Pick<
        Values["identity"],
        "groupName" | "clientBind" | "heartBeatIntervalMs" | "statReportIntervalMs" | "uploadPriority"
      >
    >,
    Readonly<Pick<Values["storePaths"], LayoutKey>>,
    Readonly<Omit<Values["replication"], "syncThreadsMax">> {
  readonly serverId: ServerIdSource;
  readonly trackerServers: readonly ServerAddress[];
  /** In the order of their indexes: M00 first. At least one. */
  readonly storePaths: readonly StorePathConfig[];
  readonly syncThreadsMax: number;
  readonly accessLog: LogFileConfig & Values["accessLog"];
}

/**
 * Reads storage.conf.
 * @throws ConfigError with everything that keeps the storage from starting.
 */
export function loadStorageConfig(disk: Disk, path: string): LoadedConfig<StorageConfig> {
  const ini = readIniFile(disk, path);
  const problems = new ConfigProblems();
  const values = collectOptions(storageConf, ini, problems);
  const config = storageConfigOf(values, ini, problems);
  warnForC(values, ini, problems);
  warnOfDuplicates(values, ini, problems);
  checkDirectories(disk, config, ini, problems);
  problems.throwIfRefused();
  return { config, warnings: problems.warnings };
}

/** A storage's configuration made in code; everything that is not given has the default of storage.conf. */
export function defaultStorageConfig(
  overrides: Partial<StorageConfig> & Pick<StorageConfig, "basePath" | "trackerServers">,
): StorageConfig {
  const ini = new IniFile(storageConf.name, []);
  const config = storageConfigOf(defaultValues(storageConf), ini, new ConfigProblems());
  const storePaths = overrides.storePaths ?? [{ path: overrides.basePath, readOnly: false }];
  return { ...config, storePaths, syncThreadsMax: syncThreadsMaxOf("auto", storePaths), ...overrides };
}

function storageConfigOf(values: Values, ini: IniFile, problems: ConfigProblems): StorageConfig {
  const { identity, storePaths: layout, replication } = values;
  const trackerServers = trackerServersOf(identity.trackerServers);
  if (trackerServers.length > trackersMax) {
    const text = `${trackerServers.length} trackers are named, at most ${trackersMax} are possible. Remove some.`;
    problems.refuse(ini.place("tracker_server"), text);
  }
  refuseDiskThreads(layout, ini, problems);
  const storePaths = storePathsOf(values, ini, problems);
  return {
    ...serverConfigOf(values, ini, problems),
    groupName: identity.groupName,
    serverId: serverIdOf(identity.serverId),
    clientBind: identity.clientBind,
    trackerServers,
    heartBeatIntervalMs: identity.heartBeatIntervalMs,
    statReportIntervalMs: identity.statReportIntervalMs,
    uploadPriority: identity.uploadPriority,
    storePaths,
    subdirCountPerPath: layout.subdirCountPerPath,
    distributeMode: layout.distributeMode,
    distributeRotateCount: layout.distributeRotateCount,
    checkStorePathMark: layout.checkStorePathMark,
    ...replication,
    syncThreadsMax: raisedToMin(syncThreadsMaxOf(replication.syncThreadsMax, storePaths), values, ini, problems),
    accessLog: { ...values.accessLog, ...values.accessLogFile },
  };
}

function serverIdOf(text: string | undefined): ServerIdSource {
  if (text === undefined) return { kind: "local-address" };
  return text === "" ? { kind: "tracker" } : { kind: "fixed", id: Number(text) };
}

function syncThreadsMaxOf(value: number | "auto", storePaths: readonly StorePathConfig[]): number {
  return value === "auto" ? Math.min(256, 2 * storePaths.length) : value;
}

function raisedToMin(syncThreadsMax: number, values: Values, ini: IniFile, problems: ConfigProblems): number {
  const least = values.replication.syncThreadsMin;
  if (syncThreadsMax >= least) return syncThreadsMax;
  const text = `sync_max_threads ${syncThreadsMax} is below sync_min_threads: ${least} is used.`;
  problems.warn(ini.place("sync_max_threads"), text);
  return least;
}

function refuseDiskThreads(layout: Values["storePaths"], ini: IniFile, problems: ConfigProblems): void {
  const counts = [
    ["disk_reader_threads", layout.diskReaderThreads],
    ["disk_writer_threads", layout.diskWriterThreads],
  ] as const;
  if (counts.every(([, count]) => count === 0)) {
    problems.refuse(ini.place("disk_reader_threads"), "disk_reader_threads and disk_writer_threads are both 0. Set 1.");
    return;
  }
  for (const [name, count] of counts) {
    if (count !== 0 || !layout.diskReadWriteSeparated) continue;
    problems.refuse(ini.place(name), `${name} is 0. Set at least 1, or disk_rw_separated = false.`);
  }
}

function storePathsOf(values: Values, ini: IniFile, problems: ConfigProblems): StorePathConfig[] {
  const { storePathCount, storePaths, storePathsReadOnly } = values.storePaths;
  const result: StorePathConfig[] = [];
  for (let index = 0; index < storePathCount; index++) {
    const path = storePaths.get(index) ?? (index === 0 ? values.process.basePath : undefined);
    if (path === undefined) {
      const text = `store_path${index} is missing, but store_path_count is ${storePathCount}. Add it or correct the count.`;
      problems.refuse(ini.place("store_path_count"), text);
      continue;
    }
    const same = result.findIndex((other) => other.path === path && path !== "");
    if (same >= 0) {
      const text = `store_path${index} "${path}" is also store_path${same}. Each store path needs its own directory.`;
      problems.refuse(ini.place(`store_path${index}`), text);
    }
    result.push({ path, readOnly: storePathsReadOnly.get(index) ?? false });
  }
  for (const [suffix, indexes] of [
    ["", storePaths.keys()],
    ["_readonly", storePathsReadOnly.keys()],
  ] as const) {
    for (const index of indexes) {
      if (index < storePathCount) continue;
      const name = `store_path${index}${suffix}`;
      problems.warn(ini.place(name), `${name} is not used: store_path_count is ${storePathCount}.`);
    }
  }
  return result;
}

/** What works here, but would keep a C storage from starting with the same file. */
function warnForC(values: Values, ini: IniFile, problems: ConfigProblems): void {
  const item = ini.last("thread_stack_size");
  if (item === undefined || values.process.threadStackBytes >= cThreadStackBytesMin) return;
  const text = `thread_stack_size "${item.value}" has no effect here, but a C storage refuses less than 320KB. Set 512KB.`;
  problems.warn(item, text);
}

/** Who asked for duplicates to be stored once should know that they are not. */
function warnOfDuplicates({ duplicates }: Values, ini: IniFile, problems: ConfigProblems): void {
  const item = ini.last("check_file_duplicate");
  if (item === undefined || !duplicates.checkFileDuplicate) return;
  problems.warn(item, "check_file_duplicate is not applied: equal files are stored as often as they are uploaded.");
}

function checkDirectories(disk: Disk, config: StorageConfig, ini: IniFile, problems: ConfigProblems): void {
  requireDirectory(disk, config.basePath, "base_path", ini.place("base_path"), problems);
  for (const [index, { path }] of config.storePaths.entries()) {
    const name = `store_path${index}`;
    // Without a line of its own it is base_path, which was just looked at.
    const place: ConfigPlace | undefined = ini.last(name);
    if (place !== undefined) requireDirectory(disk, path, name, place, problems);
  }
}
