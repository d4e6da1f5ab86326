// How busy one storage is as far as its tracker knows: what it reported last, which ages, and what this tracker has handed
// out since. Times are monotonic, in milliseconds.
//
// tasks     Those that were reported end one by one, in the mean time that a task takes there; each one handed out is added
//           and ends in the same way. So a picture that is seconds old sends nobody astray: what counts then is the rate at
//           which tasks are handed out, times the time that each takes (Little's law).
// capacity  How quick it and its disk are (decaying-mean.ts), times how much of it is idle, times how much of what it is
//           asked succeeds (83): who refuses at once is quick, too. Smoothed: one odd report changes little, a lasting
//           change is believed within seconds.
//
// A C storage reports neither tasks nor shares. Of its beats (83) count connections above the fewest of late.
import { type LoadReport, type StatisticsBlock, UNKNOWN_SHARE } from "@fastdfs-ts/protocol";

import type { LoadPicture, TypicalMember } from "./cluster-picture.ts";
import { DecayingMean } from "./decaying-mean.ts";

/** A change is believed by half after this time; a single report, however late, never by more. */
const SMOOTHING_MS = 2000;
/** What each task costs beside the work of the storage; keeps differences of microseconds from being taken for large ones. */
const OVERHEAD_MICROS = 200;
/** Time for which a disk was busy that tells as much of it as one finished task tells of the latency: 1 % of a report. */
const DISK_EVIDENCE_MS = 20;
/**
 * What a disk moves while it is busy counts less than proportionally, and never for more than twice or half. It tilts the
 * choice, latency decides: that contains the disk as far as requests wait for it. Small requests move less in the same time,
 * and what works on many requests at once moves more when there are many. With the fourth root two disks have to differ
 * by 2.5 times to be told apart (CLEARLY in pick-by-load.ts).
 */
const DISK_EXPONENT = 0.25;
const DISK_FACTOR_MAX = 2;
/** How long a task is taken to last where nothing is measured. */
const TASK_MS_UNKNOWN = 20;
const TASK_MS_MIN = 1;
const TASK_MS_MAX = 60_000;
/**
 * Even the busiest storage, and one that is silent, keeps this much of its capacity: the figures may be wrong. Where all are
 * busy, because they share a machine, the quicker one is preferred nevertheless.
 */
const LEFT_MIN = 0.02;
/** A report that comes that late, because the storage was asleep, makes nobody wait as long for the next one. */
const INTERVAL_MS_MAX = 60_000;
/** The fewest connections of a C storage are forgotten at this rate, per second. */
const CONNECTIONS_RISE = 0.01;

/** How much each share that is busy takes of the capacity; where one is unknown, the others count more. */
const weights = { cpuPermille: 0.35, diskPermille: 0.35, memoryPermille: 0.15, networkPermille: 0.15 } as const;
type ShareName = keyof typeof weights;
const shareNames = Object.keys(weights) as ShareName[];

/** Tasks that were under way at the end of some time, and those that ended in it. */
type Finished = Pick<LoadReport, "tasks" | "finishedTasks" | "intervalMs" | "latencyMicros">;

export class ServerLoad implements LoadPicture {
  /** The last report of ours, as it came; undefined of a C storage, and before the first. */
  report: LoadReport | undefined;
  /** When the storage was last heard of, and how long it may stay silent until its figures are doubted. */
  private heardMs = -Infinity;
  private silenceMs = 0;
  /** Tasks at `tasksMs`. */
  private tasksThen = 0;
  private tasksMs = 0;
  private reportedTasks = 0;
  private taskMs = TASK_MS_UNKNOWN;
  private idle = 1;
  private success = 1;
  private beatMs = -Infinity;
  /** What disks move is in bytes per second in which they are busy. */
  readonly measured: Readonly<Record<keyof TypicalMember, DecayingMean>> = {
    latencyMicros: new DecayingMean(),
    diskSpeed: new DecayingMean(),
  };
  private leastConnections: number | undefined;
  private counters: { readonly tried: number; readonly failed: number } | undefined;

  /** 126. Figures that cannot be do not come here (cluster/reports.ts). */
  takeReport(report: LoadReport, nowMs: number): void {
    const passedMs = this.report === undefined ? Infinity : nowMs - this.heardMs;
    const { intervalMs, finishedTasks } = report;
    this.report = report;
    this.heard(nowMs, clamp(intervalMs, 1, INTERVAL_MS_MAX) * 2);
    if (intervalMs > 0) {
      const believed = belief(passedMs);
      this.idle += believed * (idleShare(report) - this.idle);
      if (finishedTasks > 0 && report.latencyMicros > 0) {
        this.measured.latencyMicros.take(report.latencyMicros, finishedTasks, nowMs);
      }
      this.learnDiskSpeed(report, nowMs);
      this.learnDuration(report, believed);
    }
    this.setTasks(report.tasks, nowMs);
  }

  /** 83. `pauseMs`: what usually passes from beat to beat, 0 if unknown. */
  takeBeat(statistics: StatisticsBlock, pauseMs: number, nowMs: number): void {
    const passedMs = nowMs - this.beatMs;
    this.beatMs = nowMs;
    const tried = this.noteSuccess(statistics, belief(passedMs));
    if (this.report !== undefined) return;
    this.heard(nowMs, pauseMs * 2);
    // Its counters are only shown as they come. One below 0 would be the fewest for years.
    const connectionsCurrent = Math.max(0, statistics.connectionsCurrent);
    const risen = (CONNECTIONS_RISE * Math.min(passedMs, 60_000)) / 1000;
    this.leastConnections = Math.min(connectionsCurrent, (this.leastConnections ?? connectionsCurrent) + risen);
    const tasks = connectionsCurrent - this.leastConnections;
    if (tried > 0) {
      const finished = { tasks, finishedTasks: tried, intervalMs: passedMs, latencyMicros: 0 };
      this.learnDuration(finished, belief(passedMs));
    }
    this.setTasks(tasks, nowMs);
  }

