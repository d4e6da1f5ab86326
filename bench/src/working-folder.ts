// Where the servers keep their files while they are measured.
//
// Memory is preferred to a disk. What is asked is what our code costs beyond the system calls, and on a disk the same
// system call may cost 10 µs or 700: ext4, for instance, creates files slowly for minutes after many were deleted,
// because it passes over their inodes one by one. Both sides pay that alike, so it would only hide the difference
// between them.
import { accessSync, constants, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const MEMORY_FOLDER = "/dev/shm";
/** What the largest scenario needs, twice. */
const ROOM_BYTES = 4 * 2 ** 30;
const TMPFS = 0x0102_1994;

/** Magic numbers of statfs(2). */
const fileSystems: Readonly<Record<number, string>> = {
  0xef53: "ext2/3/4",
  0x5846_5342: "xfs",
  0x9123_683e: "btrfs",
  [TMPFS]: "tmpfs",
  0x794c_7630: "overlayfs",
};

/** TMPDIR if it is set, otherwise a file system in memory with enough room, otherwise the system's temporary directory. */
export function workingFolder(): string {
  const { TMPDIR } = process.env;
  if (TMPDIR !== undefined && TMPDIR !== "") return TMPDIR;
  return hasRoom(MEMORY_FOLDER) ? MEMORY_FOLDER : tmpdir();
}

export function fileSystemOf(folder: string): string {
  const { type } = statfsSync(folder);
  return fileSystems[type] ?? `file system 0x${type.toString(16)}`;
}

export function isInMemory(folder: string): boolean {
  return statfsSync(folder).type === TMPFS;
}

/** Gives `work` an empty directory and removes it, whatever happens. */
export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(workingFolder(), "fdfs-bench-"));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function hasRoom(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize >= ROOM_BYTES;
  } catch {
    // Not there (macOS), or not ours to write to.
    return false;
  }
}
