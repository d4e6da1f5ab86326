// The disk of one store path. While it is quick, calls are made inline: that costs a fifth of any other way. When it
// turns slow, they go to a worker of its own, so that other store paths and connections do not wait; when it hangs,
// requests for it fail at once instead of piling up. A probe on the worker notices both while nobody uses the disk, and
// when it is quick again (docs/decisions/0004-inline-disk-io.md).
//
// What this can't do: an inline call that hangs holds up the process until the kernel comes back. The probe makes that
// unlikely, because it hangs first wherever more than about two seconds lie between two requests.
import type {
  BackgroundDisk,
  BackgroundFile,
  Clock,
  Disk,
  DiskFile,
  FileStat,
  Logger,
  OpenMode,
} from "@fastdfs-ts/runtime";

import type { DiskHealth } from "./disk-health.ts";
import { DiskWatch } from "./disk-watch.ts";
import type { StoreDisk, StoreFile } from "./store-disk.ts";
import { readStartInBackground, readStartInline, writeNewInBackground, writeNewInline } from "./whole-file.ts";

export interface AdaptiveDiskOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Logger;
  /** The store path, for its name. */
  readonly path: string;
  /** A file on this disk that probes write and remove. */
  readonly probePath: string;
}

export class AdaptiveDisk implements StoreDisk {
  readonly #disk: Disk;
  readonly #background: BackgroundDisk;
  readonly #watch: DiskWatch;

  private constructor(disk: Disk, background: BackgroundDisk, watch: DiskWatch) {
    this.#disk = disk;
    this.#background = background;
    this.#watch = watch;
  }

  /** Starts the worker and watches the disk from now on. Waits for the first probe, at most until the disk counts as hung. */
  static async open({ disk, ...options }: AdaptiveDiskOptions): Promise<AdaptiveDisk> {
    const background = disk.background(options.path);
    return new AdaptiveDisk(disk, background, await DiskWatch.start({ ...options, background }));
  }

  get health(): DiskHealth {
    return this.#watch.health;
  }

  /** Never waits, even if the disk hangs. What has not begun does not happen. */
  close(): void {
    this.#watch.stop();
    this.#background.close();
  }

  open(path: string, mode: OpenMode): StoreFile | Promise<StoreFile> {
    const opened = this.#watch.call<DiskFile>(
      "ask",
      () => this.#disk.open(path, mode),
      () => this.#background.open(path, mode),
    );
    const adapted = (file: DiskFile) => new AdaptiveFile(this.#watch, this.#background, file, mode);
    return opened instanceof Promise ? opened.then(adapted) : adapted(opened);
  }

  stat(path: string) {
    return this.#watch.call(
      "ask",
      () => this.#disk.stat(path),
      () => this.#background.stat(path),
    );
  }

  linkStat(path: string) {
    return this.#watch.call(
      "ask",
      () => this.#disk.linkStat(path),
      () => this.#background.linkStat(path),
    );
  }

  readFile(path: string) {
    return this.#watch.call(
      "ask",
      () => this.#disk.readFile(path),
      () => this.#background.readFile(path),
    );
  }

  readStart(path: string, into: Uint8Array, at: number, length: number) {
    return this.#watch.call(
      "ask",
      () => readStartInline(this.#disk, path, into, at, length),
      () => readStartInBackground(this.#background, path, into, at, length),
    );
  }

  writeNew(path: string, content: Uint8Array, modifiedSeconds?: number) {
    return this.#watch.call(
      "change",
      () => writeNewInline(this.#disk, path, content, modifiedSeconds),
      () => writeNewInBackground(this.#background, path, Buffer.from(content), modifiedSeconds),
    );
  }

  rename(from: string, to: string) {
    return this.#watch.call(
      "change",
      () => this.#disk.rename(from, to),
      () => this.#background.rename(from, to),
    );
  }

  unlink(path: string) {
    return this.#watch.call(
      "change",
      () => this.#disk.unlink(path),
      () => this.#background.unlink(path),
    );
  }

  symlink(target: string, path: string) {
    return this.#watch.call(
      "change",
      () => this.#disk.symlink(target, path),
      () => this.#background.symlink(target, path),
    );
  }

  readLink(path: string) {
    return this.#watch.call(
      "ask",
      () => this.#disk.readLink(path),
      () => this.#background.readLink(path),
    );
  }

  makeDirectory(path: string) {
    return this.#watch.call(
      "change",
      () => this.#disk.makeDirectory(path),
      () => this.#background.makeDirectory(path),
    );
  }

  space(path: string) {
    return this.#watch.call(
      "ask",
      () => this.#disk.space(path),
      () => this.#background.space(path),
    );
  }
}

class AdaptiveFile implements StoreFile {
  readonly #watch: DiskWatch;
  readonly #background: BackgroundDisk;
  readonly #file: DiskFile;
  readonly #mode: OpenMode;
  #throughBackground: BackgroundFile | undefined;

  constructor(watch: DiskWatch, background: BackgroundDisk, file: DiskFile, mode: OpenMode) {
    this.#watch = watch;
    this.#background = background;
    this.#file = file;
    this.#mode = mode;
  }

  get #through(): BackgroundFile {
    return (this.#throughBackground ??= this.#background.through(this.#file));
  }

  read(into: Uint8Array, offset: number, length: number, position: number): number | Promise<number> {
    return this.#watch.call(
      "ask",
      () => this.#file.read(into, offset, length, position),
      () => this.#through.read(into, offset, length, position),
    );
  }

  write(from: Uint8Array, offset: number, length: number, position: number): void | Promise<void> {
    return this.#watch.call(
      "ask",
      () => this.#file.write(from, offset, length, position),
      () => this.#through.write(Buffer.from(from.subarray(offset, offset + length)), 0, length, position),
    );
  }

  truncate(sizeBytes: number): void | Promise<void> {
    return this.#watch.call(
      "change",
      () => this.#file.truncate(sizeBytes),
      () => this.#through.truncate(sizeBytes),
    );
  }

  stat(): FileStat | Promise<FileStat> {
    return this.#watch.call(
      "ask",
      () => this.#file.stat(),
      () => this.#through.stat(),
    );
  }

  setTimes(seconds: number): void | Promise<void> {
    return this.#watch.call(
      "change",
      () => this.#file.setTimes(seconds),
      () => this.#through.setTimes(seconds),
    );
  }

  /** Waiting for the platter says nothing of how quick the disk is: it is not timed. */
  sync(): Promise<void> {
    return this.#watch.health === "quick" ? this.#file.syncInBackground() : this.#through.sync();
  }

  /** A file that was only read has no error to report; nor is there anything to wait for while the disk hangs. */
  close(): void | Promise<void> {
    const closed = this.#watch.call(
      "change",
      () => this.#file.close(),
      () => this.#through.close(),
    );
    if (!(closed instanceof Promise)) return;
    return this.#mode === "read" || this.#watch.health === "hung" ? closed.catch(() => undefined) : closed;
  }
}
