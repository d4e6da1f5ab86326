// Uploads to the first member of a cluster, until every member has the files.
import { join } from "node:path";
import { generateLoad } from "../load/generate.ts";
import { cpuMicroseconds } from "../process-usage.ts";
import type { OurCluster } from "../servers/our-servers.ts";
import { warmMemory } from "../warm-memory.ts";
import { FollowerLog } from "./follower-log.ts";

const CONNECTIONS = 16;

export interface UploadsOptions {
  readonly sizeBytes: number;
  /** For what the load generator and the warming need. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

export interface UploadsResult {
  readonly uploadsPerSecond: number;
  /** From the answer to the last upload until the last copy is there, in seconds; 0 for a member without a peer. */
  readonly lastCopySeconds: number;
}

export class ClusterUploads {
  private readonly cluster: OurCluster;
  private readonly options: UploadsOptions;
  private readonly followers: readonly FollowerLog[];

  constructor(cluster: OurCluster, options: UploadsOptions) {
    this.cluster = cluster;
    this.options = options;
    this.followers = cluster.storages.slice(1).map(({ basePath }) => new FollowerLog(basePath));
  }

  /** Throws if an upload fails or copies do not come. */
  async upload(files: number): Promise<UploadsResult> {
    const { folder, signal, sizeBytes } = this.options;
    const { storages, storage } = this.cluster;
    const load = { operation: "upload", address: storage.address, sizeBytes, count: files } as const;
    const before = this.followers.map((follower) => follower.count());
    // As much as the files need: whether memory was in use a moment ago must not make the difference.
    warmMemory(folder, storages.length * files, sizeBytes);
    const report = await generateLoad({ ...load, connections: CONNECTIONS, idsFile: join(folder, "ids") }, signal);
    const endMs = performance.now();
    const copiedMs = await Promise.all(
      this.followers.map((follower, index) => follower.until(before[index]! + files, signal)),
    );
    return { uploadsPerSecond: report.ops_s, lastCopySeconds: (Math.max(endMs, ...copiedMs) - endMs) / 1000 };
  }

  /** What all members have cost so far, in microseconds. */
  cpuMicros(): number {
    return this.cluster.storages.reduce((sum, { server }) => sum + cpuMicroseconds(server.pid), 0);
  }
}
