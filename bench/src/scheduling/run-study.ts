// Runs one method through the scenario and measures what clients and disks see of it.
import { FdfsError, mintName, printLogicalName, sourceOfIp } from "@fastdfs-ts/protocol";
import { type Random, randomBelow } from "@fastdfs-ts/runtime";
import { Prng } from "@fastdfs-ts/simulation";
import { routeDownload, routeToGroup, routeToMember, routeToPath } from "@fastdfs-ts/tracker";

import { LatencyHistogram } from "../load/latency-histogram.ts";
import { type GroupSample, type Period, periodOf, type Sample, summarize, type Summary } from "./measurements.ts";
import type { Method } from "./methods.ts";
import {
  burst,
  CLIENT_BYTES_PER_MS,
  CLIENT_PAUSE_MS,
  DURATION_MS,
  groupPlans,
  incidents,
  JOINING,
  REQUESTS_PER_SECOND,
  RESERVED_MIB,
  sizes,
  SLOW,
  UPLOAD_SHARE,
} from "./scenario.ts";
import type { StorageModel } from "./storage-model.ts";
import { StudyCluster } from "./study-cluster.ts";
import { Timeline } from "./timeline.ts";

const SAMPLE_MS = 1000;
const SAMPLES_PER_PERIOD = 10;
/** Downloads are of the last so many uploads, once they are old enough to be everywhere. */
const KNOWN_FILES = 20_000;
const READABLE_AFTER_MS = 15_000;
const BACKFILL_EVERY_MS = 20;
const BACKFILL_BYTES = 1024 * 1024;
const RANGE = 2 ** 32;

interface KnownFile {
  readonly groupName: string;
  readonly logicalName: string;
  readonly bytes: number;
  readonly atMs: number;
}

export interface StudyResult {
  readonly method: Method;
  readonly periods: readonly Period[];
  readonly summary: Summary;
}

export function runStudy(method: Method, seed: number): StudyResult {
  return new Study(method, seed).run();
}

class Study {
  private readonly method: Method;
  private readonly timeline = new Timeline();
  private readonly arrivals: Random;
  private readonly names: Random;
  private readonly study: StudyCluster;
  private readonly files: KnownFile[] = [];
  private uploaded = 0;
  private readonly samples: Sample[] = [];
  private readonly periods: Period[] = [];
  private latenciesOfPeriod = new LatencyHistogram();
  private readonly latencies = {
    uploads: new LatencyHistogram(),
    downloads: new LatencyHistogram(),
    whileOneIsSlow: new LatencyHistogram(),
  };
  private rejected = 0;

  constructor(method: Method, seed: number) {
    this.method = method;
    const random = Prng.fromSeed(seed);
    // The same clients with the same files, whatever the method draws.
    this.arrivals = random.fork("arrivals");
    this.names = random.fork("names");
    this.study = new StudyCluster(this.timeline, random.fork("tracker"), method);
  }

  run(): StudyResult {
    const { timeline } = this;
    for (const { atMs, storage, happen } of incidents) {
      timeline.after(atMs, () => happen(this.study.storages.get(storage)!));
    }
    timeline.every(BACKFILL_EVERY_MS, () => this.backfill());
    timeline.every(SAMPLE_MS, () => this.sample());
    this.arrive();
    timeline.runUntil(DURATION_MS);
    const summary = summarize(this.samples, this.periods, this.latencies, this.uploaded, this.rejected);
    return { method: this.method, periods: this.periods, summary };
  }

  private arrive(): void {
    const { timeline, arrivals } = this;
    const perMs = (REQUESTS_PER_SECOND * burst(timeline.nowMs)) / 1000;
    const pauseMs = -Math.log(1 - arrivals.uint32() / RANGE) / perMs;
    timeline.after(pauseMs, () => {
      const isUpload = arrivals.uint32() / RANGE < UPLOAD_SHARE;
      const bytes = this.drawBytes();
      const place = arrivals.uint32();
      if (isUpload) this.upload(bytes);
      else this.download(place);
      this.arrive();
    });
  }

