// A storage whose power failed, alone with its trackers: it says nothing of files that it lost, readers get them all the
// same as soon as their source is back, and its source, which believes to have pushed them, pushes them again.
import { parseFileId } from "@fastdfs-ts/client";
import { describe, expect, it } from "vitest";
import { storedFiles, textBelowBase } from "./disk-view.ts";
import { SimCluster, type SimMember } from "./sim-cluster.ts";

const FRESH = 8;
/** How often received stamps are saved. */
const saveMs = 30_000;

const stampsOf = (member: SimMember) => textBelowBase(member, "data/.received_stamps") ?? "";
/** What a storage says of the only other one. */
const stampOf = (member: SimMember) => Number(stampsOf(member).split(/[ \n]/)[1] ?? 0);

async function story(seed: string): Promise<number> {
  const cluster = await SimCluster.start({ seed, groups: [2] });
  const { world } = cluster;
  const [source, loser] = cluster.members as [SimMember, SimMember];
  const client = cluster.openClient();
  const uploadAtSource = async (content: string): Promise<string> => {
    for (;;) {
      const { fileId } = await world.run(client.upload(Buffer.from(content), { extension: "txt" }));
      const taker = parseFileId(fileId).source;
      if (taker?.type === "ip" && taker.ip === source.host.address) return fileId;
    }
  };
  const untilSaved = async () => {
    const before = stampsOf(loser);
    await world.runUntil(() => stampsOf(loser) !== before, 2 * saveMs);
  };

  // Disks are reported, and members know each other.
  await world.runFor(20_000);
  await uploadAtSource("old");
  await world.runFor(200_000);
  const certain = stampOf(loser);
  expect(certain).toBeGreaterThan(0);
  // The stamps are saved while the files are in memory only.
  await uploadAtSource("a little older");
  await untilSaved();
  await world.runFor(saveMs - 5000);
  const fresh: string[] = [];
  for (let i = 0; i < FRESH; i++) fresh.push(await uploadAtSource(`fresh ${i}`));
  await untilSaved();
  expect(stampOf(loser)).toBeGreaterThan(certain);
  source.process.kill("process");
  loser.process.kill("power");
  const isHere = (fileId: string) => storedFiles(loser).has(fileId.slice(fileId.indexOf("/") + 1));
  const lost = fresh.filter((fileId) => !isHere(fileId));

  loser.process.start();
  const isServing = (member: SimMember) =>
    cluster.trackers[0]!.server?.cluster.findGroup(member.groupName)?.find(member.id)?.status === "ACTIVE";
  await world.runFor(10_000);
  await world.runUntil(() => isServing(loser), 120_000);
  // Nobody could be asked what it lost.
  expect(stampOf(loser)).toBe(certain);

  source.process.start();
  await world.runUntil(() => isServing(source), 120_000);
  for (let round = 0; round < 10; round++) {
    for (const [index, fileId] of fresh.entries()) {
      const content = await world.run(client.download(fileId).then((download) => download.bytes()));
      expect(content.toString()).toBe(`fresh ${index}`);
    }
    await world.runFor(500);
  }
  await world.runUntil(() => fresh.every(isHere), 10_000);
  expect(stampOf(loser)).toBeGreaterThanOrEqual(certain);
  await client.close();
  await cluster.stop();
  return lost.length;
}

describe("a storage whose power failed", () => {
  it("does not say that it has what it lost, and has it again", async () => {
    let lost = 0;
    for (let seed = 0; seed < 5; seed++) lost += await story(`power cut ${seed}`);
    expect(lost).toBeGreaterThan(0);
  });
});
