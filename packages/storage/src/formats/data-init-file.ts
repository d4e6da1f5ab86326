// The `.data_init_flag` of a running storage: read once, then every change is on the disk before it counts.
import { join } from "node:path";

import type { Disk } from "@fastdfs-ts/runtime";

import { type DataInitFlag, newDataInitFlag, parseDataInitFlag, printDataInitFlag } from "./data-init-flag.ts";
import { damagedFile, StateFile } from "./state-file.ts";

/** `<basePath>/data/.data_init_flag` */
export function dataInitFlagPath(basePath: string): string {
  return join(basePath, "data", ".data_init_flag");
}

export class DataInitFile {
  /** Whether this storage has never run before. */
  readonly isFirstStart: boolean;
  private readonly file: StateFile;
  private current: DataInitFlag;

  private constructor(file: StateFile, flag: DataInitFlag, isFirstStart: boolean) {
    this.file = file;
    this.current = flag;
    this.isFirstStart = isFirstStart;
  }

  /**
   * Reads the flag, or creates it with this join time if there is none. `<basePath>/data` must exist. Throws FdfsError
   * IO_FAILED if the file is there but cannot be used: a storage that forgot who it is must not go on.
   */
  static open(disk: Disk, basePath: string, nowSeconds: number): DataInitFile {
    const file = new StateFile(disk, dataInitFlagPath(basePath));
    const text = file.read();
    if (text === undefined) {
      const flag = newDataInitFlag(nowSeconds);
      file.replace(printDataInitFlag(flag));
      // The directory is as new: without it, a power cut would leave store paths marked by nobody that is known.
      disk.syncDirectory(basePath);
      return new DataInitFile(file, flag, true);
    }
    const flag = parseDataInitFlag(text);
    if (typeof flag === "string") {
      throw damagedFile(
        file.path,
        flag,
        "Restore the file from a backup; if this storage holds no files yet, remove it to start anew",
      );
    }
    return new DataInitFile(file, flag, false);
  }

  get flag(): DataInitFlag {
    return this.current;
  }

  /** Changes some values; when this returns they are on the disk. Does not write if nothing changes. Throws FdfsError. */
  update(changes: Partial<DataInitFlag>): void {
    const next = { ...this.current, ...changes };
    const text = printDataInitFlag(next);
    if (text !== printDataInitFlag(this.current)) this.file.replace(text);
    this.current = next;
  }
}
