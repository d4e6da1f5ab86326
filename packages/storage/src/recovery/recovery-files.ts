// The files by which a recovery of a store path goes on after it was stopped, in C's form: a C storage could finish what
// we began and the other way round (storage-formats.md §2.9). Some C names hold a trunk file's name where ours do.
import type { Disk } from "@fastdfs-ts/runtime";

import { parseKeyValues, parseWhole, printKeyValues } from "../formats/key-values.ts";
import { StateFile } from "../formats/state-file.ts";

export interface RecoveryFlag {
  /** Number of the status that the trackers gave this storage before. */
  readonly savedStatus: number;
  /** Whether the lists of what to fetch are complete. */
  readonly hasLists: boolean;
  /** How many lists there are, or will be. */
  readonly lists: number;
}

/** C's limit is far below; a number that cannot be right is refused. */
const LISTS_MAX = 1024;

/** The flag, or undefined if the text is none. Without a number of lists (before 6.04) it begins anew. */
export function parseRecoveryFlag(text: string): RecoveryFlag | undefined {
  const values = parseKeyValues(text);
  const savedStatus = parseWhole(values.get("saved_storage_status"));
  const done = parseWhole(values.get("fetch_binlog_done"));
  const lists = parseWhole(values.get("recovery_threads"));
  if (savedStatus === undefined || done === undefined) return undefined;
  const areListed = lists !== undefined && lists >= 1 && lists <= LISTS_MAX;
  return { savedStatus, hasLists: done !== 0 && areListed, lists: areListed ? lists : 1 };
}

export function printRecoveryFlag({ savedStatus, hasLists, lists }: RecoveryFlag): string {
  return printKeyValues([
    ["saved_storage_status", savedStatus],
    ["fetch_binlog_done", hasLists ? 1 : 0],
    ["recovery_threads", lists],
  ]);
}

const OWN_FILE = /^\.(recovery\.flag|binlog\.recovery(\.\d+|\.tmp)?|recovery\.mark(\.\d+)?)(\.tmp)?$/;

export class RecoveryFiles {
  private readonly disk: Disk;
  private readonly dataPath: string;
  private readonly flagFile: StateFile;

  /** `dataPath` is `<store path>/data`. */
  constructor(disk: Disk, dataPath: string) {
    this.disk = disk;
    this.dataPath = dataPath;
    this.flagFile = new StateFile(disk, `${dataPath}/.recovery.flag`);
  }

  /** The flag of a recovery that was begun; a damaged one begins anew. Throws FdfsError if it cannot be read. */
  readFlag(): RecoveryFlag | undefined {
    const text = this.flagFile.read();
    if (text === undefined) return undefined;
    return parseRecoveryFlag(text) ?? { savedStatus: 0, hasLists: false, lists: 1 };
  }

  /** When this returns, the next start knows that this path is being recovered. Creates the folder. Throws FdfsError. */
  writeFlag(flag: RecoveryFlag): void {
    this.disk.makeDirectory(this.dataPath);
    this.flagFile.replace(printRecoveryFlag(flag));
  }

  /** What the other member's log said, before it is split into lists. */
  get fetchedLogPath(): string {
    return `${this.dataPath}/.binlog.recovery.tmp`;
  }

  listPath(list: number): string {
    return `${this.dataPath}/.binlog.recovery.${list}`;
  }

  /** Where to go on in a list. */
  readMark(list: number): number {
    const offset = parseWhole(parseKeyValues(this.markFile(list).read() ?? "").get("binlog_offset"));
    return offset === undefined || offset < 0 ? 0 : offset;
  }

  /** What lies before `offset` in the list must be on the disk. */
  writeMark(list: number, offset: number): void {
    this.markFile(list).replace(printKeyValues([["binlog_offset", offset]]));
  }

  /** Removes everything, the flag last. */
  remove(): void {
    for (const name of this.disk.readDirectory(this.dataPath)) {
      if (OWN_FILE.test(name) && name !== ".recovery.flag") this.disk.unlink(`${this.dataPath}/${name}`);
    }
    this.disk.syncDirectory(this.dataPath);
    this.disk.unlink(this.flagFile.path);
    this.disk.syncDirectory(this.dataPath);
  }

  private markFile(list: number): StateFile {
    return new StateFile(this.disk, `${this.dataPath}/.recovery.mark.${list}`);
  }
}
