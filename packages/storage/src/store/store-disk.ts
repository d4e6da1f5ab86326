// What file services need of a disk. Each call answers at once while the disk is quick and with a promise when it is
// not, so every caller awaits; awaiting a plain value costs a tenth of a microsecond.
// Small files are read and written in one call, so that they are timed once, and go to a worker and back once.
// Bytes to write are lent until the call returns, not until its promise is settled: they mostly lie in a socket's memory.
import type { DiskSpace, FileStat, OpenMode } from "@fastdfs-ts/runtime";
import type { Awaitable } from "./awaitable.ts";

export interface StoreFile {
  read(into: Uint8Array, offset: number, length: number, position: number): Awaitable<number>;
  write(from: Uint8Array, offset: number, length: number, position: number): Awaitable<void>;
  truncate(sizeBytes: number): Awaitable<void>;
  stat(): Awaitable<FileStat>;
  setTimes(seconds: number): Awaitable<void>;
  /** Waits until content and size are on the disk. Others go on meanwhile. */
  sync(): Promise<void>;
  close(): Awaitable<void>;
}

export interface StoreDisk {
  open(path: string, mode: OpenMode): Awaitable<StoreFile>;
  stat(path: string): Awaitable<FileStat | undefined>;
  linkStat(path: string): Awaitable<FileStat | undefined>;
  readFile(path: string): Awaitable<Buffer>;
  /** Reads up to `length` bytes from the beginning of a file into `into` at `at`; how many there were. */
  readStart(path: string, into: Uint8Array, at: number, length: number): Awaitable<number>;
  /** Writes a file that must not exist yet, and sets its time if one is given. If it fails there may be a part of it. */
  writeNew(path: string, content: Uint8Array, modifiedSeconds?: number): Awaitable<void>;
  rename(from: string, to: string): Awaitable<void>;
  unlink(path: string): Awaitable<void>;
  symlink(target: string, path: string): Awaitable<void>;
  readLink(path: string): Awaitable<string>;
  /** Creates a directory and what is missing above it; an existing one is fine. */
  makeDirectory(path: string): Awaitable<void>;
  space(path: string): Awaitable<DiskSpace>;
}
