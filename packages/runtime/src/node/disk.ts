// The real disk: a thin layer over Node's synchronous file calls. It is the hot path (ARCHITECTURE): nothing here
// allocates beyond what Node itself does, and no call is made that the caller did not ask for.
import fs from "node:fs";
import type { Disk, DiskFile, FileStat, OpenMode } from "../ports/disk.ts";
import { SystemError, systemErrorCode } from "../ports/system-error.ts";

const { O_APPEND, O_CREAT, O_DIRECTORY, O_EXCL, O_RDONLY, O_RDWR, O_TRUNC, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } =
  fs.constants;

const flagsOfMode: Readonly<Record<OpenMode, number>> = {
  read: O_RDONLY,
  write: O_RDWR,
  create: O_RDWR | O_CREAT | O_EXCL,
  open: O_RDWR | O_CREAT,
  replace: O_RDWR | O_CREAT | O_TRUNC,
  append: O_RDWR | O_CREAT | O_APPEND,
};

/** Files are readable for everyone, as the C servers create them: a web server beside the storage serves them. */
const newFileMode = 0o644;
const nothingIsUndefined = { throwIfNoEntry: false } as const;
const closed = -1;

function kindOfMode(mode: number): FileStat["kind"] {
  const type = mode & S_IFMT;
  if (type === S_IFREG) return "file";
  if (type === S_IFDIR) return "directory";
  return type === S_IFLNK ? "symlink" : "other";
}

// Only the plain numbers are read: the Date fields of fs.Stats are computed on first use.
function fileStat(stats: fs.Stats): FileStat {
  return { kind: kindOfMode(stats.mode), sizeBytes: stats.size, modifiedMs: stats.mtimeMs, inode: stats.ino };
}

class NodeDiskFile implements DiskFile {
  #fd: number;
  readonly #appends: boolean;
  /** Background syncs under way. The descriptor stays open for them: its number must not become another file's. */
  #syncsUnderWay = 0;
  #fdToCloseLater = closed;

  constructor(fd: number, appends: boolean) {
    this.#fd = fd;
    this.#appends = appends;
  }

  read(into: Uint8Array, offset: number, length: number, position: number): number {
    return fs.readSync(this.#openFd("read"), into, offset, length, position);
  }

  write(from: Uint8Array, offset: number, length: number, position: number): void {
    const fd = this.#openFd("write");
    let written = 0;
    while (written < length) {
      // A position on a file in append mode is ignored by Linux but not by macOS.
      const at = this.#appends ? null : position + written;
      written += fs.writeSync(fd, from, offset + written, length - written, at);
    }
  }

  truncate(sizeBytes: number): void {
    fs.ftruncateSync(this.#openFd("ftruncate"), sizeBytes);
  }

  sync(): void {
    fs.fdatasyncSync(this.#openFd("fdatasync"));
  }

  syncInBackground(): Promise<void> {
    return new Promise((resolve, reject) => {
      const fd = this.#openFd("fdatasync");
      this.#syncsUnderWay++;
      fs.fdatasync(fd, (error) => {
        this.#syncsUnderWay--;
        // Synced or reported as failed: closing has nothing to add, and nobody waits for it.
        if (this.#syncsUnderWay === 0 && this.#fdToCloseLater !== closed) fs.close(this.#fdToCloseLater, () => {});
        if (error) reject(error);
        else resolve();
      });
    });
  }

  stat(): FileStat {
    return fileStat(fs.fstatSync(this.#openFd("fstat")));
  }

  setTimes(seconds: number): void {
    fs.futimesSync(this.#openFd("futimes"), seconds, seconds);
  }

  close(): void {
    const fd = this.#openFd("close");
    this.#fd = closed;
    if (this.#syncsUnderWay > 0) this.#fdToCloseLater = fd;
    else fs.closeSync(fd);
  }

  #openFd(syscall: string): number {
    if (this.#fd === closed) throw new SystemError("EBADF", syscall);
    return this.#fd;
  }
}

// With `throwIfNoEntry` off a missing file costs no Error, but Node 20 still throws ENOTDIR below a plain file.
function statOrUndefined(stat: typeof fs.statSync, path: string): FileStat | undefined {
  try {
    const stats = stat(path, nothingIsUndefined);
    return stats && fileStat(stats);
  } catch (error) {
    if (systemErrorCode(error) === "ENOTDIR") return undefined;
    throw error;
  }
}

export const nodeDisk: Disk = {
  open: (path, mode) => new NodeDiskFile(fs.openSync(path, flagsOfMode[mode], newFileMode), mode === "append"),

  stat: (path) => statOrUndefined(fs.statSync, path),
  linkStat: (path) => statOrUndefined(fs.lstatSync, path),
  readFile: (path) => fs.readFileSync(path),
  rename: (from, to) => fs.renameSync(from, to),
  unlink: (path) => fs.unlinkSync(path),
  symlink: (target, path) => fs.symlinkSync(target, path),
  readLink: (path) => fs.readlinkSync(path),

  makeDirectory(path) {
    fs.mkdirSync(path, { recursive: true });
  },

  removeDirectory: (path) => fs.rmdirSync(path),
  readDirectory: (path) => fs.readdirSync(path).sort(),

  syncDirectory(path) {
    const fd = fs.openSync(path, O_RDONLY | O_DIRECTORY);
    try {
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
  },

  space(path) {
    const { bsize, blocks, bavail, files, ffree } = fs.statfsSync(path);
    return {
      totalBytes: blocks * bsize,
      availableBytes: bavail * bsize,
      totalInodes: files,
      freeInodes: ffree,
    };
  },
};
