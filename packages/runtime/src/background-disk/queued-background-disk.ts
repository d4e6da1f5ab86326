// The BackgroundDisk port over anything that can run one call after the other: a worker thread or virtual time.
import type { BackgroundDisk, BackgroundFile, DiskCalls, DiskFile, FileCalls, OpenMode } from "../ports/disk.ts";
import { DiskCallQueue, type WhenGivenUp } from "./disk-call-queue.ts";

/** Where calls run. It is given the next one when the one before has ended. */
export interface DiskCallRunner {
  run<Name extends keyof DiskCalls>(
    name: Name,
    args: Parameters<DiskCalls[Name]>,
  ): Promise<ReturnType<DiskCalls[Name]>>;
  /** Must not read into a buffer whose caller was sent away: `isWanted` is false from then on. */
  runOn<Name extends keyof FileCalls>(
    file: DiskFile,
    name: Name,
    args: Parameters<FileCalls[Name]>,
    isWanted: () => boolean,
  ): Promise<ReturnType<FileCalls[Name]>>;
  /** How long the last call took, in milliseconds. */
  readonly lastCallMs: number;
  /** Releases the runner without waiting for a call that is under way. */
  close(): void;
}

/**
 * What only asks is pointless without its caller. Changes of names, sizes and times are mostly the second half of
 * something or its undoing (the rename that follows the record in the binlog, the removal of a half-received file), so
 * they happen all the same. A write is the first half, and its buffer belongs to a caller who goes on without it.
 */
const diskCallWhenGivenUp: Readonly<Record<keyof DiskCalls, WhenGivenUp>> = {
  open: "forgotten",
  stat: "forgotten",
  linkStat: "forgotten",
  readFile: "forgotten",
  rename: "done",
  unlink: "done",
  symlink: "done",
  readLink: "forgotten",
  makeDirectory: "done",
  removeDirectory: "done",
  readDirectory: "forgotten",
  syncDirectory: "forgotten",
  space: "forgotten",
};

const fileCallWhenGivenUp: Readonly<Record<keyof FileCalls, WhenGivenUp>> = {
  read: "forgotten",
  write: "forgotten",
  truncate: "done",
  sync: "forgotten",
  stat: "forgotten",
  setTimes: "done",
  close: "done",
};

export class QueuedBackgroundDisk implements BackgroundDisk {
  readonly #queue: DiskCallQueue;
  readonly #runner: DiskCallRunner;

  constructor(name: string, runner: DiskCallRunner) {
    this.#queue = new DiskCallQueue(name);
    this.#runner = runner;
  }

  get outstanding(): number {
    return this.#queue.outstanding;
  }

  get ended(): number {
    return this.#queue.ended;
  }

  get lastCallMs(): number {
    return this.#runner.lastCallMs;
  }

  giveUp(reason: Error): void {
    this.#queue.giveUp(reason);
  }

  close(): void {
    this.#queue.close();
    this.#runner.close();
  }

  open(path: string, mode: OpenMode): Promise<DiskFile> {
    return this.#queue.add({
      name: "open",
      run: () => this.#runner.run("open", [path, mode]),
      whenGivenUp: diskCallWhenGivenUp.open,
      // Nobody else knows the file, and nobody is left who could hear why it can't be closed.
      onLateResult: (file) => void this.#onFile(file, "close", []).catch(() => undefined),
    });
  }

  readonly stat = this.#calling("stat");
  readonly linkStat = this.#calling("linkStat");
  readonly readFile = this.#calling("readFile");
  readonly rename = this.#calling("rename");
  readonly unlink = this.#calling("unlink");
  readonly symlink = this.#calling("symlink");
  readonly readLink = this.#calling("readLink");
  readonly makeDirectory = this.#calling("makeDirectory");
  readonly removeDirectory = this.#calling("removeDirectory");
  readonly readDirectory = this.#calling("readDirectory");
  readonly syncDirectory = this.#calling("syncDirectory");
  readonly space = this.#calling("space");

  through(file: DiskFile): BackgroundFile {
    const calling =
      <Name extends keyof FileCalls>(name: Name) =>
      (...args: Parameters<FileCalls[Name]>) =>
        this.#onFile(file, name, args);
    return {
      read: calling("read"),
      write: calling("write"),
      truncate: calling("truncate"),
      sync: calling("sync"),
      stat: calling("stat"),
      setTimes: calling("setTimes"),
      close: calling("close"),
    };
  }

  #calling<Name extends keyof DiskCalls>(name: Name) {
    return (...args: Parameters<DiskCalls[Name]>): Promise<ReturnType<DiskCalls[Name]>> =>
      this.#queue.add({
        name,
        run: () => this.#runner.run(name, args),
        whenGivenUp: diskCallWhenGivenUp[name],
      });
  }

  #onFile<Name extends keyof FileCalls>(
    file: DiskFile,
    name: Name,
    args: Parameters<FileCalls[Name]>,
  ): Promise<ReturnType<FileCalls[Name]>> {
    return this.#queue.add({
      name,
      run: (isWanted) => this.#runner.runOn(file, name, args, isWanted),
      whenGivenUp: fileCallWhenGivenUp[name],
      isAlwaysTaken: name === "close",
    });
  }
}
