// The disk of one store path. While it is quick, calls are made inline: that costs a fifth of any other way. When it
// turns slow, they go to a worker of its own, so that other store paths and connections do not wait; when it hangs,
// requests for it fail at once instead of piling up. A probe on the worker notices both while nobody uses the disk, and
// when it is quick again (docs/decisions/0004-inline-disk-io.md).
//
// What this can't do: an inline call that hangs holds up the process until the kernel comes back. The probe makes that
// unlikely, because it hangs first wherever more than about two seconds lie between two requests.
import { FdfsError } from "@fastdfs-ts/protocol";
import {
  type BackgroundDisk,
  type BackgroundFile,
  type Clock,
  type Disk,
  type DiskFile,
  type FileStat,
  invariant,
  type Logger,
  type OpenMode,
  type Timer,
} from "@fastdfs-ts/runtime";

import { diskHealth, type DiskHealth, type DiskHealthEvent, diskHealthLimits as limits } from "./disk-health.ts";
import { type DiskProbe, probeDisk } from "./disk-probe.ts";
import type { StoreDisk, StoreFile } from "./store-disk.ts";

export interface AdaptiveDiskOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Logger;
  /** The store path, for its name. */
  readonly path: string;
  /** A file on this disk that probes write and remove. */
  readonly probePath: string;
}

/**
 * ask     pointless without its caller: refused while the disk hangs
 * change  of names, sizes and times, mostly the second half of something: its caller is sent away, it happens all the same
 */
type CallKind = "ask" | "change";

/** Makes a call: inline, or on the worker. */
type Caller = <T>(kind: CallKind, inline: () => T, background: () => Promise<T>) => T | Promise<T>;

const ignored = () => undefined;

export class AdaptiveDisk implements StoreDisk {
  readonly #disk: Disk;
  readonly #background: BackgroundDisk;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #path: string;
  readonly #probePath: string;
  readonly #timer: Timer;
  #health: DiskHealth = "quick";
  /** When the last inline calls began that took long; at most as many as it takes to be slow. */
  #strainedAtMs: number[] = [];
  /** Ticks for which the worker has been in the same call. */
  #stillTicks = 0;
  #endedAtLastTick = 0;
  #probe: DiskProbe | undefined;
  #probes = 0;
  #ticksSinceProbe = 0;
  #quickProbesInRow = 0;

  private constructor({ disk, clock, log, path, probePath }: AdaptiveDiskOptions) {
    this.#disk = disk;
    this.#background = disk.background(path);
    this.#clock = clock;
    this.#log = log;
    this.#path = path;
    this.#probePath = probePath;
    this.#timer = clock.every(limits.tickMs, () => this.#tick());
  }

  /** Begins to watch a disk: its worker is there and has been through all of a probe, unless the disk hangs already. */
  static async open(options: AdaptiveDiskOptions): Promise<AdaptiveDisk> {
    const disk = new AdaptiveDisk(options);
    await disk.#runProbe();
    return disk;
  }

  get health(): DiskHealth {
    return this.#health;
  }

  /** Never waits, even if the disk hangs. What has not begun does not happen. */
  close(): void {
    this.#timer.cancel();
    this.#background.close();
  }

  open(path: string, mode: OpenMode): StoreFile | Promise<StoreFile> {
    const opened = this.#call<DiskFile>(
      "ask",
      () => this.#disk.open(path, mode),
      () => this.#background.open(path, mode),
    );
    const adapted = (file: DiskFile) => new AdaptiveFile(this, this.#call, this.#background, file, mode);
    return opened instanceof Promise ? opened.then(adapted) : adapted(opened);
  }

