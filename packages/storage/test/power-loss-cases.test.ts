// What can go wrong around the repair after a power cut, one case each.
import { expect, it } from "vitest";
import { DIRECTORY, differences, type Member, Scene } from "./power-loss-scene.ts";

const content = Buffer.from("content of a file");

/** Everything that was written by now is on the disks, and still of the time that the next power cut makes uncertain. */
const writtenBack = (scene: Scene) => scene.world.runFor(45_000);

const pathOf = (name: string) => `${DIRECTORY}/path0/data/${name.slice(4)}`;

async function upload(scene: Scene, member: Member): Promise<string> {
  return scene.world.run(scene.at(member, (client) => client.upload(content)));
}

it("what the disk had no room for is fetched when it has", async () => {
  const scene = await Scene.open("full", 2);
  const [victim, other] = scene.members as [Member, Member];
  const name = await upload(scene, other);
  scene.replicate();
  victim.crash("power");
  victim.host.restart();
  const giveBack = victim.host.diskFaults.inject({ code: "ENOSPC", operations: ["write"], path: `${DIRECTORY}/path0` });
  await victim.start();
  await scene.world.runFor(300_000);
  expect(victim.files().has(name)).toBe(false);
  giveBack();
  await scene.world.runUntil(() => !victim.owesRepair);
  expect(victim.files().get(name)?.content).toEqual(content);
});

it("a torn copy is not given to others while there is no room for the good one", async () => {
  const scene = await Scene.open("torn-and-full", 2);
  const [victim, other] = scene.members as [Member, Member];
  const name = await scene.world.run(scene.at(victim, (client) => client.uploadAppender(content)));
  scene.replicate();
  await writtenBack(scene);
  victim.crash("power");
  victim.host.restart();
  const torn = victim.host.world.disk.open(pathOf(name), "write");
  torn.write(Buffer.alloc(content.length), 0, content.length, 0);
  torn.close();
  const giveBack = victim.host.diskFaults.inject({ code: "ENOSPC", operations: ["write"], path: `${DIRECTORY}/path0` });
  await victim.start();
  await scene.world.runFor(300_000);
  expect(victim.owesRepairTo(other)).toBe(false);
  scene.replicate();
  expect(victim.files().has(name)).toBe(false);
  expect(other.files().get(name)?.content).toEqual(content);
  giveBack();
  await scene.world.runUntil(() => !victim.owesRepair);
  expect(victim.files().get(name)?.content).toEqual(content);
});

it("a copy that may be torn is better than none, if who did not lose his power has not got the file any more", async () => {
  const scene = await Scene.open("doubtful", 3);
  const [victim, other, doubtful] = scene.members as [Member, Member, Member];
  const name = await scene.world.run(scene.at(victim, (client) => client.uploadAppender(content)));
  scene.replicate();
  await writtenBack(scene);
  other.host.world.disk.unlink(pathOf(name));
  doubtful.crash("power");
  victim.crash("power");
  await doubtful.restart();
  victim.host.restart();
  victim.host.world.disk.unlink(pathOf(name));
  await victim.start();
  await scene.world.runUntil(() => !victim.owesRepair);
  expect(victim.files().get(name)?.content).toEqual(content);
});

it("who was sent a file whole has the changes that our log tells of, though its own does not", async () => {
  const scene = await Scene.open("whole", 3);
  const [victim, , filled] = scene.members as [Member, Member, Member];
  const name = await scene.world.run(scene.at(victim, (client) => client.uploadAppender(content)));
  scene.replicate();
  await scene.world.runFor(2000);
  await scene.world.run(scene.at(victim, (client) => client.append(name, content)));
  const whole = filled.host.world.disk.open(pathOf(name), "write");
  whole.write(content, 0, content.length, content.length);
  whole.close();
  await writtenBack(scene);
  victim.crash("power");
  victim.host.restart();
  victim.host.world.disk.unlink(pathOf(name));
  await victim.start();
  await scene.world.runUntil(() => !victim.owesRepair);
  expect(victim.files().get(name)?.content).toEqual(Buffer.concat([content, content]));
  scene.replicate();
  expect(differences(scene)).toEqual([]);
});

