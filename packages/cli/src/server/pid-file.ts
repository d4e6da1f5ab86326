// Says which process uses a data directory, so that a second one does not start on the same files. Where C has its own
// pid file (storage-formats.md §2.1) it is the same: the number alone, without line end.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

import { systemErrorCode } from "@fastdfs-ts/runtime";

/** Ours from `claim` to disposal. */
export class PidFile implements Disposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Writes this process's id. Answers the id of the process that has it already, if that one is alive; a file left
   * behind by a dead one is replaced. Throws the system error if the file cannot be written.
   */
  static claim(path: string): PidFile | number {
    mkdirSync(dirname(path), { recursive: true });
    const owner = liveOwner(path);
    if (owner !== undefined) return owner;
    rmSync(path, { force: true });
    writeFileSync(path, String(process.pid), { flag: "wx" });
    return new PidFile(path);
  }

  [Symbol.dispose](): void {
    if (readPid(this.path) === process.pid) rmSync(this.path, { force: true });
  }
}

/** The process that a pid file names, if it is alive and another one than this. */
export function liveOwner(path: string): number | undefined {
  const pid = readPid(path);
  // In a container every start may have the same number: our own means an earlier life of ours.
  if (pid === undefined || pid === process.pid || !isAlive(pid)) return undefined;
  return isFastDfs(pid) ? pid : undefined;
}

function readPid(path: string): number | undefined {
  try {
    const text = readFileSync(path, "utf8").trim();
    return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined;
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) === "EPERM"; // alive, but somebody else's
  }
}

/** Numbers are used again after a restart of the machine. Linux tells what a process is; elsewhere it counts as ours. */
function isFastDfs(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("fdfs");
  } catch {
    return true; // no /proc here, or not ours to read: better refuse once too often
  }
}
