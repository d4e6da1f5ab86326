// After the machine went down: which files of the last minutes are whole? The time of a file is in its name, so old ones
// cost nothing but the reading of their names; young ones are held to the size and CRC32 that their names state. What is
// damaged is moved aside, so that it is never served and nobody takes it for a copy.
//
// An old file can have come late, from a member that had to catch up, and its record can be lost. Then its directory was
// changed a short time ago, and so was the file, if the disk is asked: its other time is that of its record.
import { METADATA_SUFFIX, parseNameFacts, printLogicalName, TRUE_PATH_BYTES } from "@fastdfs-ts/protocol";

import type { BinlogRecord } from "../binlog/binlog-record.ts";
import type { FileStore } from "../files/file-store.ts";
import { type ResolvedName, resolveNameOrNot } from "../files/resolve-name.ts";
import { holdsContent } from "../files/holds-content.ts";
import { statedContent } from "../files/stated-content.ts";
import { trunkSlotOf } from "../files/trunk-slot.ts";
import type { StorePath } from "../store/store-path.ts";
import { TimeSlices } from "../store/time-slices.ts";
import { isYoung, type UncertainTime } from "./pending-repair.ts";
import { setAside } from "./set-aside.ts";

/** What a disk writes whole. */
const SECTOR_BYTES = 512;

/** What our log says last of a name: a file of it is there, was deleted, or has this other name now. */
export type LastWord = "there" | "deleted" | { readonly renamedTo: string };
/** By name, in the order of the log. */
export type LastWords = ReadonlyMap<string, LastWord>;

export interface ScanOutcome {
  readonly lookedAt: number;
  readonly damaged: number;
  /** Files that were deleted according to our log, and were there again. */
  readonly deleted: number;
  /**
   * What our log does not say of files, damaged ones too: it was lost with its end. As many as within a sync interval. Of
   * slaves and metadata the name says only who took their master.
   */
  readonly unlogged: readonly BinlogRecord[];
}

/** Looks at all files that `lastWords` names, which may be old ones that came late, and at those of the uncertain time. Throws the disk's error, and the signal's reason. */
export async function scanYoungFiles(
  store: FileStore,
  time: UncertainTime,
  lastWords: LastWords,
  signal?: AbortSignal,
): Promise<ScanOutcome> {
  const scan = new Scan(store, time, lastWords, signal);
  // First, so that a file is held to the name that it should have.
  await scan.repeatNameChanges();
  for (const storePath of store.paths.all) await scan.path(storePath);
  return scan;
}

class Scan implements ScanOutcome {
  lookedAt = 0;
  damaged = 0;
  deleted = 0;
  readonly unlogged: BinlogRecord[] = [];
  private readonly store: FileStore;
  private readonly time: UncertainTime;
  private readonly lastWords: LastWords;
  private readonly slices: TimeSlices;

  constructor(store: FileStore, time: UncertainTime, lastWords: LastWords, signal: AbortSignal | undefined) {
    this.store = store;
    this.time = time;
    this.lastWords = lastWords;
    this.slices = new TimeSlices(store.clock, signal);
  }

  async path(storePath: StorePath): Promise<void> {
    const { disk } = this.store;
    for (const high of hashDirectories(disk.readDirectory(storePath.dataPath))) {
      for (const low of hashDirectories(disk.readDirectory(`${storePath.dataPath}/${high}`))) {
        const folder = `${storePath.dataPath}/${high}/${low}`;
        const wasChanged = this.isYoung(disk.stat(folder)?.modifiedMs);
        for (const fileName of disk.readDirectory(folder)) {
          const name = printLogicalName(storePath.index, Number.parseInt(high, 16), Number.parseInt(low, 16), fileName);
          const target = resolveNameOrNot(this.store, name);
          if (target !== undefined && (this.lastWords.has(name) || this.mayBeYoung(target, wasChanged)))
            await this.lookAt(target);
          const turn = this.slices.letOthersRun();
          if (turn !== undefined) await turn;
        }
      }
    }
  }

  private isYoung(unixMs: number | undefined): boolean {
    return unixMs !== undefined && isYoung(this.time, Math.floor(unixMs / 1000));
  }

  /**
   * Whether the disk has to be asked. Names of slaves and metadata carry the time of their master, and appenders are changed
   * where they are.
   */
  private mayBeYoung({ pathInStore, logicalName }: ResolvedName, wasDirectoryChanged: boolean): boolean {
    const facts = parseNameFacts(pathInStore, TRUE_PATH_BYTES);
    if (facts === undefined || trunkSlotOf(pathInStore) !== undefined) return false;
    return wasDirectoryChanged || statedContent(logicalName) === undefined || isYoung(this.time, facts.createdSeconds);
  }

  private async lookAt(target: ResolvedName): Promise<void> {
    const { logicalName, pathInStore } = target;
    const stat = await target.storePath.disk.linkStat(target.path);
    if (stat === undefined || (stat.kind !== "file" && stat.kind !== "symlink")) return;
    const stated = stat.kind === "file" ? statedContent(logicalName) : undefined;
    const facts = parseNameFacts(pathInStore, TRUE_PATH_BYTES);
    const created = stated === undefined ? undefined : facts?.createdSeconds;
    const isLogged = this.lastWords.has(logicalName);
    if (!isLogged && !this.isYoung(stat.changedMs) && !isYoung(this.time, created ?? 0)) return;
    this.lookedAt++;
    if (!isLogged) {
      const op = facts?.source === this.store.source ? "C" : "c";
      const seconds = created ?? Math.floor(stat.modifiedMs / 1000);
      this.unlogged.push({ seconds, op, logicalName, extra: undefined });
    }
    const isWhole =
      stated === undefined
        ? stat.kind !== "file" || !logicalName.endsWith(METADATA_SUFFIX) || (await this.mayBeMetadata(target))
        : await holdsContent(target, stated, this.store.clock);
    if (isWhole) return;
    await setAside(this.store, target, stat.sizeBytes);
    this.damaged++;
  }

  /** Metadata that is empty is no file, and no sector of it is nothing but NULs; C leaves a few behind a text. */
  private async mayBeMetadata({ storePath, path }: ResolvedName): Promise<boolean> {
    const content = await storePath.disk.readFile(path);
    for (let at = 0; at < content.length; at += SECTOR_BYTES) {
      if (content.subarray(at, at + SECTOR_BYTES).every((byte) => byte === 0)) return false;
    }
    return content.length > 0;
  }

  /** The line of a deletion or a renaming survived, what it says may not have. */
  async repeatNameChanges(): Promise<void> {
    for (const [logicalName, lastWord] of this.lastWords) {
      const target = lastWord === "there" ? undefined : resolveNameOrNot(this.store, logicalName);
      if (target === undefined || (await target.storePath.disk.linkStat(target.path)) === undefined) continue;
      const renamed = typeof lastWord === "object" ? resolveNameOrNot(this.store, lastWord.renamedTo) : undefined;
      if (renamed !== undefined && (await renamed.storePath.disk.linkStat(renamed.path)) === undefined) {
        await target.storePath.disk.rename(target.path, renamed.path);
        this.store.log.notice("repair.file-renamed", { file: logicalName, to: renamed.logicalName });
        continue;
      }
      await target.storePath.disk.unlink(target.path);
      this.deleted++;
      this.store.log.notice("repair.file-deleted", { file: logicalName, reason: "our log says that it was deleted" });
    }
  }
}

function hashDirectories(names: readonly string[]): string[] {
  return names.filter((name) => /^[0-9A-F]{2}$/.test(name));
}
