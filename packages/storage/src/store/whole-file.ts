// Small files in one go, inline and through a worker.
import type { BackgroundDisk, Disk } from "@fastdfs-ts/runtime";

/**
 * Reads up to `length` bytes from the beginning of a file into `into` at `at`. Returns how many there were. Throws the
 * disk's error (ENOENT, EISDIR …).
 */
export function readStartInline(disk: Disk, path: string, into: Uint8Array, at: number, length: number): number {
  const file = disk.open(path, "read");
  try {
    return file.read(into, at, length, 0);
  } finally {
    file.close();
  }
}

/** As `readStartInline`, on a worker. */
export async function readStartInBackground(
  disk: BackgroundDisk,
  path: string,
  into: Uint8Array,
  at: number,
  length: number,
): Promise<number> {
  const file = disk.through(await disk.open(path, "read"));
  try {
    return await file.read(into, at, length, 0);
  } finally {
    await file.close();
  }
}

/**
 * Writes a file that must not exist, and sets its time if one is given. Throws the disk's error; then there may be a part
 * of the file.
 */
export function writeNewInline(disk: Disk, path: string, content: Uint8Array, modifiedSeconds?: number): void {
  const file = disk.open(path, "create");
  try {
    file.write(content, 0, content.length, 0);
    if (modifiedSeconds !== undefined) file.setTimes(modifiedSeconds);
  } finally {
    file.close();
  }
}

/** As `writeNewInline`, on a worker. */
export async function writeNewInBackground(
  disk: BackgroundDisk,
  path: string,
  content: Uint8Array,
  modifiedSeconds?: number,
): Promise<void> {
  const file = disk.through(await disk.open(path, "create"));
  try {
    await file.write(content, 0, content.length, 0);
    if (modifiedSeconds !== undefined) await file.setTimes(modifiedSeconds);
  } finally {
    await file.close();
  }
}
