// Rebuilds one store path from the other members (cluster-behaviour.md §9.4). It can be stopped anywhere and goes on at the
// next start; the storage listens only when it is done.
import {
  type Clock,
  type Disk,
  invariant,
  type Logger,
  REFUSED as XX,
  stateTable,
  STAYS as __,
} from "@fastdfs-ts/runtime";

import type { BinlogRecord } from "../binlog/binlog-record.ts";
import type { FileStore } from "../files/file-store.ts";
import { resolveNameOrNot } from "../files/resolve-name.ts";
import type { StorePath } from "../store/store-path.ts";
import { fetchPathLog, splitIntoLists, usefulRecord } from "./fetch-lists.ts";
import { type FileGivers, type GiverConnections, peerTrouble } from "./file-givers.ts";
import { linesOf } from "./line-file.ts";
import { RecoveryFiles } from "./recovery-files.ts";
import { RecoveryProgress } from "./recovery-progress.ts";
import { restoredName, restoreLink, type RestoreOutcome } from "./restore-file.ts";

/**
 * LISTING asks another member what there was · SPLITTING makes lists of it · COPYING works the lists off · ENDING removes
 * what is needed to go on after a stop · DONE.
 */
// prettier-ignore
const recoveryStates = stateTable(["memberLost", "logFetched", "listsWritten", "listsDone", "filesRemoved"], {
  //          memberLost logFetched   listsWritten listsDone filesRemoved
  LISTING:   [__,        "SPLITTING", XX,          XX,       XX],
  SPLITTING: [XX,        XX,          "COPYING",   XX,       XX],
  COPYING:   [__,        XX,          XX,          "ENDING", XX],
  ENDING:    [XX,        XX,          XX,          XX,       "DONE"],
  DONE:      [XX,        XX,          XX,          XX,       XX],
});
type RecoveryState = (typeof recoveryStates.states)[number];
type RecoveryEvent = (typeof recoveryStates.events)[number];

/** A list's mark is written after this many files, as in C. What is fetched again after a stop is only looked at. */
const MARK_FILES = 1000;

export interface PathRecoveryOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal?: AbortSignal | undefined;
  readonly givers: FileGivers;
  readonly store: Pick<FileStore, "paths">;
  readonly storePath: StorePath;
  /** `disk_recovery_threads` */
  readonly threads: number;
}

export class PathRecovery {
  private readonly options: PathRecoveryOptions;
  private readonly files: RecoveryFiles;
  private readonly progress: RecoveryProgress;
  private state: RecoveryState;
  /** One list cannot go on: the others need not either. */
  private hasFailed = false;

  constructor(options: PathRecoveryOptions) {
    this.options = options;
    this.files = new RecoveryFiles(options.disk, options.storePath.dataPath);
    this.state = this.files.readFlag()?.hasLists === true ? "COPYING" : "LISTING";
    this.progress = new RecoveryProgress(options.clock, options.log, options.storePath.path);
  }

  /** Goes on until everything that other members have is here. Throws FdfsError of the disk, and the signal's reason. */
  async run(): Promise<void> {
    try {
      if (this.state === "LISTING") await this.makeLists();
      await this.copyLists();
      this.files.remove();
      this.happens("filesRemoved");
    } finally {
      this.progress.end(this.state === "DONE");
    }
  }

  private happens(event: RecoveryEvent): void {
    const next = recoveryStates.next(this.state, event);
    invariant(next !== undefined, `a recovery that is ${this.state} is not told ${event}`);
    this.state = next;
    this.options.log.info("recovery.state", { path: this.options.storePath.path, state: next });
  }

  private async makeLists(): Promise<void> {
    const { disk, storePath, threads: lists } = this.options;
    await this.fetchLog();
    this.happens("logFetched");
    const records = await splitIntoLists({
      ...this.options,
      files: this.files,
      storePathIndex: storePath.index,
      lists,
    });
    disk.syncDirectory(storePath.dataPath);
    this.files.writeFlag({ savedStatus: this.files.readFlag()?.savedStatus ?? 0, hasLists: true, lists });
    this.options.log.notice("recovery.listed", { path: storePath.path, records });
    this.happens("listsWritten");
  }

