// One storage of the study: a disk that serves a few requests at a time, the others wait. Copies from other members have
// one of the places, as a replicator's connection has. What it reports of itself is measured here, as a real storage does.
import type { LoadReport } from "@fastdfs-ts/protocol";

import type { Timeline } from "./timeline.ts";

const PLACES = 6;
const PLACES_OF_COPIES = 2;
/** Of one request on an idle machine. */
const OVERHEAD_MS = 4;
const BYTES_PER_MS = 50_000;
const MIB = 1024 * 1024;

interface Job {
  readonly bytes: number;
  readonly startedMs: number;
  readonly done: () => void;
}

/** First come, first served, at most `places` at a time. */
class Line {
  inService = 0;
  private readonly places: number;
  private readonly waiting: Job[] = [];
  private head = 0;

  constructor(places: number) {
    this.places = places;
  }

  get length(): number {
    return this.inService + this.waiting.length - this.head;
  }

  push(job: Job): void {
    this.waiting.push(job);
  }

  /** The next one whose turn it is; it is in service then. */
  next(): Job | undefined {
    if (this.inService >= this.places || this.head === this.waiting.length) return undefined;
    const job = this.waiting[this.head++];
    if (this.head > 1024 && 2 * this.head > this.waiting.length) {
      this.waiting.splice(0, this.head);
      this.head = 0;
    }
    this.inService++;
    return job;
  }
}

export class StorageModel {
  readonly id: string;
  readonly groupName: string;
  readonly totalMib: number;
  freeMib: number;
  isUp = true;
  /** How many times slower than usual the disk is. */
  slowness = 1;
  /** Share of the processors that something else on the machine uses. */
  busyCpu = 0;
  /** Clients' tasks: from the first byte of a request to its answer. */
  tasks = 0;
  /** Clients' requests that were ever answered, and the bytes of uploads among them. */
  answered = 0;
  uploads = 0;
  uploadedBytes = 0;
  private readonly timeline: Timeline;
  private readonly clients = new Line(PLACES - PLACES_OF_COPIES);
  private readonly copies = new Line(PLACES_OF_COPIES);
  private busyPlaces = 0;
  private busySinceMs = 0;
  private busyPlaceMs = 0;
  private bytes = 0;
  private finished = 0;
  private latencyMs = 0;
  private reportedMs = 0;

  constructor(timeline: Timeline, facts: { id: string; groupName: string; totalMib: number; usedShare: number }) {
    this.timeline = timeline;
    this.id = facts.id;
    this.groupName = facts.groupName;
    this.totalMib = facts.totalMib;
    this.freeMib = facts.totalMib * (1 - facts.usedShare);
  }

  /** Requests whose bytes are here and that are not answered. */
  get queue(): number {
    return this.clients.length;
  }

  /** All bytes of a client's request are here, or are to be read. */
  serve(bytes: number, done: () => void): void {
    this.clients.push({
      bytes,
      startedMs: this.timeline.nowMs,
      done: () => {
        this.finished++;
        this.answered++;
        done();
      },
    });
    this.begin();
  }

  /** A copy of a file that another member got. */
  copy(bytes: number): void {
    this.copies.push({ bytes, startedMs: this.timeline.nowMs, done: () => undefined });
    this.begin();
  }

  /** Whether a file fits; then it takes its space at once. */
  reserve(bytes: number, reservedMib: number): boolean {
    const mib = bytes / MIB;
    if (this.freeMib - mib <= reservedMib) return false;
    this.freeMib -= mib;
    return true;
  }

  takeSpace(bytes: number): void {
    this.freeMib -= bytes / MIB;
  }

  report(): LoadReport {
    const { nowMs } = this.timeline;
    this.noteBusy();
    const intervalMs = nowMs - this.reportedMs;
    const busy = intervalMs === 0 ? 0 : this.busyPlaceMs / intervalMs / PLACES;
    const report = {
      intervalMs: Math.round(intervalMs),
      cpuPermille: Math.round(1000 * Math.min(1, this.busyCpu + 0.2 * busy)),
      memoryPermille: 300,
      diskPermille: Math.round(1000 * Math.min(1, busy)),
      networkPermille: -1,
      diskBytesPerSecond: intervalMs === 0 ? 0 : Math.round((1000 * this.bytes) / intervalMs),
      networkBytesPerSecond: 0,
      tasks: this.tasks,
      finishedTasks: this.finished,
      latencyMicros: this.finished === 0 ? 0 : Math.round((1000 * this.latencyMs) / this.finished),
    };
    this.reportedMs = nowMs;
    this.busyPlaceMs = 0;
    this.bytes = 0;
    this.finished = 0;
    this.latencyMs = 0;
    return report;
  }

  private begin(): void {
    for (const line of [this.clients, this.copies]) {
      for (let job = line.next(); job !== undefined; job = line.next()) this.work(line, job);
    }
  }

  private work(line: Line, job: Job): void {
    this.noteBusy(1);
    const usual = OVERHEAD_MS + job.bytes / BYTES_PER_MS;
    this.timeline.after((usual * this.slowness) / (1 - this.busyCpu), () => {
      this.noteBusy(-1);
      line.inService--;
      this.bytes += job.bytes;
      if (line === this.clients) this.latencyMs += this.timeline.nowMs - job.startedMs;
      job.done();
      this.begin();
    });
  }

  /** Adds up how many places were busy for how long. */
  private noteBusy(change = 0): void {
    const { nowMs } = this.timeline;
    this.busyPlaceMs += this.busyPlaces * (nowMs - this.busySinceMs);
    this.busySinceMs = nowMs;
    this.busyPlaces += change;
  }
}
