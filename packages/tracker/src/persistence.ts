// The tracker's files on disk (storage-formats.md §3): read once at the start, replaced atomically ever after. A file is
// written beside its place, synced and renamed, and the directory is synced, so a crash at any moment leaves the old or
// the new content.
import { type Disk, systemErrorCode } from "@fastdfs-ts/runtime";

import { parseChangelogFile } from "./formats/changelog-file.ts";
import { parseGroupsFile, printGroupsFile, type StoredGroup } from "./formats/groups-file.ts";
import { parseRemovalsFile, printRemovalsFile, type StoredRemoval } from "./formats/removals-file.ts";
import type { StateProblem } from "./formats/state-ini.ts";
import { parseStoragesFile, printStoragesFile, type StoredStorage } from "./formats/storages-file.ts";
import { parseSyncTimestampsFile, printSyncTimestampsFile, type StoredStamps } from "./formats/sync-timestamps-file.ts";
import { type LastRun, parseTrackerStatusFile, printTrackerStatusFile } from "./formats/tracker-status-file.ts";

const stateFileNames = {
  groups: "storage_groups_new.dat",
  storages: "storage_servers_new.dat",
  syncTimestamps: "storage_sync_timestamp.dat",
  removals: "storage_removals.dat",
  changelog: "storage_changelog.dat",
  status: ".tracker_status",
} as const;

export interface StoredCluster {
  readonly groups: readonly StoredGroup[];
  readonly storages: readonly StoredStorage[];
  readonly stamps: readonly StoredStamps[];
  readonly removals: readonly StoredRemoval[];
}

export interface StoredState extends StoredCluster {
  readonly changelog: Buffer;
  /** `undefined` on a first run. */
  readonly lastRun: LastRun | undefined;
  readonly problems: readonly FileProblem[];
}

/** Damage in a file: what is wrong where, what is lost, and where the damaged file was kept. */
export interface FileProblem extends StateProblem {
  readonly path: string;
  readonly keptAs: string;
}

export class StateFiles {
  private readonly disk: Disk;
  private readonly directory: string;
  /** What each file holds, so that unchanged ones are not rewritten. */
  private readonly written = new Map<string, string>();

  /** `directory` is `<base_path>/data`; it is made if it is missing. */
  constructor(disk: Disk, directory: string) {
    this.disk = disk;
    this.directory = directory;
    if (disk.stat(directory) !== undefined) return;
    disk.makeDirectory(directory);
    // Without this a power cut could take the directory with everything that was synced in it.
    disk.syncDirectory(directory.slice(0, directory.lastIndexOf("/")) || "/");
  }

  /**
   * Reads what the last run left, C's files included. Damage does not throw: it is in `problems`, and the damaged file is
   * copied to `<name>.damaged` before anything replaces it. Throws the disk's error if a file cannot be read at all.
   */
  async read(): Promise<StoredState> {
    const problems: FileProblem[] = [];
    const groups = await this.readText(stateFileNames.groups, parseGroupsFile, problems);
    const storages = await this.readText(stateFileNames.storages, parseStoragesFile, problems);
    const stamps = await this.readText(stateFileNames.syncTimestamps, parseSyncTimestampsFile, problems);
    const removals = await this.readText(stateFileNames.removals, parseRemovalsFile, problems);
    return {
      groups: groups?.groups ?? [],
      storages: storages?.storages ?? [],
      stamps: stamps?.rows ?? [],
      removals: removals?.removals ?? [],
      changelog: await this.readChangelog(problems),
      lastRun: await this.readLastRun(problems),
      problems,
    };
  }

  /**
   * Replaces those of the cluster files whose content has changed. Removals first: a crash in between must not leave a
   * member that was removed and nothing that says so. Then members: a C tracker reads a matrix that is
   * one member short, but not one with a member too many.
   */
  async writeCluster({ groups, storages, stamps, removals }: StoredCluster): Promise<void> {
    // Most clusters never remove a storage, and C would have no such file.
    if (removals.length > 0) await this.replaceIfChanged(stateFileNames.removals, printRemovalsFile(removals));
    await this.replaceIfChanged(stateFileNames.storages, printStoragesFile(storages));
    await this.replaceIfChanged(stateFileNames.syncTimestamps, printSyncTimestampsFile(stamps));
    await this.replaceIfChanged(stateFileNames.groups, printGroupsFile(groups));
  }

