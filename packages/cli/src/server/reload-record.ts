// Beside its pid file a running tracker keeps what came of its last reload. A signal has no answer: `fdfs reload` finds it
// here. No port is needed for that, so it works when the file names another port or address by now, whoever may connect,
// and nobody else can make a tracker read files: who may send it a signal is decided by the system.
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { systemErrorCode } from "@fastdfs-ts/runtime";
import type { ReloadOutcome } from "@fastdfs-ts/tracker";

export interface ReloadRecord {
  /** The process that listens for SIGHUP. One that does not say so would be ended by it. */
  readonly pid: number;
  /** The file that it reads. */
  readonly conf: string;
  /** How often it has read the file again. */
  readonly reloads: number;
  /** Of the last time; missing before the first. */
  readonly outcome?: ReloadOutcome | undefined;
}

export function reloadRecordPath(basePath: string): string {
  return join(basePath, "data", "fdfs_trackerd.reload");
}

/** Replaces the record in one step. Throws the system's error. */
export function writeReloadRecord(basePath: string, record: ReloadRecord): void {
  const path = reloadRecordPath(basePath);
  writeFileSync(`${path}.new`, JSON.stringify(record));
  renameSync(`${path}.new`, path);
}

/** `undefined` if there is none: no tracker of ours runs there. Throws the system's error if it cannot be read. */
export function readReloadRecord(basePath: string): ReloadRecord | undefined {
  try {
    return JSON.parse(readFileSync(reloadRecordPath(basePath), "utf8")) as ReloadRecord;
  } catch (error) {
    // A power cut may leave an empty file; the tracker that comes then writes a new one.
    if (systemErrorCode(error) === "ENOENT" || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
