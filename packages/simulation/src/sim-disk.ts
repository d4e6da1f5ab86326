// The Disk port over a simulated disk image, for one run of a process.
import {
  type BackgroundDisk,
  type Disk,
  type DiskFile,
  type DiskSpace,
  type ErrnoCode,
  type FileStat,
  type OpenMode,
  QueuedBackgroundDisk,
  SystemError,
  systemErrorCode,
} from "@fastdfs-ts/runtime";
import type { EventQueue } from "./event-queue.ts";
import type { Life } from "./life.ts";
import type { Prng } from "./prng.ts";
import { SimDiskRunner } from "./sim-background-disk.ts";
import type { DiskDelays } from "./sim-disk-delays.ts";
import type { DiskFaults, DiskOperation } from "./sim-disk-faults.ts";
import type { DirectoryInode, FileInode, Inode, SimDiskImage } from "./sim-disk-image.ts";
import type { SimDisks } from "./sim-disks.ts";
import type { Trace } from "./trace.ts";

/** How long a background sync takes, in milliseconds of virtual time. */
const syncMs = { min: 0.2, max: 5 };

export interface SimDiskModules {
  readonly disks: SimDisks;
  readonly faults: DiskFaults;
  readonly delays: DiskDelays;
  readonly life: Life;
  readonly queue: EventQueue;
  readonly random: Prng;
  readonly trace: Trace;
  /** Wall clock for modification times. */
  readonly now: () => number;
}

const mayCreate: Record<OpenMode, boolean> = {
  read: false,
  write: false,
  create: true,
  open: true,
  replace: true,
  append: true,
};

function statOf(inode: Inode): FileStat {
  const { kind, id, modifiedMs, changedMs } = inode;
  const sizeBytes =
    inode.kind === "file" ? inode.content.sizeBytes : inode.kind === "symlink" ? Buffer.byteLength(inode.target) : 4096;
  return { kind, sizeBytes, modifiedMs, changedMs, inode: id };
}

/** An inline call of a slow disk holds up its process. */
function stall(path: string, { delays, life, queue }: SimDiskModules): void {
  if (!delays.isActive) return;
  delays.stall(path, {
    nowMs: queue.nowMs,
    freeze: () => life.freeze(),
    after: (delayMs, callback) => void queue.after(delayMs, callback),
  });
}

class SimDiskFile implements DiskFile {
  readonly path: string;
  readonly #inode: FileInode | DirectoryInode;
  readonly #mode: OpenMode;
  readonly #modules: SimDiskModules;
  readonly #image: SimDiskImage;
  #isClosed = false;

  constructor(path: string, inode: FileInode | DirectoryInode, mode: OpenMode, modules: SimDiskModules) {
    this.#image = modules.disks.imageOf(path);
    this.path = path;
    this.#inode = inode;
    this.#mode = mode;
    this.#modules = modules;
    if (inode.kind === "file") this.#image.opened(inode);
  }

  read(into: Uint8Array, offset: number, length: number, position: number): number {
    return this.#begin("read").content.read(into, offset, length, position);
  }