  async writeLastRun(lastRun: LastRun): Promise<void> {
    await this.replaceIfChanged(stateFileNames.status, printTrackerStatusFile(lastRun));
  }

  /** Replaces the changelog by that of another tracker. */
  async replaceChangelog(content: Buffer): Promise<void> {
    await this.replace(stateFileNames.changelog, content);
  }

  /** Appends a line and waits until it is on the disk; a line that fails half-way is taken back. */
  appendChangelog(line: Buffer): void {
    const path = this.path(stateFileNames.changelog);
    const isNew = this.disk.stat(path) === undefined;
    const file = this.disk.open(path, "append");
    try {
      const { sizeBytes } = file.stat();
      try {
        file.write(line, 0, line.length, sizeBytes);
        file.sync();
      } catch (error) {
        file.truncate(sizeBytes);
        throw error;
      }
    } finally {
      file.close();
    }
    if (isNew) this.disk.syncDirectory(this.directory);
  }

  private async readText<Parsed extends { problems: StateProblem[] }>(
    name: string,
    parse: (text: string) => Parsed,
    problems: FileProblem[],
  ): Promise<Parsed | undefined> {
    const content = this.readIfThere(name);
    if (content === undefined) return undefined;
    const parsed = parse(content.toString("latin1"));
    await this.keepDamaged(name, content, parsed.problems, problems);
    return parsed;
  }

  private async readChangelog(problems: FileProblem[]): Promise<Buffer> {
    const stored = this.readIfThere(stateFileNames.changelog);
    if (stored === undefined) return Buffer.alloc(0);
    const parsed = parseChangelogFile(stored);
    await this.keepDamaged(stateFileNames.changelog, stored, parsed.problems, problems);
    // Otherwise the next line would be glued to half of another one.
    if (parsed.content.length < stored.length) await this.replace(stateFileNames.changelog, parsed.content);
    return parsed.content;
  }

  private async readLastRun(problems: FileProblem[]): Promise<LastRun | undefined> {
    const content = this.readIfThere(stateFileNames.status);
    if (content === undefined) return undefined;
    const lastRun = parseTrackerStatusFile(content.toString("latin1"));
    if (lastRun === undefined) {
      const problem = { line: 0, what: "no up_time and last_check_time", lost: "how long this tracker was down" };
      await this.keepDamaged(stateFileNames.status, content, [problem], problems);
    }
    return lastRun;
  }

  private readIfThere(name: string): Buffer | undefined {
    try {
      return this.disk.readFile(this.path(name));
    } catch (error) {
      if (systemErrorCode(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  private async keepDamaged(
    name: string,
    content: Buffer,
    found: readonly StateProblem[],
    problems: FileProblem[],
  ): Promise<void> {
    if (found.length === 0) return;
    const keptAs = this.path(`${name}.damaged`);
    await this.replace(`${name}.damaged`, content);
    for (const problem of found) problems.push({ ...problem, path: this.path(name), keptAs });
  }

  private async replaceIfChanged(name: string, text: string): Promise<void> {
    if (this.written.get(name) === text) return;
    // A failed replacement may or may not have taken place.
    this.written.delete(name);
    await this.replace(name, Buffer.from(text, "latin1"));
    this.written.set(name, text);
  }

  private async replace(name: string, content: Buffer): Promise<void> {
    const path = this.path(name);
    const beside = `${path}.tmp`;
    const file = this.disk.open(beside, "replace");
    try {
      file.write(content, 0, content.length, 0);
      await file.syncInBackground();
    } finally {
      file.close();
    }
    this.disk.rename(beside, path);
    this.disk.syncDirectory(this.directory);
  }

  private path(name: string): string {
    return `${this.directory}/${name}`;
  }
}
