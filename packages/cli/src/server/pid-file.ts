// Says which process uses a data directory, so that a second one does not start on the same files. Where C has its own
// pid file (storage-formats.md §2.1) it is the same: the number alone, without line end.
//
// A number alone does not say that its process is the one that wrote it, and files cannot be locked without native code. So
// each process that wants the directory first puts a claim beside the pid file, named after itself and its start, and then
// looks for others. Whoever comes second sees the first; so no two find themselves alone. A claim never means another process
// than the one that made it, so whoever finds one of a dead process may remove it at any time.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

import { type Clock, sleep, systemErrorCode } from "@fastdfs-ts/runtime";

import { lifeOf, UNKNOWN_LIFE } from "./process-life.ts";

/** Between looks at others that came at the same moment; they need a few file operations to decide. */
const LOOK_AGAIN_MS = 10;
/** Five seconds: then one that does not decide, perhaps because it was halted, is taken for the owner. */
const LOOKS_MAX = 500;

/** Ours from `claim` to disposal. */
export class PidFile implements Disposable {
  readonly path: string;
  private readonly claimPath: string;

  private constructor(path: string, claimPath: string) {
    this.path = path;
    this.claimPath = claimPath;
  }

  /**
   * Writes this process's id. Answers the id of the process that has the file already, if that one is alive; a file left behind
   * by a dead one is replaced. Of several that come at the same moment one gets it. Throws the system error if a file cannot be
   * written.
   */
  static async claim(path: string, clock: Clock): Promise<PidFile | number> {
    mkdirSync(dirname(path), { recursive: true });
    const claimPath = `${path}.${process.pid}-${lifeOf(process.pid)}`;
    // This process has it itself.
    if (existsSync(claimPath)) return process.pid;
    let isClaimed = false;
    for (let looks = 1; ; looks++) {
      const others = livingClaims(path).filter((claim) => claim.path !== claimPath);
      const owner = liveOwner(path) ?? (looks > LOOKS_MAX ? others[0]?.pid : undefined);
      if (owner !== undefined) {
        rmSync(claimPath, { force: true });
        return owner;
      }
      if (others.length > 0) {
        // One of them has not seen us, and takes the file. If all have seen each other, the one with the lowest id stays.
        if (isClaimed && others.some(({ pid }) => pid < process.pid)) {
          rmSync(claimPath, { force: true });
          isClaimed = false;
        }
        await sleep(clock, LOOK_AGAIN_MS);
      } else if (isClaimed) break;
      else {
        writeFileSync(claimPath, "");
        isClaimed = true;
      }
    }
    const newPath = `${path}.new`;
    writeFileSync(newPath, String(process.pid));
    renameSync(newPath, path);
    return new PidFile(path, claimPath);
  }

  /** The claim goes last: whoever finds it waits. */
  [Symbol.dispose](): void {
    if (readPid(this.path) === process.pid) rmSync(this.path, { force: true });
    rmSync(this.claimPath, { force: true });
  }
}

/** The process that a pid file names, if it is alive and another one than this. */
export function liveOwner(path: string): number | undefined {
  const pid = readPid(path);
  // Our own number in it means an earlier life of ours.
  if (pid === undefined || pid === process.pid) return undefined;
  const claims = claimsOf(path).filter((claim) => claim.pid === pid);
  const isOwner = claims.length > 0 ? claims.some(isAlive) : isDaemonOfC(pid, basename(path, ".pid"));
  return isOwner ? pid : undefined;
}

/** Of processes that are alive; those of dead ones are removed. */
function livingClaims(path: string): Claim[] {
  return claimsOf(path).filter((claim) => {
    if (isAlive(claim)) return true;
    rmSync(claim.path, { force: true });
    return false;
  });
}

interface Claim {
  readonly path: string;
  readonly pid: number;
  readonly life: string;
}

function claimsOf(path: string): Claim[] {
  const prefix = `${basename(path)}.`;
  const folder = dirname(path);
  return namesIn(folder).flatMap((name) => {
    const [, pid, life] = (name.startsWith(prefix) && /^(\d+)-([\w-]+)$/.exec(name.slice(prefix.length))) || [];
    return pid === undefined || life === undefined ? [] : [{ path: join(folder, name), pid: Number(pid), life }];
  });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return [];
    throw error;
  }
}

function isAlive({ pid, life }: Claim): boolean {
  const present = lifeOf(pid);
  return present === life || (present !== undefined && (present === UNKNOWN_LIFE || life === UNKNOWN_LIFE));
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

/** A pid file without a claim is from C, whose process has the name of the file. */
function isDaemonOfC(pid: number, daemon: string): boolean {
  if (lifeOf(pid) === undefined) return false;
  try {
    const [program] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    return basename(program ?? "") === daemon;
  } catch {
    return true; // no /proc here, or not ours to read: better refuse once too often
  }
}
