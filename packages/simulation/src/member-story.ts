// What stories of members are told with: a cluster, a client, and words for what is looked at again and again.
import { type FastDfsClient, parseFileId } from "@fastdfs-ts/client";
import { FdfsError, type StorageStatus } from "@fastdfs-ts/protocol";
import { rejoinAsNew } from "@fastdfs-ts/storage";

import { contentOf, storedFiles } from "./disk-view.ts";
import { basePath, heartBeatMs, SimCluster, type SimMember, type SimTracker } from "./sim-cluster.ts";

export function statusAt(tracker: SimTracker, { groupName, id }: SimMember): StorageStatus | undefined {
  return tracker.server?.cluster.findGroup(groupName)?.find(id)?.status;
}

export function sourceOf(fileId: string): string | undefined {
  const { source } = parseFileId(fileId);
  return source?.type === "ip" ? source.ip : undefined;
}

export class MemberStory {
  readonly cluster: SimCluster;
  readonly client: FastDfsClient;
  #uploads = 0;

  private constructor(cluster: SimCluster) {
    this.cluster = cluster;
    this.client = cluster.openClient();
  }

  static async begin(
    seed: string,
    options: Partial<Parameters<typeof SimCluster.start>[0]> = {},
  ): Promise<MemberStory> {
    const cluster = await SimCluster.start({ seed, groups: [3], ...options });
    // Disks are reported, members know each other, and trackers know how often each of them reports.
    await cluster.world.runFor(4 * heartBeatMs);
    return new MemberStory(cluster);
  }

  get members(): readonly SimMember[] {
    return this.cluster.members;
  }

  get tracker(): SimTracker {
    return this.cluster.trackers[0]!;
  }

  /** Uploads until `source` has taken one. */
  async upload(source: SimMember): Promise<string> {
    const { world } = this.cluster;
    for (;;) {
      const { fileId } = await world.run(this.client.upload(Buffer.from("content"), { extension: "txt" }));
      if (sourceOf(fileId) === source.host.address) return fileId;
    }
  }

  /** A client that talks to one member, whatever the trackers think of it. */
  openDirect(member: SimMember): FastDfsClient {
    return this.cluster.openClient({ storageAddress: () => ({ host: member.host.address, port: 23000 }) });
  }

  /** Uploads to one member, whatever the trackers think of it. Each file has a content of its own. */
  async uploadAt(member: SimMember, count: number): Promise<string[]> {
    const { world } = this.cluster;
    const direct = this.openDirect(member);
    const fileIds: string[] = [];
    for (let index = 0; index < count; index++) {
      const content = Buffer.from(`${member.id} ${++this.#uploads}`);
      fileIds.push((await world.run(direct.upload(content, { extension: "txt" }))).fileId);
    }
    await direct.close();
    return fileIds;
  }

  /** Which of the files are not on the disks of `member`. */
  missing(member: SimMember, fileIds: readonly string[]): string[] {
    const files = storedFiles(member);
    return fileIds.filter((fileId) => !files.has(fileId.slice(fileId.indexOf("/") + 1)));
  }

  /** What a member holds of a file; undefined if it has not got it. */
  content(member: SimMember, fileId: string): Buffer | undefined {
    const inode = storedFiles(member).get(fileId.slice(fileId.indexOf("/") + 1));
    return inode && contentOf(inode);
  }

  /** The addresses that 105 names; none if it answers 2. */
  async holders(fileId: string): Promise<string[]> {
    try {
      const endpoints = await this.cluster.world.run(this.client.cluster.queryFetchAll(fileId));
      return endpoints.map(({ host }) => host);
    } catch (error) {
      if (error instanceof FdfsError && error.kind === "NOT_FOUND") return [];
      throw error;
    }
  }

  /** How long it takes until `condition` is true; throws after `limitMs`. */
  async until(condition: () => boolean, limitMs: number): Promise<number> {
    const { world } = this.cluster;
    const startMs = world.nowMs;
    await world.runUntil(condition, limitMs);
    return world.nowMs - startMs;
  }

  /** As `until`, for conditions that cost much: looks ten times a second. */
  async untilSeen(condition: () => boolean, limitMs: number): Promise<void> {
    const { world } = this.cluster;
    const endMs = world.nowMs + limitMs;
    while (!condition()) {
      if (world.nowMs > endMs) throw new Error(`not within ${limitMs} ms: ${String(condition)}`);
      await world.runFor(100);
    }
  }

  async untilHolders(fileId: string, wanted: readonly string[], limitMs: number): Promise<void> {
    const { world } = this.cluster;
    const startMs = world.nowMs;
    for (;;) {
      const holders = await this.holders(fileId);
      if (holders.join() === wanted.join()) return;
      if (world.nowMs - startMs > limitMs) throw new Error(`after ${limitMs} ms: ${holders.join()}`);
      await world.runFor(100);
    }
  }

  /** Ends the process in order, and waits until the trackers that run have noticed. */
  async stop(member: SimMember): Promise<void> {
    await this.cluster.world.run(member.process.stop());
    await this.until(() => this.cluster.trackers.every((each) => statusAt(each, member) !== "ACTIVE"), 1000);
  }

  /** A person lets a member that was removed, and knows it, come back as a new one. Returns where its old data is. */
  async rejoin(member: SimMember): Promise<readonly string[]> {
    const { world } = this.cluster;
    await world.run(member.process.stop());
    const { disk } = member.host.restart();
    const kept = rejoinAsNew(disk, basePath, member.storePaths, Math.floor(world.nowMs / 1000));
    member.host.crash("process");
    member.process.start();
    return kept;
  }

  remove({ groupName, id }: SimMember) {
    return this.cluster.world.run(this.client.cluster.deleteStorage(groupName, id));
  }

  async refusal(work: Promise<unknown>): Promise<string | undefined> {
    const outcome = work.then(
      () => undefined,
      (error: unknown) => (error as FdfsError).kind,
    );
    return this.cluster.world.run(outcome);
  }

  async end(): Promise<void> {
    await this.client.close();
    await this.cluster.stop();
  }
}

export function addressesOf(members: readonly SimMember[]): string[] {
  return members.map(({ host }) => host.address).sort();
}
