// The tracker.conf of a running tracker, which can be read again.
import type { Disk } from "../ports/disk.ts";
import { ConfigError, type ConfigWarning } from "./config-problems.ts";
import { compareValues, type KeyChange, takeReloadable } from "./key-changes.ts";
import { trackerConf } from "./options/tracker-options.ts";
import type { LoadedConfig } from "./server-config.ts";
import { printStorageIds } from "./storage-ids-file.ts";
import {
  readTrackerConf,
  type TrackerConfig,
  trackerConfigFrom,
  type TrackerReading,
  type TrackerValues,
} from "./tracker-config.ts";

/** What a tracker has to run with after it has read its file again. */
export interface ReloadedConfig extends LoadedConfig<TrackerConfig> {
  /** Values that are in `config` and were not before. */
  readonly changed: readonly KeyChange[];
  /** Values of the file that are not in `config`. */
  readonly needsRestart: readonly KeyChange[];
}

export class TrackerConfigFile implements LoadedConfig<TrackerConfig> {
  readonly path: string;
  /** What was found at the first reading. */
  readonly warnings: readonly ConfigWarning[];
  readonly #disk: Disk;
  #config: TrackerConfig;
  #values: TrackerValues;

  private constructor(disk: Disk, path: string, { config, values, warnings }: TrackerReading) {
    this.#disk = disk;
    this.path = path;
    this.#config = config;
    this.#values = values;
    this.warnings = warnings;
  }

  /** Throws ConfigError with everything that keeps a tracker from starting. */
  static open(disk: Disk, path: string): TrackerConfigFile {
    return new TrackerConfigFile(disk, path, readTrackerConf(disk, path));
  }

  /** What the tracker runs with. */
  get config(): TrackerConfig {
    return this.#config;
  }

  /**
   * Reads the file again. From then on `config` has the file's values of the keys that can be reloaded, and the old ones of
   * all others. Throws ConfigError with everything that is wrong, and then nothing has changed.
   */
  reload(): ReloadedConfig {
    const read = readTrackerConf(this.#disk, this.path);
    const refused = read.warnings.filter(({ isRefusedAtReload }) => isRefusedAtReload === true);
    if (refused.length > 0) {
      const text = (problem: ConfigWarning) => `${problem.text} A running tracker does not take it over.`;
      throw new ConfigError(refused.map((problem) => ({ ...problem, text: text(problem) })));
    }
    const { changed, needsRestart } = compareValues(trackerConf, this.#values, read.values);
    const { storageIds, useStorageId } = this.#config;
    const isSameList = printStorageIds(storageIds) === printStorageIds(read.config.storageIds);
    if (useStorageId && read.config.useStorageId && !isSameList) {
      needsRestart.push({ key: "storage_ids_filename", from: "its lines at the start", to: "other lines" });
    }
    this.#values = takeReloadable(trackerConf, this.#values, read.values);
    // Rules between keys are applied to what runs: with use_trunk_file, say, not every store_server goes.
    this.#config = trackerConfigFrom(this.#values, storageIds);
    return { config: this.#config, warnings: read.warnings, changed, needsRestart };
  }
}
