// The real disk: a thin layer over Node's synchronous file calls. It is the hot path (ARCHITECTURE): nothing here
// allocates beyond what Node itself does, and no call is made that the caller did not ask for.
import fs from "node:fs";
import { QueuedBackgroundDisk } from "../background-disk/queued-background-disk.ts";
import type { Disk, FileStat } from "../ports/disk.ts";
import { NodeDiskFile } from "./disk-file.ts";
import { diskSpace, fileStat, flagsOfMode, meansNothingThere, newFileMode, nothingIsUndefined } from "./file-stat.ts";
import { FsThreadRunner } from "./fs-thread-runner.ts";

const { O_DIRECTORY, O_RDONLY } = fs.constants;

function statOrUndefined(stat: typeof fs.statSync, path: string): FileStat | undefined {
  try {
    const stats = stat(path, nothingIsUndefined);
    return stats && fileStat(stats);
  } catch (error) {
    if (meansNothingThere(error)) return undefined;
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

  space: (path) => diskSpace(fs.statfsSync(path)),

  background: (name) => new QueuedBackgroundDisk(name, new FsThreadRunner(name)),
};