  stat(path: string) {
    return this.#call(
      "ask",
      () => this.#disk.stat(path),
      () => this.#background.stat(path),
    );
  }

  linkStat(path: string) {
    return this.#call(
      "ask",
      () => this.#disk.linkStat(path),
      () => this.#background.linkStat(path),
    );
  }

  readFile(path: string) {
    return this.#call(
      "ask",
      () => this.#disk.readFile(path),
      () => this.#background.readFile(path),
    );
  }

  rename(from: string, to: string) {
    return this.#call(
      "change",
      () => this.#disk.rename(from, to),
      () => this.#background.rename(from, to),
    );
  }

  unlink(path: string) {
    return this.#call(
      "change",
      () => this.#disk.unlink(path),
      () => this.#background.unlink(path),
    );
  }

  symlink(target: string, path: string) {
    return this.#call(
      "change",
      () => this.#disk.symlink(target, path),
      () => this.#background.symlink(target, path),
    );
  }

  readLink(path: string) {
    return this.#call(
      "ask",
      () => this.#disk.readLink(path),
      () => this.#background.readLink(path),
    );
  }

  space(path: string) {
    return this.#call(
      "ask",
      () => this.#disk.space(path),
      () => this.#background.space(path),
    );
  }

  readonly #call: Caller = (kind, inline, background) => {
    if (this.#health !== "quick") return this.#callInBackground(kind, background);
    const startMs = this.#clock.monotonic();
    try {
      return inline();
    } finally {
      const tookMs = this.#clock.monotonic() - startMs;
      if (tookMs > limits.strainedCallMs) this.#noteStrainedCall(startMs, tookMs);
    }
  };

  #callInBackground<T>(kind: CallKind, background: () => Promise<T>): Promise<T> {
    if (this.#health === "hung") {
      if (kind === "change") background().catch(ignored);
      return Promise.reject(this.#noAnswer());
    }
    const result = background();
    const note = () => {
      // A disk on which probes are quick and requests are not, is not quick.
      if (this.#background.lastCallMs > limits.strainedCallMs) this.#quickProbesInRow = 0;
    };
    result.then(note, note);
    return result;
  }

  #noAnswer(): FdfsError {
    const seconds = Math.round((this.#stillTicks * limits.tickMs) / 1000);
    return new FdfsError("TIMED_OUT", {
      reason: `store path ${this.#path} does not answer since ${seconds} s; check the disk`,
    });
  }

  #noteStrainedCall(startMs: number, tookMs: number): void {
    const { slowCallMs, strainedCallMs, strainedCalls, strainedWindowMs } = limits;
    if (tookMs > slowCallMs) {
      this.#happens("strained", `a call took ${Math.round(tookMs)} ms`);
      return;
    }
    this.#strainedAtMs = this.#strainedAtMs.filter((atMs) => startMs - atMs < strainedWindowMs);
    this.#strainedAtMs.push(startMs);
    if (this.#strainedAtMs.length >= strainedCalls) {
      this.#happens(
        "strained",
        `${strainedCalls} calls took more than ${strainedCallMs} ms within ${strainedWindowMs / 1000} s`,
      );
    }
  }

  /** Looks at the worker, and probes. */
  #tick(): void {
    const { outstanding, ended } = this.#background;
    if (ended !== this.#endedAtLastTick) {
      this.#endedAtLastTick = ended;
      this.#stillTicks = 0;
      this.#happens("answered", "the disk answers again");
    } else if (outstanding > 0) {
      this.#stillTicks++;
      this.#judgeStandstill(this.#stillTicks * limits.tickMs);
    }
    this.#ticksSinceProbe++;
    if (this.#probe === undefined && this.#ticksSinceProbe * limits.tickMs >= limits.probeIntervalMs) {
      void this.#runProbe();
    }
  }

  #judgeStandstill(stillMs: number): void {
    const lateMs = this.#probe?.isSyncing === true ? limits.syncLateMs : limits.probeLateMs;
    if (stillMs >= limits.hungMs) this.#happens("stuck", `a call has been under way for ${stillMs / 1000} s`);
    else if (stillMs >= lateMs) this.#happens("strained", `a probe has been under way for ${stillMs} ms`);
  }

  async #runProbe(): Promise<void> {
    this.#ticksSinceProbe = 0;
    const probe = { syncs: ++this.#probes % limits.syncEveryProbes === 0, isSyncing: false };
    this.#probe = probe;
    let tookMs: number;
    try {
      tookMs = await probeDisk(this.#background, this.#probePath, probe);
    } catch (error) {
      // Given up because the disk hangs, or an error of a disk that answers: full, read-only, failing. Requests that
      // meet the same error report it.
      tookMs = this.#health === "hung" ? Infinity : this.#background.lastCallMs;
      this.#log.debug("store-path.probe-failed", { path: this.#path, error });
    } finally {
      this.#probe = undefined;
    }
    if (tookMs > limits.slowCallMs) this.#happens("strained", `a probe took ${Math.round(tookMs)} ms`);
    this.#quickProbesInRow = tookMs <= limits.quickProbeMs ? this.#quickProbesInRow + 1 : 0;
    if (this.#quickProbesInRow >= limits.quickProbes) {
      this.#happens("recovered", `${limits.quickProbes} probes in a row were quick`);
    }
  }

  #happens(event: DiskHealthEvent, reason: string): void {
    const before = this.#health;
    const health = diskHealth.next(before, event);
    invariant(health !== undefined, `a disk that is ${before} can't be ${event}`);
    if (health === before) return;
    this.#health = health;
    this.#quickProbesInRow = 0;
    this.#strainedAtMs = [];
    const fields = { path: this.#path, before, reason };
    switch (health) {
      case "quick":
        this.#log.notice("store-path.quick", fields);
        break;
      case "slow":
        this.#log.warn("store-path.slow", fields);
        break;
      case "hung":
        this.#log.error("store-path.hung", fields);
        this.#background.giveUp(this.#noAnswer());
    }
  }
}

