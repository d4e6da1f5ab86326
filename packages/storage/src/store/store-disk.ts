// What file services need of a disk. Each call answers at once while the disk is quick and with a promise when it is
// not, so every caller awaits; awaiting a plain value costs a tenth of a microsecond. `Disk` fits this shape as it is.
import type { DiskSpace, FileStat, OpenMode } from "@fastdfs-ts/runtime";
import type { Awaitable } from "./awaitable.ts";

export interface StoreFile {
  read(into: Uint8Array, offset: number, length: number, position: number): Awaitable<number>;
  write(from: Uint8Array, offset: number, length: number, position: number): Awaitable<void>;
  truncate(sizeBytes: number): Awaitable<void>;
  stat(): Awaitable<FileStat>;
  setTimes(seconds: number): Awaitable<void>;
  close(): Awaitable<void>;
}

export interface StoreDisk {
  open(path: string, mode: OpenMode): Awaitable<StoreFile>;
  stat(path: string): Awaitable<FileStat | undefined>;
  linkStat(path: string): Awaitable<FileStat | undefined>;
  readFile(path: string): Awaitable<Buffer>;
  rename(from: string, to: string): Awaitable<void>;
  unlink(path: string): Awaitable<void>;
  symlink(target: string, path: string): Awaitable<void>;
  readLink(path: string): Awaitable<string>;
  space(path: string): Awaitable<DiskSpace>;
}
