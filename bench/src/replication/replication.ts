// Replication between two members of a group on this machine: can it keep up with uploads, what does it cost, how late is
// a copy, and how fast does a new member get what was there before?
import { rmSync } from "node:fs";
import { join } from "node:path";
import { generateLoad } from "../load/generate.ts";
import { loadPayload } from "../load/payload.ts";
import { median, medianOfEach } from "../medians.ts";
import { cpuMicroseconds } from "../process-usage.ts";
import { type OurCluster, startOurCluster } from "../servers/our-servers.ts";
import { warmMemory } from "../warm-memory.ts";
import { FollowerLog } from "./follower-log.ts";
import { type PacedResult, pacedUploads } from "./paced-uploads.ts";

const SIZE_BYTES = 5 * 1024;
const LARGE_BYTES = 10 * 1024 * 1024;
const LARGE_FILES = 40;
const CONNECTIONS = 16;
const PACED_SECONDS = 10;
const SETTLE_FILES = 5000;

export const replicationAims = { lastFileSeconds: 1, cpuTimes: 2, lagP99Ms: 50 } as const;

interface AloneResult {
  readonly uploadsPerSecond: number;
  readonly cpuMicrosPerFile: number;
}

interface PairResult {
  readonly uploadsPerSecond: number;
  /** From the answer to the last upload until the last copy is there. */
  readonly lastFileSeconds: number;
  /** Of both servers together. */
  readonly cpuMicrosPerFile: number;
}

export interface ReplicationResult {
  readonly files: number;
  /** Medians of the rounds. */
  readonly alone: AloneResult;
  readonly pair: PairResult;
  /** The pair's CPU by that of the one alone, of each round; the figure is their median. */
  readonly cpuTimes: number;
  readonly cpuTimesOfRounds: readonly number[];
  readonly halfLoad: PacedResult & { readonly perSecond: number };
  readonly catchUp: {
    readonly smallFilesPerSecond: number;
    readonly largeMibPerSecond: number;
  };
}

export interface ReplicationOptions {
  readonly files: number;
  readonly rounds: number;
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly note: (line: string) => void;
}

/** Throws if an upload fails or copies do not come. */
export async function measureReplication(options: ReplicationOptions): Promise<ReplicationResult> {
  const { files, note } = options;
  const rounds: { alone: AloneResult; pair: PairResult; times: number }[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    const alone = await withCluster(options, "alone", 1, (cluster) => uploadAlone(cluster, options));
    const pair = await withCluster(options, "pair", 2, (cluster) => uploadToPair(cluster, options));
    const times = pair.cpuMicrosPerFile / alone.cpuMicrosPerFile;
    rounds.push({ alone, pair, times });
    const micros = [alone, pair].map(({ cpuMicrosPerFile }) => cpuMicrosPerFile.toFixed(1));
    note(`round ${round}: CPU × ${times.toFixed(2)}, ${micros[0]} µs per file alone, ${micros[1]} both members`);
  }
  const alone = medianOfEach(rounds.map((round) => round.alone));
  const halfLoad = await withCluster(options, "half-load", 2, (cluster) =>
    uploadAtRate(cluster, options, alone.uploadsPerSecond / 2),
  );
  note(`half load: a copy is there after ${halfLoad.lagP99Ms.toFixed(1)} ms at p99`);
  const catchUp = await joinLater(options);
  note(
    `new member: ${Math.round(catchUp.smallFilesPerSecond)} files/s, ${Math.round(catchUp.largeMibPerSecond)} MiB/s`,
  );
  return {
    files,
    alone,
    pair: medianOfEach(rounds.map(({ pair }) => pair)),
    cpuTimes: median(rounds.map(({ times }) => times)),
    cpuTimesOfRounds: rounds.map(({ times }) => times),
    halfLoad,
    catchUp,
  };
}

async function uploadAlone(cluster: OurCluster, options: ReplicationOptions): Promise<AloneResult> {
  const { files } = options;
  await upload(cluster, options, SETTLE_FILES, SIZE_BYTES);
  warmFor(options);
  const before = cpuOf(cluster);
  const report = await upload(cluster, options, files, SIZE_BYTES);
  return { uploadsPerSecond: report.ops_s, cpuMicrosPerFile: (cpuOf(cluster) - before) / files };
}

async function uploadToPair(cluster: OurCluster, options: ReplicationOptions): Promise<PairResult> {
  const { files, signal } = options;
  const follower = await settledFollower(cluster, options);
  warmFor(options);
  const before = cpuOf(cluster);
  const report = await upload(cluster, options, files, SIZE_BYTES);
  const endMs = performance.now();
  const lastMs = await follower.until(SETTLE_FILES + files, signal);
  return {
    uploadsPerSecond: report.ops_s,
    lastFileSeconds: Math.max(0, lastMs - endMs) / 1000,
    cpuMicrosPerFile: (cpuOf(cluster) - before) / files,
  };
}

async function uploadAtRate(
  cluster: OurCluster,
  options: ReplicationOptions,
  perSecond: number,
): Promise<ReplicationResult["halfLoad"]> {
  await settledFollower(cluster, options);
  const paced = await pacedUploads({
    address: cluster.storage.address,
    payload: loadPayload(SIZE_BYTES),
    perSecond,
    seconds: PACED_SECONDS,
    connections: CONNECTIONS,
    copiesIn: join(cluster.storages[1]!.storePath, "data"),
  });
  return { ...paced, perSecond };
}

/** Of a pair that has uploaded, and copied, something before. */
async function settledFollower(cluster: OurCluster, options: ReplicationOptions): Promise<FollowerLog> {
  const follower = new FollowerLog(cluster.storages[1]!.basePath);
  await upload(cluster, options, SETTLE_FILES, SIZE_BYTES);
  await follower.until(SETTLE_FILES, options.signal);
  return follower;
}

/** As much for one that is alone, which needs half of it: what was in use must not make the difference. */
function warmFor({ folder, files }: ReplicationOptions): void {
  warmMemory(folder, 2 * files, SIZE_BYTES);
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
  const own = join(folder, name);
  const cluster = await startOurCluster(own, members);
  try {
    return await work(cluster);
  } finally {
    await cluster.stop();
    rmSync(own, { recursive: true });
  }
}
