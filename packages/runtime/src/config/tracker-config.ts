// The configuration of a tracker: from tracker.conf, or in code with the same defaults.
import type { Disk } from "../ports/disk.ts";
import { ConfigProblems } from "./config-problems.ts";
import { IniFile, readIniFile } from "./ini-file.ts";
import { collectOptions, defaultValues } from "./option-reading.ts";
import type { ConfValues } from "./option-table.ts";
import { trackerConf } from "./options/tracker-options.ts";
import { isIpv6, type LoadedConfig, requireDirectory, type ServerConfig, serverConfigOf } from "./server-config.ts";
import { loadStorageIds, type StorageIdEntry } from "./storage-ids-file.ts";

export type TrackerValues = ConfValues<typeof trackerConf.tables>;

export interface TrackerConfig
  extends
    ServerConfig,
    Readonly<TrackerValues["scheduling"]>,
    Readonly<TrackerValues["cluster"]>,
    Readonly<Omit<TrackerValues["identity"], "storageIdsFile" | "responseAddressBytes">>,
    Readonly<Omit<TrackerValues["trunk"], "slotBytesMax">> {
  /** The entries of storage_ids.conf; empty without `useStorageId`. */
  readonly storageIds: readonly StorageIdEntry[];
  /** Width of the address field in answers. */
  readonly responseAddressBytes: 16 | 46;
  readonly slotBytesMax: number;
}

/**
 * Reads tracker.conf and the id list it names.
 * @throws ConfigError with everything that keeps the tracker from starting.
 */
export function loadTrackerConfig(disk: Disk, path: string): LoadedConfig<TrackerConfig> {
  const { config, warnings } = readTrackerConf(disk, path);
  return { config, warnings };
}

/** tracker.conf as it was read, before and after the rules between its keys. */
export interface TrackerReading extends LoadedConfig<TrackerConfig> {
  readonly values: TrackerValues;
}

/** As `loadTrackerConfig`. */
export function readTrackerConf(disk: Disk, path: string): TrackerReading {
  const ini = readIniFile(disk, path);
  const problems = new ConfigProblems();
  const values = collectOptions(trackerConf, ini, problems);
  const storageIds = loadStorageIds(disk, values.identity.storageIdsFile, ini, problems);
  const config = trackerConfigOf(values, storageIds, ini, problems);
  requireDirectory(disk, config.basePath, "base_path", ini.place("base_path"), problems);
  problems.throwIfRefused();
  return { values, config, warnings: problems.warnings };
}

/** The configuration that values give which were read and checked before. */
export function trackerConfigFrom(values: TrackerValues, storageIds: readonly StorageIdEntry[]): TrackerConfig {
  return trackerConfigOf(values, storageIds, new IniFile(trackerConf.name, []), new ConfigProblems());
}

/** A tracker's configuration made in code; everything that is not given has the default of tracker.conf. */
export function defaultTrackerConfig(
  overrides: Partial<TrackerConfig> & Pick<TrackerConfig, "basePath">,
): TrackerConfig {
  const values = defaultValues(trackerConf);
  const merged: TrackerValues = {
    ...values,
    scheduling: { ...values.scheduling, ...pick(values.scheduling, overrides) },
    trunk: { ...values.trunk, ...pick(values.trunk, overrides) },
  };
  return { ...trackerConfigFrom(merged, overrides.storageIds ?? []), ...overrides };
}

/** Those overrides that have the name of a key in `values`: derived values must follow them. */
function pick<V extends object>(values: V, overrides: Partial<Record<keyof V, unknown>>): Partial<V> {
  const given = Object.entries(overrides).filter(([name]) => name in values);
  return Object.fromEntries(given) as Partial<V>;
}

function trackerConfigOf(
  values: TrackerValues,
  storageIds: readonly StorageIdEntry[],
  ini: IniFile,
  problems: ConfigProblems,
): TrackerConfig {
  const { scheduling, identity, trunk } = values;
  const server = serverConfigOf(values, ini, problems);
  if (scheduling.groupChoice === "fixed-group" && scheduling.fixedGroup === undefined) {
    problems.refuse(ini.place("store_lookup"), "store_lookup 1 needs a group. Add a line: store_group = group1");
  }
  refuseIpv6WithoutIds(values, server, ini, problems);
  const { storageIdsFile: _file, responseAddressBytes, ...ids } = identity;
  const hasIpv6 = storageIds.some((entry) => entry.hosts.some(isIpv6));
  const { uploadStorageChoice } = scheduling;
  // Trunk slots come from one server, and its own uploads need no second one.
  const isFree = uploadStorageChoice === "round-robin" || uploadStorageChoice === "least-loaded";
  return {
    ...server,
    ...scheduling,
    uploadStorageChoice: trunk.useTrunkFile && isFree ? "first-by-address" : uploadStorageChoice,
    ...values.cluster,
    ...ids,
    ...trunk,
    ...slotLimits(trunk, ini, problems),
    storageIds,
    responseAddressBytes: responseAddressBytes === "ipv6" || hasIpv6 ? 46 : 16,
  };
}

function refuseIpv6WithoutIds(
  values: TrackerValues,
  server: ServerConfig,
  ini: IniFile,
  problems: ConfigProblems,
): void {
  const wantsIpv6 = server.addressFamily === "ipv6" || server.addressFamily === "both";
  if (!wantsIpv6 && !server.bindAddresses.some(isIpv6)) return;
  const place = ini.place(wantsIpv6 ? "address_family" : "bind_addr");
  if (!values.identity.useStorageId) {
    problems.refuse(place, "IPv6 needs storage ids. Set use_storage_id = true and storage_ids_filename.");
  } else if (values.identity.idTypeInFileName !== "id") {
    problems.refuse(place, "IPv6 needs ids in file names. Set id_type_in_filename = id.");
  }
}

/** The rules between slot sizes, alignment and trunk file size (storage-formats.md §6.5). */
function slotLimits(
  trunk: TrackerValues["trunk"],
  ini: IniFile,
  problems: ConfigProblems,
): { slotBytesMin: number; slotBytesMax: number } {
  const half = Math.floor(trunk.trunkFileBytes / 2);
  const slotBytesMin = Math.max(trunk.slotBytesMin, trunk.trunkAlignmentBytes);
  const wanted = trunk.slotBytesMax ?? Math.floor(trunk.trunkFileBytes / 8);
  if (wanted > half) {
    const text = `slot_max_size ${wanted} is above half of trunk_file_size: ${half} is used.`;
    problems.warn(ini.place("slot_max_size"), text);
  }
  const slotBytesMax = Math.min(wanted, half);
  if (slotBytesMax <= slotBytesMin) {
    const text = `slot_max_size ${slotBytesMax} is not above slot_min_size ${slotBytesMin}. Set a larger one.`;
    problems.refuse(ini.place("slot_max_size"), text);
  }
  return { slotBytesMin, slotBytesMax };
}
