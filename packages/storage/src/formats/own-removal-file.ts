// `data/.removed` (ours): an administrator removed this storage. Goes with the data directory that it is about.
import { join } from "node:path";

import type { Disk } from "@fastdfs-ts/runtime";

import { parseKeyValues, parseWhole, printKeyValues } from "./key-values.ts";
import { damagedFile, StateFile } from "./state-file.ts";

export interface StoredOwnRemoval {
  /** Lives that began up to this Unix time are over. */
  readonly joinSeconds: number;
  readonly removedSeconds: number;
}

export class OwnRemovalFile {
  private readonly file: StateFile;

  constructor(disk: Disk, basePath: string) {
    this.file = new StateFile(disk, join(basePath, "data", ".removed"));
  }

  get path(): string {
    return this.file.path;
  }

  /** `undefined` if this storage was not removed. Throws FdfsError IO_FAILED if the file makes no sense. */
  read(): StoredOwnRemoval | undefined {
    const text = this.file.read();
    if (text === undefined) return undefined;
    const values = parseKeyValues(text);
    const joinSeconds = parseWhole(values.get("join_time"));
    const removedSeconds = parseWhole(values.get("removed_time"));
    if (joinSeconds === undefined || removedSeconds === undefined) {
      throw damagedFile(
        this.path,
        "join_time or removed_time is missing",
        "If this storage was not removed from its group, delete the file: the trackers know it too",
      );
    }
    return { joinSeconds, removedSeconds };
  }

  /** When this returns it is on the disk. Throws FdfsError. */
  write({ joinSeconds, removedSeconds }: StoredOwnRemoval): void {
    this.file.replace(
      printKeyValues([
        ["join_time", joinSeconds],
        ["removed_time", removedSeconds],
      ]),
    );
  }
}
