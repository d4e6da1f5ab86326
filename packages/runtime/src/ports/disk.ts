// The disk as an argument. Calls are synchronous: on the hot path a small file operation that is answered from memory
// costs a fifth of the same call through libuv's pool (docs/decisions/0004-inline-disk-io.md). Waiting for the platter
// has a form that does not block, `DiskFile.syncInBackground`; a disk that is not quick is used through `background`.
//
// Failures are thrown as system errors: an Error whose `code` is the errno name ("ENOENT"); see system-error.ts.

/**
 * How a file is opened:
 * read         existing file, read only
 * write        existing file, read and write
 * create       new file, read and write; fails with EEXIST if there is one
 * open         file that is created if missing, read and write, content kept
 * replace      file that is created if missing, read and write, content dropped
 * append       file that is created if missing; every write goes to its end
 */
export type OpenMode = "read" | "write" | "create" | "open" | "replace" | "append";

export interface FileStat {
  readonly kind: "file" | "directory" | "symlink" | "other";
  readonly sizeBytes: number;
  /** Modification time in milliseconds since 1970. */
  readonly modifiedMs: number;
  /** When content, times or name were last changed: nobody can set it. Milliseconds since 1970. */
  readonly changedMs: number;
  readonly inode: number;
}

export interface DiskSpace {
  readonly totalBytes: number;
  /** What an ordinary user may still use, as `df` shows it. */
  readonly availableBytes: number;
  /** 0 on a file system that has no limit. */
  readonly totalInodes: number;
  readonly freeInodes: number;
}

/** An open file. After `close` every call throws EBADF. */
export interface DiskFile {
  /** Reads up to `length` bytes at `position` into `into` from `offset` on. Returns the bytes read, 0 at the end of the file. */
  read(into: Uint8Array, offset: number, length: number, position: number): number;
  /** Writes all `length` bytes of `from` at `position` (at the end of the file in mode "append"), or throws. */
  write(from: Uint8Array, offset: number, length: number, position: number): void;
  truncate(sizeBytes: number): void;
  /** Waits until content and size are on the disk (fdatasync). Costs about half a millisecond: never once per request. */
  sync(): void;
  /** The same without blocking the event loop. */
  syncInBackground(): Promise<void>;
  stat(): FileStat;
  /** Sets access and modification time, in seconds since 1970. */
  setTimes(seconds: number): void;
  close(): void;
}

export interface Disk {
  open(path: string, mode: OpenMode): DiskFile;
  /** Follows symbolic links. `undefined` if there is nothing (ENOENT, ENOTDIR). */
  stat(path: string): FileStat | undefined;
  /** As `stat`, of the link itself. */
  linkStat(path: string): FileStat | undefined;
  /** The whole content of a small file. */
  readFile(path: string): Buffer;
  /** Replaces the target if it exists. Atomic. */
  rename(from: string, to: string): void;
  unlink(path: string): void;
  symlink(target: string, path: string): void;
  readLink(path: string): string;
  /** Creates a directory and what is missing above it; an existing one is fine. */
  makeDirectory(path: string): void;
  removeDirectory(path: string): void;
  /** The names in a directory, without "." and "..", sorted as JavaScript sorts strings (for ASCII: in byte order). */
  readDirectory(path: string): string[];
  /** Makes renames and new entries in a directory survive a power cut. */
  syncDirectory(path: string): void;
  space(path: string): DiskSpace;
  /** The same disk on a worker of its own, which may wait without holding up anything else. `name` is for people. */
  background(name: string): BackgroundDisk;
}

type InBackground<Calls> = {
  readonly [Name in keyof Calls]: Calls[Name] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Promise<Result>
    : never;
};

/** The operations of a disk that can run on a worker. */
export type DiskCalls = Omit<Disk, "background">;
/** The operations of an open file that can run on a worker. */
export type FileCalls = Omit<DiskFile, "syncInBackground">;

/** An open file used through a worker. Buffers belong to the call until it is settled. */
export type BackgroundFile = InBackground<FileCalls>;

/**
 * The operations of `Disk` on a worker. They run one at a time in the order in which they were asked for, with the
 * errors of `Disk`. As many may wait as one server has connections; beyond that they are refused with EAGAIN (`close` of
 * a file never is). Files are those of `Disk`: opened here they can be used inline, and the other way round.
 */
export interface BackgroundDisk extends InBackground<DiskCalls> {
  /** Uses an open file through this worker. Closing it inline meanwhile is fine: what has not begun gets EBADF. */
  through(file: DiskFile): BackgroundFile;
  /** Calls that wait or are under way. */
  readonly outstanding: number;
  /** Calls that the worker has ended so far, well or not. While it stands still and calls are outstanding, the disk hangs. */
  readonly ended: number;
  /** How long the call that ended last took on the worker, in milliseconds, without waiting in the queue. */
  readonly lastCallMs: number;
  /**
   * Rejects all callers that wait with `reason`. What has begun can't be called back. What has not is forgotten, except
   * changes of names, sizes and times, and closing: callers have relied on them, they happen when the disk answers.
   */
  giveUp(reason: Error): void;
  /** Rejects everything with EBADF, now and later, and releases the worker. Never waits, even if the worker hangs. */
  close(): void;
}
