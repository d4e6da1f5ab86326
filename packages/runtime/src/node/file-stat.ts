// What Node tells about files and file systems, in the words of the Disk port; and the port's open modes in Node's.
import fs from "node:fs";
import type { DiskSpace, FileStat, OpenMode } from "../ports/disk.ts";
import { systemErrorCode } from "../ports/system-error.ts";

const { O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_TRUNC, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } = fs.constants;

export const flagsOfMode: Readonly<Record<OpenMode, number>> = {
  read: O_RDONLY,
  write: O_RDWR,
  create: O_RDWR | O_CREAT | O_EXCL,
  open: O_RDWR | O_CREAT,
  replace: O_RDWR | O_CREAT | O_TRUNC,
  append: O_RDWR | O_CREAT | O_APPEND,
};

/** Files are readable for everyone, as the C servers create them: a web server beside the storage serves them. */
export const newFileMode = 0o644;
/** For `stat`: a missing file costs no Error. */
export const nothingIsUndefined = { throwIfNoEntry: false } as const;

function kindOfMode(mode: number): FileStat["kind"] {
  const type = mode & S_IFMT;
  if (type === S_IFREG) return "file";
  if (type === S_IFDIR) return "directory";
  return type === S_IFLNK ? "symlink" : "other";
}

// Only the plain numbers are read: the Date fields of fs.Stats are computed on first use.
export function fileStat({ mode, size, mtimeMs, ctimeMs, ino }: fs.Stats): FileStat {
  return { kind: kindOfMode(mode), sizeBytes: size, modifiedMs: mtimeMs, changedMs: ctimeMs, inode: ino };
}

/** Whether an error of `stat` means that nothing is there: even when told not to throw, Node 20 throws ENOTDIR. */
export function meansNothingThere(error: unknown): boolean {
  return systemErrorCode(error) === "ENOTDIR";
}

export function diskSpace({ bsize, blocks, bavail, files, ffree }: fs.StatsFs): DiskSpace {
  return { totalBytes: blocks * bsize, availableBytes: bavail * bsize, totalInodes: files, freeInodes: ffree };
}
