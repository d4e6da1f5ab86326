// How one disk is, found out from the calls made on it and from a probe on its worker; and the way of each call that
// follows from it: inline, on the worker, or refused. The states and limits are in disk-health.ts.
import { FdfsError } from "@fastdfs-ts/protocol";
import { type BackgroundDisk, type Clock, invariant, type Logger, type Timer } from "@fastdfs-ts/runtime";

import { diskHealth, type DiskHealth, type DiskHealthEvent, diskHealthLimits as limits } from "./disk-health.ts";
import { type DiskProbe, probeDisk } from "./disk-probe.ts";

export interface DiskWatchOptions {
  readonly background: BackgroundDisk;
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
export type CallKind = "ask" | "change";

interface StrainedCall {
  readonly startMs: number;
  /** How many calls there had been. */
  readonly calls: number;
}

const ignored = () => undefined;

export class DiskWatch {
  readonly #background: BackgroundDisk;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #path: string;
  readonly #probePath: string;
  readonly #timer: Timer;
  #health: DiskHealth = "quick";
  /** Calls since the state changed or, while slow, since a probe was not quick. */
  #calls = 0;
  /** The last inline calls that took long, as many as it takes to be slow. */
  #strained: StrainedCall[] = [];
  #strainedInBackground = 0;
  /** Ticks for which the worker has been in the same call. */
  #stillTicks = 0;
  #endedAtLastTick = 0;
  #probe: DiskProbe | undefined;
  #probes = 0;
  #ticksSinceProbe = 0;
  #quickProbesInRow = 0;

  private constructor({ background, clock, log, path, probePath }: DiskWatchOptions) {
    this.#background = background;
    this.#clock = clock;
    this.#log = log;
    this.#path = path;
    this.#probePath = probePath;
    this.#timer = clock.every(limits.tickMs, () => this.#tick());
  }

  /** Begins to watch: the worker is there and has been through all of a probe, unless the disk hangs already. */
  static async start(options: DiskWatchOptions): Promise<DiskWatch> {
    const watch = new DiskWatch(options);
    await watch.#runProbe();
    return watch;
  }

  get health(): DiskHealth {
    return this.#health;
  }

  stop(): void {
    this.#timer.cancel();
  }

  /** Makes a call, inline or on the worker. Throws its error, or TIMED_OUT while the disk hangs. */
  call<T>(kind: CallKind, inline: () => T, background: () => Promise<T>): T | Promise<T> {
    if (this.#health !== "quick") return this.#callInBackground(kind, background);
    this.#calls++;
    const startMs = this.#clock.monotonic();
    try {
      return inline();
    } finally {
      const tookMs = this.#clock.monotonic() - startMs;
      if (tookMs > limits.strainedCallMs) this.#noteStrainedCall(startMs, tookMs);
    }
  }

  #callInBackground<T>(kind: CallKind, background: () => Promise<T>): Promise<T> {
    if (this.#health === "hung") {
      if (kind === "change") background().catch(ignored);
      return Promise.reject(this.#noAnswer());
    }
    const result = background();
    const note = () => {
      this.#calls++;
      if (this.#background.lastCallMs > limits.strainedCallMs) this.#strainedInBackground++;
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
    const { slowCallMs, strainedCallMs, strainedCalls, strainedWindowMs, callsPerStrainedCall } = limits;
    if (tookMs > slowCallMs) {
      this.#happens("strained", `a call took ${Math.round(tookMs)} ms`);
      return;
    }
    this.#strained = [...this.#strained, { startMs, calls: this.#calls }].slice(-strainedCalls);
    const first = this.#strained[0]!;
    if (this.#strained.length < strainedCalls || startMs - first.startMs >= strainedWindowMs) return;
    const calls = this.#calls - first.calls + 1;
    if (calls > strainedCalls * callsPerStrainedCall) return;
    this.#happens("strained", `${strainedCalls} of ${calls} calls took more than ${strainedCallMs} ms`);
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
    // A disk on which probes are quick and requests are not, is not quick.
    const areRequestsQuick = this.#strainedInBackground * limits.callsPerStrainedCall <= this.#calls;
    if (tookMs <= limits.quickProbeMs && areRequestsQuick) this.#quickProbesInRow++;
    else if (this.#health !== "quick") this.#countAnew();
    if (this.#quickProbesInRow >= limits.quickProbes) {
      this.#happens("recovered", `${limits.quickProbes} probes in a row were quick`);
    }
  }

  #countAnew(): void {
    this.#quickProbesInRow = 0;
    this.#calls = 0;
    this.#strained = [];
    this.#strainedInBackground = 0;
  }

  #happens(event: DiskHealthEvent, reason: string): void {
    const before = this.#health;
    const health = diskHealth.next(before, event);
    invariant(health !== undefined, `a disk that is ${before} can't be ${event}`);
    if (health === before) return;
    this.#health = health;
    this.#countAnew();
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
