// The calls of the Disk port as file calls on a thread: what disk.ts and disk-file.ts do inline, one to one.
import fs from "node:fs";
import type { DiskCallRunner } from "../background-disk/queued-background-disk.ts";
import { invariant } from "../invariant.ts";
import type { DiskCalls, DiskFile, FileCalls, FileStat } from "../ports/disk.ts";
import { NodeDiskFile } from "./disk-file.ts";
import { diskSpace, fileStat, flagsOfMode, meansNothingThere, newFileMode, nothingIsUndefined } from "./file-stat.ts";
import { FsThread } from "./fs-thread.ts";

const { O_DIRECTORY, O_RDONLY } = fs.constants;

type DiskCallTable = {
  readonly [Name in keyof DiskCalls]: (
    thread: FsThread,
    ...args: Parameters<DiskCalls[Name]>
  ) => Promise<ReturnType<DiskCalls[Name]>>;
};

const diskCalls: DiskCallTable = {
  open: async (thread, path, mode) =>
    new NodeDiskFile(await thread.call("openSync", [path, flagsOfMode[mode], newFileMode]), mode === "append"),
  stat: (thread, path) => statOrUndefined(thread, "statSync", path),
  linkStat: (thread, path) => statOrUndefined(thread, "lstatSync", path),
  readFile: async (thread, path) => Buffer.from((await thread.call("readFileSync", [path])).buffer),
  rename: (thread, from, to) => thread.call("renameSync", [from, to]),
  unlink: (thread, path) => thread.call("unlinkSync", [path]),
  symlink: (thread, target, path) => thread.call("symlinkSync", [target, path]),
  readLink: (thread, path) => thread.call("readlinkSync", [path]),
  async makeDirectory(thread, path) {
    await thread.call("mkdirSync", [path, { recursive: true }]);
  },
  removeDirectory: (thread, path) => thread.call("rmdirSync", [path]),
  readDirectory: async (thread, path) => (await thread.call("readdirSync", [path])).sort(),
  async syncDirectory(thread, path) {
    const fd = await thread.call("openSync", [path, O_RDONLY | O_DIRECTORY, 0]);
    try {
      await thread.call("fsyncSync", [fd]);
    } finally {
      await thread.call("closeSync", [fd]);
    }
  },
  space: async (thread, path) => diskSpace(await thread.call("statfsSync", [path])),
};

async function statOrUndefined(
  thread: FsThread,
  name: "statSync" | "lstatSync",
  path: string,
): Promise<FileStat | undefined> {
  try {
    const stats = await thread.call(name, [path, nothingIsUndefined]);
    return stats && fileStat(stats);
  } catch (error) {
    if (meansNothingThere(error)) return undefined;
    throw error;
  }
}

type FileCallTable = {
  readonly [Name in keyof FileCalls]: (
    call: { readonly thread: FsThread; readonly file: NodeDiskFile; readonly isWanted: () => boolean },
    ...args: Parameters<FileCalls[Name]>
  ) => Promise<ReturnType<FileCalls[Name]>>;
};

const fileCalls: FileCallTable = {
  read: ({ thread, file, isWanted }, into, offset, length, position) =>
    lent(file, "read", async (fd) => {
      const bytes = await thread.call("readSync", [fd, length, position]);
      if (isWanted()) into.set(bytes, offset);
      return bytes.length;
    }),

  write: ({ thread, file, isWanted }, from, offset, length, position) =>
    lent(file, "write", async (fd) => {
      for (let written = 0; written < length && isWanted();) {
        // A copy: the buffer is mostly a slice of a slab that other connections use too, and the thread may be late.
        const copy = new Uint8Array(from.subarray(offset + written, offset + length));
        const at = file.writePosition(position + written);
        written += await thread.call("writeSync", [fd, copy, at], [copy.buffer]);
      }
    }),

  truncate: ({ thread, file }, sizeBytes) =>
    lent(file, "ftruncate", (fd) => thread.call("ftruncateSync", [fd, sizeBytes])),
  sync: ({ thread, file }) => lent(file, "fdatasync", (fd) => thread.call("fdatasyncSync", [fd])),
  stat: ({ thread, file }) => lent(file, "fstat", async (fd) => fileStat(await thread.call("fstatSync", [fd]))),
  setTimes: ({ thread, file }, seconds) =>
    lent(file, "futimes", (fd) => thread.call("futimesSync", [fd, seconds, seconds])),

  async close({ thread, file }) {
    const fd = file.surrender();
    if (fd !== undefined) await thread.call("closeSync", [fd]);
  },
};

async function lent<Result>(
  file: NodeDiskFile,
  syscall: string,
  use: (fd: number) => Promise<Result>,
): Promise<Result> {
  const fd = file.lend(syscall);
  try {
    return await use(fd);
  } finally {
    file.giveBack();
  }
}

export class FsThreadRunner implements DiskCallRunner {
  readonly #thread: FsThread;
  #lastCallMs = 0;

  constructor(name: string) {
    this.#thread = new FsThread(name);
  }

  get lastCallMs(): number {
    return this.#lastCallMs;
  }

  close(): void {
    this.#thread.close();
  }

  run<Name extends keyof DiskCalls>(name: Name, args: Parameters<DiskCalls[Name]>) {
    return this.#timed(() => diskCalls[name](this.#thread, ...args));
  }

  runOn<Name extends keyof FileCalls>(
    file: DiskFile,
    name: Name,
    args: Parameters<FileCalls[Name]>,
    isWanted: () => boolean,
  ): Promise<ReturnType<FileCalls[Name]>> {
    invariant(file instanceof NodeDiskFile, "a file of the real disk");
    return this.#timed(() => fileCalls[name]({ thread: this.#thread, file, isWanted }, ...args));
  }

  async #timed<Result>(calls: () => Promise<Result>): Promise<Result> {
    const beforeMs = this.#thread.busyMs;
    try {
      return await calls();
    } finally {
      this.#lastCallMs = this.#thread.busyMs - beforeMs;
    }
  }
}
