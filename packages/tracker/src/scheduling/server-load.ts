// How busy one storage is as far as its tracker knows: what it reported last, which ages, and what this tracker has handed
// out since. Times are monotonic, in milliseconds.
//
// tasks     Those that were reported end one by one, in the mean time that a task takes there; each one handed out is added
//           and ends in the same way. So a picture that is seconds old sends nobody astray: what counts then is the rate at
//           which tasks are handed out, times the time that each takes (Little's law).
// capacity  How quick it is and how much of it is idle, smoothed: one odd report changes little, a lasting change is believed
//           within seconds. While nothing is measured the old figure fades, so a storage that was slow is tried again.
//
// A C storage reports neither. Of its beats (83) count: connections above the fewest of late, and failures.
import { type LoadReport, type StatisticsBlock, UNKNOWN_SHARE } from "@fastdfs-ts/protocol";

import type { LoadPicture } from "./cluster-picture.ts";

/** A change is believed by half after this time. */
const SMOOTHING_MS = 2000;
/** What was measured is half forgotten after this time in which nothing is measured. */
const FADING_MS = 10_000;
/** Fewer finished tasks than this are a weak measurement. */
const FINISHED_CERTAIN = 10;
/** What each task costs beside the work of the storage; keeps differences of microseconds from being taken for large ones. */
const OVERHEAD_MICROS = 200;
/** How long a task is taken to last where nothing is measured. */
const TASK_MS_UNKNOWN = 20;
const TASK_MS_MIN = 1;
const TASK_MS_MAX = 60_000;
/** Even the busiest storage keeps this much capacity: the figures may be wrong. */
const CAPACITY_MIN = 0.02;
/** The fewest connections of a C storage are forgotten at this rate, per second. */
const CONNECTIONS_RISE = 0.01;

/** How much each share that is busy takes of the capacity; where one is unknown, the others count more. */
const weights = { cpuPermille: 0.35, diskPermille: 0.35, memoryPermille: 0.15, networkPermille: 0.15 } as const;
type ShareName = keyof typeof weights;
const shareNames = Object.keys(weights) as ShareName[];

export class ServerLoad implements LoadPicture {
  /** The last report of ours, as it came; undefined of a C storage, and before the first. */
  report: LoadReport | undefined;
  /** When the storage was last heard of, and how long it may stay silent until its figures are doubted. */
  private heardMs = -Infinity;
  private silenceMs = 0;
  /** Tasks at `tasksMs`. */
  private tasksThen = 0;
  private tasksMs = 0;
  private taskMs = TASK_MS_UNKNOWN;
  private idle = 1;
  private latency: number | undefined;
  /** When a latency was measured last. */
  private measuredMs = 0;
  private leastConnections: number | undefined;
  private counters: { readonly tried: number; readonly failed: number } | undefined;

  /** 126. */
  takeReport(report: LoadReport, nowMs: number): void {
    const passedMs = this.report === undefined ? Infinity : nowMs - this.heardMs;
    const tasksBefore = this.report?.tasks ?? 0;
    this.report = report;
    this.heard(nowMs, Math.max(report.intervalMs, 1) * 2);
    this.tasksThen = report.tasks;
    this.tasksMs = nowMs;
    if (report.intervalMs === 0) return;
    const believed = 1 - 2 ** (-passedMs / SMOOTHING_MS);
    this.idle += believed * (idleShare(report) - this.idle);
    const finished = report.finishedTasks;
    if (finished > 0 && report.latencyMicros > 0) {
      const weight = believed * Math.min(1, finished / FINISHED_CERTAIN);
      const before = this.latency ?? report.latencyMicros;
      this.latency = before + weight * (report.latencyMicros - before);
      this.measuredMs = nowMs;
    }
    // Little's law: so many were under way on average, and so many ended.
    const underWay = (tasksBefore + report.tasks) / 2;
    const littleMs = finished > 0 ? (underWay * report.intervalMs) / finished : this.taskMs;
    const taskMs = clamp(Math.max(littleMs, (this.latency ?? 0) / 1000), TASK_MS_MIN, TASK_MS_MAX);
    this.taskMs += believed * (taskMs - this.taskMs);
  }

  /** 83 of a storage that sends no load reports. `pauseMs`: what usually passes from beat to beat, 0 if unknown. */
  takeBeat(statistics: StatisticsBlock, pauseMs: number, nowMs: number): void {
    if (this.report !== undefined) return;
    const passedMs = nowMs - this.heardMs;
    this.heard(nowMs, pauseMs * 2);
    const { connectionsCurrent } = statistics;
    const risen =
      (this.leastConnections ?? connectionsCurrent) + (CONNECTIONS_RISE * Math.min(passedMs, 60_000)) / 1000;
    this.leastConnections = Math.min(connectionsCurrent, risen);
    this.tasksThen = connectionsCurrent - this.leastConnections;
    this.tasksMs = nowMs;
    const tried = statistics.totalUploadCount + statistics.totalDownloadCount;
    const failed = tried - statistics.successUploadCount - statistics.successDownloadCount;
    const before = this.counters;
    this.counters = { tried, failed };
    if (before === undefined || tried <= before.tried || failed < before.failed) return;
    const believed = 1 - 2 ** (-passedMs / SMOOTHING_MS);
    this.idle += believed * (1 - (failed - before.failed) / (tried - before.tried) - this.idle);
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

  /** It is not connected any more: nothing that was known of it is worth anything. */
  forget(): void {
    this.report = undefined;
    this.heardMs = -Infinity;
    this.tasksThen = 0;
    this.taskMs = TASK_MS_UNKNOWN;
    this.idle = 1;
    this.latency = undefined;
    this.leastConnections = undefined;
    this.counters = undefined;
  }

  tasks(nowMs: number): number {
    if (this.tasksThen === 0) return 0;
    return this.tasksThen * Math.exp((this.tasksMs - nowMs) / this.taskMs);
  }

  /** Of tasks that came whole, smoothed; undefined if none was measured. */
  get latencyMicros(): number | undefined {
    return this.latency;
  }

  capacity(nowMs: number, typicalMicros: number): number {
    return Math.max(CAPACITY_MIN, this.idle * this.quickness(nowMs, typicalMicros) * this.freshness(nowMs));
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

  /** 1 if it is as quick as the others are typically. */
  private quickness(nowMs: number, typicalMicros: number): number {
    if (this.latency === undefined) return 1;
    const faded = 1 - 2 ** ((this.measuredMs - nowMs) / FADING_MS);
    const latency = this.latency + faded * (typicalMicros - this.latency);
    return (typicalMicros + OVERHEAD_MICROS) / (latency + OVERHEAD_MICROS);
  }
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