it("a copy of which a change is half, because its disk was full, is not taken if another one has the logged size", async () => {
  const scene = await Scene.open("half", 3);
  const [victim, half, doubtful] = scene.members as [Member, Member, Member];
  const name = await scene.world.run(scene.at(victim, (client) => client.uploadAppender(content)));
  scene.replicate();
  await scene.world.run(scene.at(victim, (client) => client.append(name, content)));
  scene.replicate();
  await writtenBack(scene);
  doubtful.crash("power");
  await doubtful.restart();
  const file = half.host.world.disk.open(pathOf(name), "write");
  file.truncate(content.length + 3);
  file.close();
  victim.crash("power");
  victim.host.restart();
  victim.host.world.disk.unlink(pathOf(name));
  await victim.start();
  await scene.world.runUntil(() => !victim.owesRepair);
  expect(victim.files().get(name)?.content).toEqual(Buffer.concat([content, content]));
});

it("metadata that a power cut brought back is not given to all before everybody was heard", async () => {
  const scene = await Scene.open("metadata", 3);
  const [victim, good, late] = scene.members as [Member, Member, Member];
  const name = await upload(scene, victim);
  const before = Buffer.from("state\x02before");
  const after = Buffer.from("state\x02after");
  await scene.world.run(scene.at(victim, (client) => client.setMetadata(name, "O", before)));
  scene.replicate();
  scene.cutOff.add(late);
  await scene.world.runFor(2000);
  await scene.world.run(scene.at(victim, (client) => client.setMetadata(name, "O", after)));
  scene.replicate();
  await writtenBack(scene);
  good.crash("process");
  victim.crash("power");
  victim.host.restart();
  const torn = victim.host.world.disk.open(pathOf(`${name}-m`), "replace");
  torn.write(before, 0, before.length, 0);
  torn.close();
  await victim.start();
  await scene.world.runFor(60_000);
  await good.restart();
  await scene.world.runUntil(() => !victim.owesRepair);
  scene.cutOff.clear();
  scene.replicate();
  for (const member of scene.members) expect(member.files().get(`${name}-m`)?.content).toEqual(after);
});

it("what a member has got that is being filled, and nobody else, is fetched from there", async () => {
  const scene = await Scene.open("filled", 3);
  const [victim, other, filled] = scene.members as [Member, Member, Member];
  scene.cutOff.add(other);
  scene.filled.add(filled);
  const name = await upload(scene, victim);
  scene.replicate();
  victim.crash("power");
  filled.crash("process");
  await victim.restart();
  await scene.world.runFor(100_000);
  expect(victim.owesRepair).toBe(true);
  expect(victim.files().has(name)).toBe(false);
  await filled.restart();
  await scene.world.runUntil(() => !victim.owesRepair);
  scene.cutOff.clear();
  scene.replicate();
  expect(victim.files().get(name)?.content).toEqual(content);
  expect(differences(scene)).toEqual([]);
});

it("a renamed file whose last change is lost does not come back under its old name", async () => {
  const scene = await Scene.open("renamed", 2);
  const [victim, other] = scene.members as [Member, Member];
  const appender = await scene.world.run(scene.at(victim, (client) => client.uploadAppender(content)));
  scene.replicate();
  scene.cutOff.add(other);
  await scene.world.run(scene.at(victim, (client) => client.append(appender, content)));
  const renamed = await scene.world.run(scene.at(victim, (client) => client.regenerate(appender)));
  await writtenBack(scene);
  victim.crash("power");
  victim.host.restart();
  const file = victim.host.world.disk.open(pathOf(renamed), "write");
  file.truncate(content.length);
  file.close();
  await victim.start();
  await scene.world.runUntil(() => !victim.owesRepair);
  expect([...victim.files().keys()]).toEqual([]);
});

it("a file that was taken while the clock was wrong is held to its name, and logged", async () => {
  const scene = await Scene.open("clock", 2);
  const [victim] = scene.members as [Member, Member];
  victim.host.wallClock.startMs -= 600_000;
  await scene.world.runFor(2000);
  const names = [await upload(scene, victim), await upload(scene, victim)] as const;
  victim.host.wallClock.startMs += 600_000;
  await writtenBack(scene);
  victim.crash("power");
  victim.host.restart();
  const { disk } = victim.host.world;
  const torn = disk.open(pathOf(names[0]), "write");
  torn.truncate(5);
  torn.close();
  const log = disk.open(`${DIRECTORY}/data/sync/binlog.000`, "write");
  log.truncate(0);
  log.close();
  await victim.start();
  await scene.world.runUntil(() => !victim.owesRepair);
  scene.replicate();
  expect([...victim.files().keys()]).toEqual([names[1]]);
  expect(differences(scene)).toEqual([]);
});
