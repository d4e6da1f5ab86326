// How busy this storage is, measured now: the counters of the machine, and what was done for clients.
import type { TaskCounts, TaskTotals } from "@fastdfs-ts/rpc";
import type { Clock, SystemSnapshot } from "@fastdfs-ts/runtime";

/** Trackers that are told within this time are told of one reading: most links begin and report together. */
const SHARED_MS = 500;

/** One look at all counters; two give a load (load-between.ts). */
export interface Measurement {
  /** `Clock.monotonic()`. */
  readonly atMs: number;
  readonly system: SystemSnapshot;
  readonly tasks: TaskTotals;
}

export class LoadMeter {
  private readonly clock: Clock;
  private readonly readSystem: () => SystemSnapshot;
  private readonly tasks: TaskCounts;
  private last: Measurement | undefined;

  /** `readSystem` watches the store paths (`SystemCounters.watch`); `tasks` are those of the server that clients reach. */
  constructor(clock: Clock, readSystem: () => SystemSnapshot, tasks: TaskCounts) {
    this.clock = clock;
    this.readSystem = readSystem;
    this.tasks = tasks;
  }

  /** Requests of clients that are being handled now. */
  get runningTasks(): number {
    return this.tasks.running;
  }

  /** At most SHARED_MS old. */
  measure(): Measurement {
    const atMs = this.clock.monotonic();
    if (this.last !== undefined && atMs - this.last.atMs < SHARED_MS) return this.last;
    const { finished, timed, timedMs } = this.tasks;
    this.last = { atMs, system: this.readSystem(), tasks: { finished, timed, timedMs } };
    return this.last;
  }
}
