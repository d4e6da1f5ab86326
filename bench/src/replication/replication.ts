// Replication between two members of a group on this machine: can it keep up with uploads, what does it cost, how late is
// a copy, and how fast does a new member get what was there before?
import { rmSync } from "node:fs";
import { join } from "node:path";
import { loadPayload } from "../load/payload.ts";
import { type OurCluster, startOurCluster } from "../servers/our-servers.ts";
import { ClusterUploads } from "./cluster-uploads.ts";
import { cpuByTurns, type CpuResult } from "./cpu-by-turns.ts";
import { FollowerLog } from "./follower-log.ts";
import { type PacedResult, pacedUploads } from "./paced-uploads.ts";

const SIZE_BYTES = 5 * 1024;
const LARGE_BYTES = 10 * 1024 * 1024;
const LARGE_FILES = 40;
const PACED_CONNECTIONS = 16;
const PACED_SECONDS = 10;
const SETTLE_FILES = 5000;

export const replicationAims = { lastCopySeconds: 1, cpuTimes: 2, lagP99Ms: 50 } as const;

/** All files in one go. */
interface StraightResult {
  readonly aloneUploadsPerSecond: number;
  readonly pairUploadsPerSecond: number;
  /** From the answer to the last upload until the last copy is there. */
  readonly lastCopySeconds: number;
}

export interface ReplicationResult {
  readonly files: number;
  readonly cpu: CpuResult;
  readonly straight: StraightResult;
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
  const { cpu, straight } = await withCluster(options, "alone", 1, (alone) =>
    withCluster(options, "pair", 2, async (pair) => {
      const [aloneUploads, pairUploads] = [uploadsTo(alone, options), uploadsTo(pair, options)] as const;
      const cpu = await cpuByTurns(aloneUploads, pairUploads, options);
      return { cpu, straight: await uploadStraight(aloneUploads, pairUploads, files) };
    }),
  );
  const halfLoad = await withCluster(options, "half-load", 2, (cluster) =>
    uploadAtRate(cluster, options, straight.aloneUploadsPerSecond / 2),
  );
  note(`half load: a copy is there after ${halfLoad.lagP99Ms.toFixed(1)} ms at p99`);
  const catchUp = await joinLater(options);
  note(
    `new member: ${Math.round(catchUp.smallFilesPerSecond)} files/s, ${Math.round(catchUp.largeMibPerSecond)} MiB/s`,
  );
  return { files, cpu, straight, halfLoad, catchUp };
}

async function uploadStraight(alone: ClusterUploads, pair: ClusterUploads, files: number): Promise<StraightResult> {
  const { uploadsPerSecond: aloneUploadsPerSecond } = await alone.upload(files);
  const { uploadsPerSecond: pairUploadsPerSecond, lastCopySeconds } = await pair.upload(files);
  return { aloneUploadsPerSecond, pairUploadsPerSecond, lastCopySeconds };
}

async function uploadAtRate(
  cluster: OurCluster,
  options: ReplicationOptions,
  perSecond: number,
): Promise<ReplicationResult["halfLoad"]> {
  await uploadsTo(cluster, options).upload(SETTLE_FILES);
  const paced = await pacedUploads({
    address: cluster.storage.address,
    payload: loadPayload(SIZE_BYTES),
    perSecond,
    seconds: PACED_SECONDS,
    connections: PACED_CONNECTIONS,
    copiesIn: join(cluster.storages[1]!.storePath, "data"),
  });
  return { ...paced, perSecond };
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
  await uploadsTo(cluster, options, sizeBytes).upload(files);
  const member = await cluster.addStorage();
  const follower = new FollowerLog(member.basePath);
  const firstMs = await follower.until(1, options.signal);
  const lastMs = await follower.until(files, options.signal);
  return (lastMs - firstMs) / 1000;
}

function uploadsTo(cluster: OurCluster, { folder, signal }: ReplicationOptions, sizeBytes = SIZE_BYTES) {
  return new ClusterUploads(cluster, { sizeBytes, folder, signal });
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