  private upload(bytes: number): void {
    const { cluster } = this.study;
    const { timeline } = this;
    const beganMs = timeline.nowMs;
    this.uploaded++;
    let node;
    try {
      node = routeToMember(cluster, routeToGroup(cluster, undefined));
      routeToPath(cluster, node);
    } catch (error) {
      if (!(error instanceof FdfsError)) throw error;
      this.rejected++;
      return;
    }
    const model = this.study.model(node.id);
    const transferMs = bytes / CLIENT_BYTES_PER_MS;
    timeline.after(CLIENT_PAUSE_MS, () => {
      model.tasks++;
      timeline.after(transferMs, () => {
        if (!model.reserve(bytes, RESERVED_MIB)) {
          model.tasks--;
          this.rejected++;
          return;
        }
        model.serve(bytes, () => {
          model.tasks--;
          model.uploads++;
          model.uploadedBytes += bytes;
          this.record("uploads", timeline.nowMs - beganMs - transferMs);
          this.noteFile(model, bytes);
        });
      });
    });
  }

  private download(place: number): void {
    const { timeline } = this;
    const file = this.files[place % Math.max(1, this.files.length)];
    if (file === undefined || timeline.nowMs - file.atMs < READABLE_AFTER_MS) return;
    const beganMs = timeline.nowMs;
    const transferMs = file.bytes / CLIENT_BYTES_PER_MS;
    const model = this.study.model(routeDownload(this.study.cluster, file.groupName, file.logicalName).id);
    timeline.after(CLIENT_PAUSE_MS, () => {
      model.tasks++;
      model.serve(file.bytes, () => {
        timeline.after(transferMs, () => {
          model.tasks--;
          this.record("downloads", timeline.nowMs - beganMs - transferMs);
        });
      });
    });
  }

  /** Without the time in which the client's own network has the bytes. */
  private record(kind: "uploads" | "downloads", ms: number): void {
    this.latencies[kind].record(ms);
    this.latenciesOfPeriod.record(ms);
    const { nowMs } = this.timeline;
    if (nowMs >= SLOW.fromMs && nowMs < SLOW.toMs) this.latencies.whileOneIsSlow.record(ms);
  }

  /** It is stored: the others get their copies, and clients may read it. */
  private noteFile(model: StorageModel, bytes: number): void {
    for (const peer of this.study.membersOf(model.groupName)) {
      if (peer === model) continue;
      peer.takeSpace(bytes);
      peer.copy(bytes);
    }
    const facts = {
      source: sourceOfIp(model.id),
      createdSeconds: this.study.cluster.now(),
      kind: "normal" as const,
      fileBytes: bytes,
      crc32: this.names.uint32(),
      extension: "bin",
    };
    const logicalName = printLogicalName(0, 0, 0, mintName(facts, this.names));
    const file = { groupName: model.groupName, logicalName, bytes, atMs: this.timeline.nowMs };
    if (this.files.length < KNOWN_FILES) this.files.push(file);
    else this.files[randomBelow(this.names, KNOWN_FILES)] = file;
  }

  /** The new member gets what its group has. */
  private backfill(): void {
    const { nowMs } = this.timeline;
    if (nowMs < JOINING.startMs || nowMs >= JOINING.activeMs) return;
    const joining = this.study.storages.get(JOINING.storage)!;
    joining.copy(BACKFILL_BYTES);
    this.study.membersOf(joining.groupName)[0]?.copy(BACKFILL_BYTES);
  }

  private drawBytes(): number {
    const { arrivals } = this;
    let kind = arrivals.uint32() / RANGE;
    const row = sizes.find(({ share }) => (kind -= share) < 0) ?? sizes[0];
    return Math.round(row.from * (row.to / row.from) ** (arrivals.uint32() / RANGE));
  }

  private sample(): void {
    const groups = groupPlans.map(({ name }): GroupSample => {
      const members = this.study.membersOf(name);
      const tasks = members.reduce((sum, member) => sum + member.tasks, 0);
      const freeMib = Math.min(...members.map((member) => member.freeMib));
      const { totalMib } = members[0]!;
      return { name, tasks, usage: 1 - freeMib / totalMib, takesUploads: freeMib > RESERVED_MIB };
    });
    const slow = this.study.storages.get(SLOW.storage)!;
    const inItsGroup = this.study.membersOf(slow.groupName).reduce((sum, { tasks }) => sum + tasks, 0);
    const slowShare = inItsGroup === 0 ? 0 : slow.tasks / inItsGroup;
    this.samples.push({ atMs: this.timeline.nowMs, groups, slowShare });
    if (this.samples.length % SAMPLES_PER_PERIOD > 0) return;
    this.periods.push(periodOf(this.samples.slice(-SAMPLES_PER_PERIOD), this.latenciesOfPeriod));
    this.latenciesOfPeriod = new LatencyHistogram();
  }
}
