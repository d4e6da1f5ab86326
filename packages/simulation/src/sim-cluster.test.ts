// The whole system on virtual time: tracker, two storages, clients. Same seed, same run.
import { type FastDfsClient, parseFileId } from "@fastdfs-ts/client";
import { FdfsError } from "@fastdfs-ts/protocol";
import { describe, expect, it } from "vitest";
import { SimCluster } from "./sim-cluster.ts";

/** Every acknowledged file and what it must hold. */
type Acknowledged = Map<string, Buffer>;

/** Random uploads, appends, reads and deletes by one client; what fails is not acknowledged and proves nothing. */
async function work(
  cluster: SimCluster,
  client: FastDfsClient,
  steps: number,
  files: Acknowledged,
  uncertain: Set<string>,
) {
  const { random, trace } = cluster.world;
  for (let step = 0; step < steps; step++) {
    const dice = random.uint32() % 10;
    const known = [...files.keys()];
    const fileId = known[random.uint32() % Math.max(known.length, 1)];
    const content = random.bytes(random.uint32() % 9000);
    try {
      if (dice < 5 || fileId === undefined) {
        const stored = await client.upload(content, { extension: "bin", appender: dice === 0 });
        files.set(stored.fileId, content);
        trace.record("client", `stored ${stored.fileId}`);
      } else if (dice < 7) {
        const held = await (await client.download(fileId)).bytes();
        if (!uncertain.has(fileId)) expect(held.equals(files.get(fileId)!)).toBe(true);
      } else if (dice < 9 && parseFileId(fileId).kind === "appender") {
        uncertain.add(fileId);
        await client.append(fileId, content);
        uncertain.delete(fileId);
        files.set(fileId, Buffer.concat([files.get(fileId)!, content]));
      } else if (dice === 9) {
        files.delete(fileId);
        await client.delete(fileId);
      }
    } catch (error) {
      if (!(error instanceof FdfsError)) throw error;
      trace.record("client", `failed ${error.kind}`);
    }
  }
}

interface Outcome {
  readonly fingerprint: string;
  readonly acknowledgedFiles: number;
}

async function story(seed: number, crashes: number): Promise<Outcome> {
  const cluster = await SimCluster.start({
    seed,
    groups: [2],
    trackerConfig: { downloadStorageChoice: "source-first" },
  });
  const { world } = cluster;
  const files: Acknowledged = new Map();
  const uncertain = new Set<string>();
  const client = cluster.openClient();
  for (let round = 0; round <= crashes; round++) {
    const working = work(cluster, client, 15, files, uncertain);
    if (round < crashes) {
      const victim = world.random.uint32() % 3;
      await world.runFor(world.random.uint32() % 40);
      const process = cluster.processes[victim]!;
      process.kill("process");
      await world.run(working);
      process.start();
      await cluster.untilInService();
    } else await world.run(working);
  }
  const reader = cluster.openClient();
  for (const [fileId, content] of files) {
    const held = await world.run(reader.download(fileId).then((download) => download.bytes()));
    // An append that was not answered is there as a whole or not at all.
    if (!uncertain.has(fileId)) expect(held.equals(content), `seed ${seed}: ${fileId}`).toBe(true);
    else expect(held.subarray(0, content.length).equals(content), `seed ${seed}: ${fileId}`).toBe(true);
  }
  await Promise.all([client.close(), reader.close()]);
  await cluster.stop();
  return { fingerprint: world.trace.fingerprint, acknowledgedFiles: files.size };
}

describe("a cluster in one process", () => {
  it("does the same for the same seed, and something else for another", async () => {
    const first = await story(1, 2);
    expect(await story(1, 2)).toEqual(first);
    expect((await story(2, 2)).fingerprint).not.toBe(first.fingerprint);
  });

  it.each(Array.from({ length: 25 }, (_, index) => index + 100))(
    "keeps what it acknowledged when processes are killed (seed %i)",
    async (seed) => {
      const { acknowledgedFiles } = await story(seed, 3);
      expect(acknowledgedFiles).toBeGreaterThan(3);
    },
  );
});
