// The cluster of the study: the tracker's own records and choices, with modelled storages behind them.
import { type StatisticsBlock, StatisticsBlock as Statistics } from "@fastdfs-ts/protocol";
import { defaultTrackerConfig, type Random } from "@fastdfs-ts/runtime";
import {
  Changelog,
  Cluster,
  clusterSettingsOf,
  type Group,
  Leadership,
  takeDiskReport,
  takeHeartbeat,
  takeLoadReport,
  TrackerList,
} from "@fastdfs-ts/tracker";

import type { Method } from "./methods.ts";
import {
  DISK_REPORT_MS,
  groupPlans,
  HEARTBEAT_MS,
  JOINING,
  LOAD_REPORT_MS,
  MEMBERS,
  RESERVED_MIB,
  TASKS_MAX,
} from "./scenario.ts";
import { StorageModel } from "./storage-model.ts";
import type { Timeline } from "./timeline.ts";

/** Of clients that wait for something to do. */
const IDLE_CONNECTIONS = 20;
const MIB = 1024 * 1024;
/** The time at which the study begins, Unix seconds. */
const BEGIN_SECONDS = 1_800_000_000;

export class StudyCluster {
  readonly cluster: Cluster;
  readonly storages = new Map<string, StorageModel>();
  private readonly byId = new Map<string, StorageModel>();
  private readonly timeline: Timeline;

  constructor(timeline: Timeline, random: Random, method: Method) {
    this.timeline = timeline;
    this.cluster = trackerCluster(timeline, random, method);
    for (const plan of groupPlans) {
      const group = this.cluster.ensureGroup(plan.name);
      group.storePathCount = 1;
      for (let index = 0; index < MEMBERS; index++) {
        const letter = "abc"[index]!;
        const id = `10.0.${groupPlans.indexOf(plan)}.${index + 1}`;
        const model = new StorageModel(timeline, { ...plan, id, groupName: plan.name });
        const name = `${plan.name}-${letter}`;
        model.isUp = name !== JOINING.storage;
        this.storages.set(name, model);
        this.byId.set(id, model);
        this.addMember(group, model, plan.name === method.groupOfC);
      }
    }
  }

  /** The model behind a member. */
  model(id: string): StorageModel {
    return this.byId.get(id)!;
  }

  membersOf(group: string): StorageModel[] {
    return [...this.storages.values()].filter(({ groupName, isUp }) => groupName === group && isUp);
  }

  private addMember(group: Group, model: StorageModel, isOfC: boolean): void {
    const { cluster, timeline } = this;
    const node = cluster.addMember(group, model.id, model.id);
    node.port = 23_000;
    const reportDisk = () => {
      if (!model.isUp) return;
      const space = { totalMib: model.totalMib, freeMib: Math.floor(model.freeMib) };
      takeDiskReport(cluster, node, { storePaths: [space] });
    };
    const beat = () => {
      if (!model.isUp) return;
      if (node.status !== "ACTIVE") {
        cluster.setStatus(node, "ACTIVE", "complete");
        reportDisk();
      }
      // Everybody has what is older than some seconds.
      const until = cluster.now() - 2;
      for (const other of group.members) if (other !== node) group.sync.raise(other.slot, node.slot, until);
      const { uploads, answered, uploadedBytes } = model;
      const statistics = {
        ...noStatistics,
        connectionsCurrent: model.tasks + IDLE_CONNECTIONS,
        totalUploadCount: uploads,
        successUploadCount: uploads,
        totalDownloadCount: answered - uploads,
        successDownloadCount: answered - uploads,
        successUploadBytes: uploadedBytes,
      };
      takeHeartbeat(cluster, node, { statistics });
    };
    const reportLoad = () => {
      if (model.isUp && !isOfC) takeLoadReport(cluster, node, model.report());
    };
    reportLoad();
    beat();
    // Not all at the same instant.
    const phase = (group.members.length + 3 * cluster.groups.length) / 40;
    timeline.after(phase * HEARTBEAT_MS, () => timeline.every(HEARTBEAT_MS, beat));
    timeline.after(phase * DISK_REPORT_MS, () => timeline.every(DISK_REPORT_MS, reportDisk));
    timeline.after(phase * LOAD_REPORT_MS, () => timeline.every(LOAD_REPORT_MS, reportLoad));
  }
}

const noStatistics: StatisticsBlock = Statistics.decode(Buffer.alloc(Statistics.fixedSize));

function trackerCluster(timeline: Timeline, random: Random, method: Method): Cluster {
  const config = defaultTrackerConfig({
    basePath: "/study",
    ...method.config,
    tasksPerStorageMax: TASKS_MAX,
    reservedSpace: { kind: "bytes", bytes: RESERVED_MIB * MIB },
  });
  const clock = {
    now: () => BEGIN_SECONDS * 1000 + timeline.nowMs,
    monotonic: () => timeline.nowMs,
    after: () => ({ cancel: () => undefined }),
    every: () => ({ cancel: () => undefined }),
  };
  const trackers = new TrackerList(
    () => 22_122,
    () => [],
  );
  return new Cluster(clusterSettingsOf(config, undefined), {
    clock,
    random,
    changelog: new Changelog(Buffer.alloc(0), () => undefined),
    leadership: new Leadership({ trackers, monotonicMs: clock.monotonic, onEvent: () => undefined }),
    onEvent: () => undefined,
    onDirty: () => undefined,
  });
}