  write(from: Uint8Array, offset: number, length: number, position: number): void {
    const { faults, random } = this.#modules;
    const isCutOff = faults.isLastCall;
    const writtenFirst = isCutOff ? random.below(length + 1) : 0;
    // The write at which the host crashes may have got anywhere.
    if (isCutOff && this.#inode.kind === "file" && !this.#isClosed && this.#mode !== "read") {
      this.#inode.content.write(from, offset, writtenFirst, this.#writePosition(this.#inode, position));
    }
    const inode = this.#begin("write");
    if (this.#mode === "read") throw this.#error("EBADF", "write");
    inode.content.write(from, offset, length, this.#writePosition(inode, position));
    inode.modifiedMs = inode.changedMs = this.#modules.now();
  }

  truncate(sizeBytes: number): void {
    const inode = this.#begin("truncate");
    if (this.#mode === "read") throw this.#error("EINVAL", "ftruncate");
    inode.content.truncate(sizeBytes);
    inode.modifiedMs = inode.changedMs = this.#modules.now();
    this.#modules.trace.record(this.#modules.life.host, `truncate ${this.path} ${sizeBytes}`);
  }

  sync(): void {
    this.#begin("sync").content.beginSync()();
    this.#modules.trace.record(this.#modules.life.host, `sync ${this.path}`);
  }

  syncInBackground(): Promise<void> {
    const { delays, queue, random, life, trace } = this.#modules;
    return new Promise((resolve) => {
      const finish = delays.inBackground(() => this.#begin("syncInBackground").content.beginSync());
      const done = life.while(() => {
        finish();
        trace.record(life.host, `sync ${this.path}`);
        resolve();
      });
      const ownMs = random.between(syncMs.min, syncMs.max);
      delays.delay(this.path, (ms, goOn) => void queue.after(ownMs + ms, goOn), done);
    });
  }

  stat(): FileStat {
    this.#check("stat");
    return statOf(this.#inode);
  }

  setTimes(seconds: number): void {
    this.#check("setTimes");
    this.#inode.modifiedMs = seconds * 1000;
    this.#inode.changedMs = this.#modules.now();
  }

  close(): void {
    this.#check("close");
    this.#isClosed = true;
    if (this.#inode.kind === "file") this.#image.closed(this.#inode);
  }

  #writePosition(inode: FileInode, position: number): number {
    return this.#mode === "append" ? inode.content.sizeBytes : position;
  }

  #check(operation: DiskOperation): void {
    this.#modules.life.check();
    if (this.#isClosed) throw this.#error("EBADF", operation);
    stall(this.path, this.#modules);
    this.#modules.faults.strike(operation, this.path);
  }

  #begin(operation: DiskOperation): FileInode {
    this.#check(operation);
    if (this.#inode.kind !== "file") throw this.#error("EISDIR", operation);
    return this.#inode;
  }

  #error(code: ErrnoCode, syscall: string): SystemError {
    return new SystemError(code, syscall, this.path);
  }
}

export class SimDisk implements Disk {
  readonly #modules: SimDiskModules;

  constructor(modules: SimDiskModules) {
    this.#modules = modules;
  }

  open(path: string, mode: OpenMode): DiskFile {
    this.#begin("open", path, mode !== "read" && mode !== "write", ` ${mode}`);
    const { directory, name, inode } = this.#imageOf(path).walk(path, "open", mode !== "create");
    if (inode) {
      if (mode === "create") throw new SystemError("EEXIST", "open", path);
      if (inode.kind === "symlink") throw new SystemError("ELOOP", "open", path);
      if (inode.kind === "directory" && mode !== "read") throw new SystemError("EISDIR", "open", path);
      if (mode === "replace" && inode.kind === "file") inode.content.truncate(0);
      return new SimDiskFile(path, inode, mode, this.#modules);
    }
    if (!mayCreate[mode]) throw new SystemError("ENOENT", "open", path);
    const file = this.#imageOf(path).newFile(this.#modules.now());
    this.#imageOf(path).edit(this.#modules.now(), { directory, name, inode: file });
    return new SimDiskFile(path, file, mode, this.#modules);
  }

  stat(path: string): FileStat | undefined {
    this.#begin("stat", path);
    return this.#statOrUndefined(path, true);
  }

  linkStat(path: string): FileStat | undefined {
    this.#begin("linkStat", path);
    return this.#statOrUndefined(path, false);
  }

  readFile(path: string): Buffer {
    this.#begin("readFile", path);
    const inode = this.#existing(path, "open");
    if (inode.kind !== "file") throw new SystemError("EISDIR", "read", path);
    const content = Buffer.alloc(inode.content.sizeBytes);
    inode.content.read(content, 0, content.length, 0);
    return content;
  }

  rename(from: string, to: string): void {
    this.#begin("rename", from, true, ` ${to}`);
    const fail = (code: ErrnoCode) => new SystemError(code, "rename", `${from}' -> '${to}`);
    const image = this.#imageOf(from);
    if (this.#imageOf(to) !== image) throw fail("EXDEV");
    const source = image.walk(from, "rename", false);
    const target = image.walk(to, "rename", false);
    const moved = source.inode;
    if (!moved) throw fail("ENOENT");
    if (source.name === "" || target.name === "") throw fail("EBUSY");
    if (moved === target.inode) return;
    if (moved.kind === "directory") {
      if (target.way.includes(moved)) throw fail("EINVAL");
      if (target.inode && target.inode.kind !== "directory") throw fail("ENOTDIR");
      if (target.inode && target.inode.entries.size > 0) throw fail("ENOTEMPTY");
    } else if (target.inode?.kind === "directory") {
      throw fail("EISDIR");
    }
    image.edit(
      this.#modules.now(),
      { directory: source.directory, name: source.name, inode: undefined },
      { directory: target.directory, name: target.name, inode: moved },
    );
  }

  unlink(path: string): void {
    this.#begin("unlink", path, true);
    const { directory, name, inode } = this.#imageOf(path).walk(path, "unlink", false);
    if (!inode) throw new SystemError("ENOENT", "unlink", path);
    if (inode.kind === "directory") throw new SystemError("EISDIR", "unlink", path);
    this.#imageOf(path).edit(this.#modules.now(), { directory, name, inode: undefined });
  }

  symlink(target: string, path: string): void {
    this.#begin("symlink", path, true, ` ${target}`);
    const { directory, name, inode } = this.#imageOf(path).walk(path, "symlink", false);
    if (inode) throw new SystemError("EEXIST", "symlink", path);
    this.#imageOf(path).edit(this.#modules.now(), {
      directory,
      name,
      inode: this.#imageOf(path).newSymlink(target, this.#modules.now()),
    });
  }

  readLink(path: string): string {
    this.#begin("readLink", path);
    const { inode } = this.#imageOf(path).walk(path, "readlink", false);
    if (!inode) throw new SystemError("ENOENT", "readlink", path);
    if (inode.kind !== "symlink") throw new SystemError("EINVAL", "readlink", path);
    return inode.target;
  }

  makeDirectory(path: string): void {
    this.#begin("makeDirectory", path, true);
    let made = path.startsWith("/") ? "/" : "";
    const names = path.split("/").filter((name) => name !== "");
    for (const [index, part] of names.entries()) {
      made += `${index > 0 ? "/" : ""}${part}`;
      const image = this.#imageOf(made);
      const { directory, name, inode } = image.walk(made, "mkdir", true);
      const isLast = index === names.length - 1;
      if (inode && inode.kind !== "directory") throw new SystemError(isLast ? "EEXIST" : "ENOTDIR", "mkdir", path);
      if (!inode) image.edit(this.#modules.now(), { directory, name, inode: image.newDirectory(this.#modules.now()) });
    }
  }

  removeDirectory(path: string): void {
    this.#begin("removeDirectory", path, true);
    const { directory, name, inode } = this.#imageOf(path).walk(path, "rmdir", false);
    if (!inode) throw new SystemError("ENOENT", "rmdir", path);
    if (inode.kind !== "directory") throw new SystemError("ENOTDIR", "rmdir", path);
    if (inode.entries.size > 0) throw new SystemError("ENOTEMPTY", "rmdir", path);
    if (name === "") throw new SystemError("EBUSY", "rmdir", path);
    this.#imageOf(path).edit(this.#modules.now(), { directory, name, inode: undefined });
  }

  readDirectory(path: string): string[] {
    this.#begin("readDirectory", path);
    return [...this.#directory(path, "scandir").entries.keys()].sort();
  }

  syncDirectory(path: string): void {
    this.#begin("syncDirectory", path, true);
    this.#imageOf(path).syncDirectory(this.#directory(path, "open"));
  }

  space(path: string): DiskSpace {
    this.#begin("space", path);
    this.#existing(path, "statfs");
    return this.#imageOf(path).space;
  }

  background(name: string): BackgroundDisk {
    const { delays, life, queue, random } = this.#modules;
    const runner = new SimDiskRunner({
      disk: this,
      pathOf: (file) => (file instanceof SimDiskFile ? file.path : ""),
      delays,
      life,
      queue,
      random: random.fork(`background ${name}`),
    });
    return new QueuedBackgroundDisk(name, runner);
  }

  #begin(operation: DiskOperation, path: string, isTraced = false, details = ""): void {
    const { life, faults, trace } = this.#modules;
    life.check();
    // Free space of a local file system is answered from memory, whatever its disk does.
    if (operation !== "space") stall(path, this.#modules);
    if (isTraced) trace.record(life.host, `${operation} ${path}${details}`);
    faults.strike(operation, path);
  }

  #imageOf(path: string): SimDiskImage {
    return this.#modules.disks.imageOf(path);
  }

  #existing(path: string, syscall: string): Inode {
    const { inode } = this.#imageOf(path).walk(path, syscall, true);
    if (!inode) throw new SystemError("ENOENT", syscall, path);
    return inode;
  }

  #directory(path: string, syscall: string): DirectoryInode {
    const inode = this.#existing(path, syscall);
    if (inode.kind !== "directory") throw new SystemError("ENOTDIR", syscall, path);
    return inode;
  }

  #statOrUndefined(path: string, followLast: boolean): FileStat | undefined {
    try {
      const { inode } = this.#imageOf(path).walk(path, "stat", followLast);
      return inode && statOf(inode);
    } catch (error) {
      const code = systemErrorCode(error);
      if (code === "ENOENT" || code === "ENOTDIR") return undefined;
      throw error;
    }
  }
}
