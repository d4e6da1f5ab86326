// A tracker and a storage as the daemons that users run, to be killed and started again.
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { FastDfsClient } from "@fastdfs-ts/client";
import { parseMetadata } from "@fastdfs-ts/protocol";
import type { WorkloadClient } from "@fastdfs-ts/simulation";
import { freePorts } from "@fastdfs-ts/testkit/free-ports";
import { vi } from "vitest";

import { type ServerProcess, spawnServer } from "./fdfs-process.ts";
import { writeStorageConf, writeTrackerConf } from "./server-conf.ts";

export type DaemonKind = "tracker" | "storage";

export class KilledDaemons implements AsyncDisposable {
  /** The base path of the storage; its store path is `path0` below. */
  readonly storagePath: string;
  private readonly folder: string;
  private readonly trackerPort: number;
  private readonly confs: Readonly<Record<DaemonKind, string>>;
  private readonly running = new Map<DaemonKind, ServerProcess>();
  /** What the killed ones said: warnings and errors come on standard error as well, and at once. */
  private readonly said: string[] = [];

  private constructor(folder: string, trackerPort: number) {
    this.folder = folder;
    this.trackerPort = trackerPort;
    this.storagePath = join(folder, "storage");
    mkdirSync(join(this.storagePath, "path0"), { recursive: true });
    // State files are written as often as a configuration can ask for, so that the kill hits that, too.
    const storage = `store_path0 = ${this.storagePath}/path0\nheart_beat_interval = 1\nstat_report_interval = 1
sync_stat_file_interval = 1\nsync_binlog_buff_interval = 1\n`;
    this.confs = {
      tracker: writeTrackerConf(folder, trackerPort, "reserved_storage_space = 1MB\n"),
      storage: writeStorageConf(folder, trackerPort + 1, trackerPort, storage),
    };
  }

  /** Nothing runs yet. */
  static async create(folder: string): Promise<KilledDaemons> {
    return new KilledDaemons(folder, await freePorts(2));
  }

  /** Starts what does not run, without waiting. */
  spawn(): void {
    for (const kind of ["tracker", "storage"] as const) {
      if (!this.running.has(kind)) {
        this.running.set(kind, spawnServer([kind, this.confs[kind]], this.folder, "stderr"));
      }
    }
  }

  /** Starts what does not run, and waits until the tracker sends clients to the storage. */
  async start(): Promise<void> {
    this.spawn();
    for (const daemon of this.running.values()) await daemon.firstLine;
    await using client = this.openClient();
    await vi.waitFor(() => client.cluster.queryStore(), { timeout: 60_000, interval: 20 });
  }

  /** SIGKILL; settles when they are gone. */
  async kill(kinds: readonly DaemonKind[]): Promise<void> {
    const victims = kinds.map((kind) => this.running.get(kind)).filter((daemon) => daemon !== undefined);
    for (const kind of kinds) this.running.delete(kind);
    for (const { err } of await Promise.all(victims.map((daemon) => daemon.stop("SIGKILL")))) {
      this.said.push(...err.split("\n"));
    }
  }

  /** One attempt for everything, so that a failure is seen as it is. */
  openClient(): FastDfsClient {
    return FastDfsClient.open({ trackers: [`127.0.0.1:${this.trackerPort}`], connectAttempts: 1, trackerRestMs: 0 });
  }

  /** What the killed ones had to say of state files that their predecessors had left. */
  complaints(): string[] {
    const kept = readdirSync(join(this.folder, "tracker/data")).filter((name) => name.endsWith(".damaged"));
    return [...kept, ...this.said.filter((line) => /damaged|not-restored|not-saved|save-failed/.test(line))];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill(["tracker", "storage"]);
  }
}

/** The workload's words for our client. */
export function workloadOf(client: FastDfsClient, groupName: string): WorkloadClient {
  const id = (name: string): string => `${groupName}/${name}`;
  return {
    upload: async (content) => (await client.upload(content, { extension: "bin" })).logicalName,
    uploadAppender: async (content) => (await client.upload(content, { extension: "log", appender: true })).logicalName,
    append: (name, content) => client.append(id(name), content),
    modify: (name, offset, content) => client.modify(id(name), offset, content),
    truncate: (name, newBytes) => client.truncate(id(name), newBytes),
    regenerate: async (name) => (await client.regenerate(id(name))).logicalName,
    setMetadata: (name, _, metadata) => client.setMetadata(id(name), Object.fromEntries(parseMetadata(metadata))),
    delete: (name) => client.delete(id(name)),
  };
}
