// Replication between two members of a group on this machine: can it keep up with uploads, what does it cost, how late is
// a copy, and how fast does a new member get what was there before?
import { join } from "node:path";
import { generateLoad } from "../load/generate.ts";
import { loadPayload } from "../load/payload.ts";
import { cpuMicroseconds } from "../process-usage.ts";
import { type OurCluster, startOurCluster } from "../servers/our-servers.ts";
import { FollowerLog } from "./follower-log.ts";
import { type PacedResult, pacedUploads } from "./paced-uploads.ts";

const SIZE_BYTES = 5 * 1024;
const LARGE_BYTES = 10 * 1024 * 1024;
const LARGE_FILES = 40;
const CONNECTIONS = 16;
const PACED_SECONDS = 10;
const SETTLE_FILES = 5000;

export const replicationAims = { lastFileSeconds: 1, cpuTimes: 2, lagP99Ms: 50 } as const;

export interface ReplicationResult {
  readonly files: number;
  readonly alone: { readonly uploadsPerSecond: number; readonly cpuMicrosPerFile: number };
  readonly pair: {
    readonly uploadsPerSecond: number;
    /** From the answer to the last upload until the last copy is there. */
    readonly lastFileSeconds: number;
    /** Of both servers together. */
    readonly cpuMicrosPerFile: number;
  };
  readonly cpuTimes: number;
  readonly halfLoad: PacedResult & { readonly perSecond: number };
  readonly catchUp: {
    readonly smallFilesPerSecond: number;
    readonly largeMibPerSecond: number;
  };
}

export interface ReplicationOptions {
  readonly files: number;
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly note: (line: string) => void;
}

/** Throws if an upload fails or copies do not come. */
export async function measureReplication(options: ReplicationOptions): Promise<ReplicationResult> {
  const { note } = options;
  const alone = await uploadAlone(options);
  note(`alone: ${Math.round(alone.uploadsPerSecond)} uploads/s, ${alone.cpuMicrosPerFile.toFixed(1)} µs each`);
  const { pair, halfLoad } = await uploadToPair(options, alone.uploadsPerSecond / 2);
  note(`pair: last copy after ${pair.lastFileSeconds.toFixed(2)} s, ${pair.cpuMicrosPerFile.toFixed(1)} µs per file`);
  const catchUp = await joinLater(options);
  note(
    `new member: ${Math.round(catchUp.smallFilesPerSecond)} files/s, ${Math.round(catchUp.largeMibPerSecond)} MiB/s`,
  );
  return {
    files: options.files,
    alone,
    pair,
    cpuTimes: pair.cpuMicrosPerFile / alone.cpuMicrosPerFile,
    halfLoad,
    catchUp,
  };
}

async function uploadAlone(options: ReplicationOptions): Promise<ReplicationResult["alone"]> {
  return withCluster(options, "alone", 1, async (cluster) => {
    await upload(cluster, options, SETTLE_FILES, SIZE_BYTES);
    const before = cpuOf(cluster);
    const report = await upload(cluster, options, options.files, SIZE_BYTES);
    return { uploadsPerSecond: report.ops_s, cpuMicrosPerFile: (cpuOf(cluster) - before) / options.files };
  });
}

async function uploadToPair(
  options: ReplicationOptions,
  halfRate: number,
): Promise<Pick<ReplicationResult, "pair" | "halfLoad">> {
  return withCluster(options, "pair", 2, async (cluster) => {
    const { files, signal } = options;
    const follower = new FollowerLog(cluster.storages[1]!.basePath);
    await upload(cluster, options, SETTLE_FILES, SIZE_BYTES);
    await follower.until(SETTLE_FILES, signal);
    const before = cpuOf(cluster);
    const report = await upload(cluster, options, files, SIZE_BYTES);
    const endMs = performance.now();
    const lastMs = await follower.until(SETTLE_FILES + files, signal);
    const pair = {
      uploadsPerSecond: report.ops_s,
      lastFileSeconds: Math.max(0, lastMs - endMs) / 1000,
      cpuMicrosPerFile: (cpuOf(cluster) - before) / files,
    };
    const paced = await pacedUploads({
      address: cluster.storage.address,
      payload: loadPayload(SIZE_BYTES),
      perSecond: halfRate,
      seconds: PACED_SECONDS,
      connections: CONNECTIONS,
      copiesIn: join(cluster.storages[1]!.storePath, "data"),
    });
    return { pair, halfLoad: { ...paced, perSecond: halfRate } };
  });
}

async function joinLater(options: ReplicationOptions): Promise<ReplicationResult["catchUp"]> {
  const small = await withCluster(options, "join-small", 1, (cluster) =>
    timeToCopy(cluster, options, options.files, SIZE_BYTES),
  );
  const large = await withCluster(options, "join-large", 1, (cluster) =>
    timeToCopy(cluster, options, LARGE_FILES, LARGE_BYTES),
  );
  return {
    smallFilesPerSecond: options.files / small,
    largeMibPerSecond: (LARGE_FILES * LARGE_BYTES) / 2 ** 20 / large,
  };
}

/** Seconds from the first copy at a member that joins now to the last. */
async function timeToCopy(cluster: OurCluster, options: ReplicationOptions, files: number, sizeBytes: number) {
  await upload(cluster, options, files, sizeBytes);
  const member = await cluster.addStorage();
  const follower = new FollowerLog(member.basePath);
  const firstMs = await follower.until(1, options.signal);
  const lastMs = await follower.until(files, options.signal);
  return (lastMs - firstMs) / 1000;
}

function upload(cluster: OurCluster, { folder, signal }: ReplicationOptions, count: number, sizeBytes: number) {
  const load = { operation: "upload", address: cluster.storage.address, sizeBytes, count } as const;
  return generateLoad({ ...load, connections: CONNECTIONS, idsFile: join(folder, "ids") }, signal);
}

function cpuOf(cluster: OurCluster): number {
  return cluster.storages.reduce((sum, { server }) => sum + cpuMicroseconds(server.pid), 0);
}

async function withCluster<T>(
  { folder }: ReplicationOptions,
  name: string,
  members: number,
  work: (cluster: OurCluster) => Promise<T>,
): Promise<T> {
  const cluster = await startOurCluster(join(folder, name), members);
  try {
    return await work(cluster);
  } finally {
    await cluster.stop();
  }
}