class AdaptiveFile implements StoreFile {
  readonly #owner: AdaptiveDisk;
  readonly #call: Caller;
  readonly #background: BackgroundDisk;
  readonly #file: DiskFile;
  readonly #mode: OpenMode;
  #throughBackground: BackgroundFile | undefined;

  constructor(owner: AdaptiveDisk, call: Caller, background: BackgroundDisk, file: DiskFile, mode: OpenMode) {
    this.#owner = owner;
    this.#call = call;
    this.#background = background;
    this.#file = file;
    this.#mode = mode;
  }

  get #through(): BackgroundFile {
    return (this.#throughBackground ??= this.#background.through(this.#file));
  }

  read(into: Uint8Array, offset: number, length: number, position: number): number | Promise<number> {
    return this.#call(
      "ask",
      () => this.#file.read(into, offset, length, position),
      () => this.#through.read(into, offset, length, position),
    );
  }

  write(from: Uint8Array, offset: number, length: number, position: number): void | Promise<void> {
    return this.#call(
      "ask",
      () => this.#file.write(from, offset, length, position),
      () => this.#through.write(from, offset, length, position),
    );
  }

  truncate(sizeBytes: number): void | Promise<void> {
    return this.#call(
      "change",
      () => this.#file.truncate(sizeBytes),
      () => this.#through.truncate(sizeBytes),
    );
  }

  stat(): FileStat | Promise<FileStat> {
    return this.#call(
      "ask",
      () => this.#file.stat(),
      () => this.#through.stat(),
    );
  }

  setTimes(seconds: number): void | Promise<void> {
    return this.#call(
      "change",
      () => this.#file.setTimes(seconds),
      () => this.#through.setTimes(seconds),
    );
  }

  /** A file that was only read has no error to report; nor is there anything to wait for while the disk hangs. */
  close(): void | Promise<void> {
    const closed = this.#call(
      "change",
      () => this.#file.close(),
      () => this.#through.close(),
    );
    if (!(closed instanceof Promise)) return;
    return this.#mode === "read" || this.#owner.health === "hung" ? closed.catch(ignored) : closed;
  }
}