  private async fetchLog(): Promise<void> {
    const { givers, log, disk, storePath } = this.options;
    const connections = givers.connections();
    try {
      for (;;) {
        for (const member of await givers.present()) {
          try {
            const bytes = await fetchPathLog(disk, this.files, connections.to(member), storePath.index);
            log.notice("recovery.log-fetched", { path: storePath.path, member: member.storageId, bytes });
            return;
          } catch (thrown) {
            const error = peerTrouble(thrown);
            log.warn("recovery.member-fails", { member: member.storageId, what: "log", error });
            this.happens("memberLost");
          }
        }
        await givers.afterTrouble();
      }
    } finally {
      connections.close();
    }
  }

  private async copyLists(): Promise<void> {
    const lists = this.files.readFlag()?.lists ?? 0;
    for (let list = 0; list < lists; list++) {
      for (const line of linesOf(this.options.disk, this.files.listPath(list), this.files.readMark(list))) {
        if (line.text !== "") this.progress.totalFiles++;
      }
    }
    const copying = Array.from({ length: lists }, async (_, list) => {
      try {
        await this.copyList(list);
      } catch (error) {
        this.hasFailed = true;
        throw error;
      }
    });
    const failed = (await Promise.allSettled(copying)).find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    this.happens("listsDone");
  }

  private async copyList(list: number): Promise<void> {
    const { disk, givers } = this.options;
    const connections = givers.connections();
    const touched = new Set<string>();
    let sinceMark = 0;
    const save = (offset: number) => {
      // The names first: a mark must not pass what a power cut can take away.
      for (const folder of touched) disk.syncDirectory(folder);
      touched.clear();
      sinceMark = 0;
      this.files.writeMark(list, offset);
    };
    try {
      let end = this.files.readMark(list);
      for (const line of linesOf(disk, this.files.listPath(list), end)) {
        if (this.hasFailed) return;
        const record = usefulRecord(line.text);
        const folder = record === undefined ? undefined : await this.copyRecord(record, connections);
        if (folder !== undefined) touched.add(folder);
        end = line.end;
        if (++sinceMark >= MARK_FILES) save(end);
      }
      save(end);
    } finally {
      connections.close();
    }
  }

  /** Returns the folder in which a file was made. */
  private async copyRecord(record: BinlogRecord, connections: GiverConnections): Promise<string | undefined> {
    const { store, log } = this.options;
    const target = restoredName(store, record);
    if (target === undefined) return undefined;
    const folder = target.path.slice(0, target.path.lastIndexOf("/"));
    // What has a name here is whole: it got it when its content was on the disk.
    if ((await target.storePath.disk.linkStat(target.path)) !== undefined) {
      this.progress.note("there");
      return folder;
    }
    const outcome = await this.obtain(record, target, connections);
    if (outcome.kind === "restored") {
      this.progress.note("copied", outcome.bytes);
      return folder;
    }
    // A file that was deleted since the log was fetched is no loss, so this is not a warning.
    if (outcome.kind === "missing") log.debug("recovery.file-gone", { file: record.logicalName });
    else log.error("recovery.file-damaged", { file: record.logicalName, remedy: "no member has a sound copy" });
    this.progress.note(outcome.kind);
    return undefined;
  }

  private obtain(
    { op, extra, seconds }: BinlogRecord,
    target: NonNullable<ReturnType<typeof restoredName>>,
    connections: GiverConnections,
  ): Promise<RestoreOutcome> {
    if (op !== "L" && op !== "l") return connections.restore(target, seconds);
    const leadsTo = resolveNameOrNot(this.options.store, extra ?? "");
    return leadsTo === undefined ? Promise.resolve({ kind: "missing" }) : restoreLink(target, leadsTo);
  }
}

/** Whether a recovery of this store path was begun and not ended. Throws FdfsError if that cannot be read. */
export function isBeingRecovered(disk: Disk, dataPath: string): boolean {
  return new RecoveryFiles(disk, dataPath).readFlag() !== undefined;
}
