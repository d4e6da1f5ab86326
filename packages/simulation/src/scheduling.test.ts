// Choices by load in a whole cluster: storages measure themselves and report, the tracker sends clients elsewhere.
import { parseFileId } from "@fastdfs-ts/client";
import { expect, it } from "vitest";

import { SimCluster } from "./sim-cluster.ts";

const UPLOADS = 100;
const DISK = "/disk0";
const content = Buffer.alloc(5000, "0123456789");

async function stage(seed: number) {
  const cluster = await SimCluster.start({
    seed,
    groups: [2],
    storePaths: [DISK],
    trackerConfig: {
      groupChoice: "least-loaded",
      uploadStorageChoice: "least-loaded",
      downloadStorageChoice: "least-loaded",
    },
  });
  const { world } = cluster;
  const [member] = cluster.members;
  const client = cluster.openClient();
  // The tracker knows of free space after the first report.
  await world.runFor(10_000);
  /** Of the next uploads, about 20 ms apart: how many the first member got. */
  const uploadsToFirst = async (): Promise<number> => {
    let own = 0;
    for (let turn = 0; turn < UPLOADS; turn++) {
      const { source } = parseFileId((await world.run(client.upload(content, { extension: "bin" }))).fileId);
      if (source?.type === "ip" && source.ip === member!.host.address) own++;
      await world.runFor(20);
    }
    return own;
  };
  const close = async () => {
    await world.run(client.close());
    await cluster.stop();
  };
  return { world, host: member!.host, uploadsToFirst, close };
}

it.each([1, 2, 3])(
  "a member whose disk turns slow gets fewer uploads until it is quick again, seed %i",
  async (seed) => {
    const { host, uploadsToFirst, close } = await stage(seed);
    const before = await uploadsToFirst();
    expect(before).toBeGreaterThan(UPLOADS / 5);
    const end = host.diskDelays.inject({ path: DISK, ms: 60 });
    await uploadsToFirst();
    expect(await uploadsToFirst()).toBeLessThan(before / 2);
    end();
    let last = 0;
    for (let turn = 0; turn < 20 && last < UPLOADS / 5; turn++) last = await uploadsToFirst();
    expect(last).toBeGreaterThanOrEqual(UPLOADS / 5);
    await close();
  },
);

it.each([
  ["processors are", { processors: 0.95 }],
  ["disk is", { disk: 0.95 }],
])("a member whose %s busy with something else gets fewer uploads", async (_what, busyness) => {
  const { world, host, uploadsToFirst, close } = await stage(4);
  const before = await uploadsToFirst();
  host.load.set(busyness);
  await world.runFor(10_000);
  expect(await uploadsToFirst()).toBeLessThan(before / 2);
  await close();
});