  /** How much of what clients asked since the last beat succeeded. Returns how much they asked; 0 if that cannot be told. */
  private noteSuccess(statistics: StatisticsBlock, believed: number): number {
    const before = this.counters;
    const now = countersOf(statistics);
    this.counters = now;
    if (before === undefined || now.tried <= before.tried || now.failed < before.failed) return 0;
    const tried = now.tried - before.tried;
    const failed = Math.min(tried, now.failed - before.failed);
    this.success += believed * (1 - failed / tried - this.success);
    return tried;
  }

  /** A disk that did nothing tells nothing of how quick it is. */
  private learnDiskSpeed({ diskBytesPerSecond, diskPermille, intervalMs }: LoadReport, nowMs: number): void {
    // An unknown share is below 0.
    if (diskBytesPerSecond <= 0 || diskPermille <= 0) return;
    const busy = diskPermille / 1000;
    this.measured.diskSpeed.take(diskBytesPerSecond / busy, (busy * intervalMs) / DISK_EVIDENCE_MS, nowMs);
  }

  /**
   * Little's law: so many were under way on average, and so many ended. Where none ended, they take longer than that. Ratios
   * count as with latencies.
   */
  private learnDuration({ tasks, finishedTasks, intervalMs, latencyMicros }: Finished, believed: number): void {
    const underWay = (this.reportedTasks + tasks) / 2;
    if (finishedTasks === 0 && underWay === 0) return;
    const littleMs = (underWay * intervalMs) / Math.max(1, finishedTasks);
    const taskMs = clamp(Math.max(littleMs, latencyMicros / 1000), TASK_MS_MIN, TASK_MS_MAX);
    this.taskMs *= (taskMs / this.taskMs) ** believed;
  }

  private setTasks(tasks: number, nowMs: number): void {
    this.reportedTasks = tasks;
    this.tasksThen = tasks;
    this.tasksMs = nowMs;
  }

  private heard(nowMs: number, silenceMs: number): void {
    this.heardMs = nowMs;
    this.silenceMs = silenceMs;
  }

  /** A client was sent there. */
  handedOut(nowMs: number): void {
    this.tasksThen = this.tasks(nowMs) + 1;
    this.tasksMs = nowMs;
  }

  tasks(nowMs: number): number {
    if (this.tasksThen === 0) return 0;
    return this.tasksThen * Math.exp((this.tasksMs - nowMs) / this.taskMs);
  }

  /** Of tasks that came whole, smoothed, however old; undefined if none was measured. */
  get latencyMicros(): number | undefined {
    return this.measured.latencyMicros.mean;
  }

  /** Of its busiest disk, bytes per second in which it was busy, smoothed, however old; undefined if it was never measured. */
  get diskSpeed(): number | undefined {
    return this.measured.diskSpeed.mean;
  }

  capacity(nowMs: number, { latencyMicros, diskSpeed }: TypicalMember): number {
    const latency = latencyMicros * this.measured.latencyMicros.ratio(latencyMicros, nowMs);
    const quickness = (latencyMicros + OVERHEAD_MICROS) / (latency + OVERHEAD_MICROS);
    const disk = diskFactor(this.measured.diskSpeed.ratio(diskSpeed, nowMs));
    const left = Math.max(LEFT_MIN, this.idle) * Math.max(LEFT_MIN, this.success);
    return left * quickness * disk * Math.max(LEFT_MIN, this.freshness(nowMs));
  }

  /** Since the last report or beat; Infinity if there was none. */
  ageMs(nowMs: number): number {
    return nowMs - this.heardMs;
  }

  /** Of its figures: 1, falling to 0 when it has been silent for twice as long as it may be. */
  freshness(nowMs: number): number {
    if (this.silenceMs === 0) return 1;
    return clamp(2 - (nowMs - this.heardMs) / this.silenceMs, 0, 1);
  }
}

/** How much of a change is believed that was measured over `passedMs`. */
function belief(passedMs: number): number {
  return 1 - 2 ** -Math.min(1, passedMs / SMOOTHING_MS);
}

/** `ratio`: how many times as quick as a typical one the disk is. */
function diskFactor(ratio: number): number {
  return clamp(ratio ** DISK_EXPONENT, 1 / DISK_FACTOR_MAX, DISK_FACTOR_MAX);
}

/** What clients asked of it that costs something, and what of that went wrong. */
function countersOf(statistics: StatisticsBlock): { readonly tried: number; readonly failed: number } {
  const tried = statistics.totalUploadCount + statistics.totalAppendCount + statistics.totalDownloadCount;
  const done = statistics.successUploadCount + statistics.successAppendCount + statistics.successDownloadCount;
  return { tried, failed: tried - done };
}

/** Of all resources together, and no more than the busiest one leaves. */
function idleShare(report: LoadReport): number {
  let weight = 0;
  let idle = 0;
  let busiest = 0;
  for (const name of shareNames) {
    if (report[name] === UNKNOWN_SHARE) continue;
    const busy = clamp(report[name] / 1000, 0, 1);
    weight += weights[name];
    idle += weights[name] * (1 - busy);
    // Memory that is in use slows nothing down.
    if (name !== "memoryPermille") busiest = Math.max(busiest, busy);
  }
  return weight === 0 ? 1 : Math.min(idle / weight, 1 - busiest);
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
