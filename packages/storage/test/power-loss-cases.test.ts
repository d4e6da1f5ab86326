// What can go wrong around the repair after a power cut, one case each.
import { SystemError } from "@fastdfs-ts/runtime";
import { describe, expect, it } from "vitest";
import { PendingRepair } from "../src/recovery/pending-repair.ts";
import { DIRECTORY, differences, type Member, Scene } from "./power-loss-scene.ts";

const content = Buffer.from("content of a file");

/** Everything that was written by now is on the disks, and still of the time that the next power cut makes uncertain. */
const writtenBack = (scene: Scene) => scene.world.runFor(45_000);

const pathOf = (name: string) => `${DIRECTORY}/path0/data/${name.slice(4)}`;

/** The victim's power fails, and with it goes the file, whatever the log says. Ends when the victim has repaired itself. */
async function comesBackWithout(scene: Scene, victim: Member, name: string): Promise<void> {
  victim.crash("power");
  victim.host.restart();
  victim.host.world.disk.unlink(pathOf(name));
  await victim.start();
  await scene.world.runUntil(() => !victim.owesRepair);
}

/** The first pages of the file were never written; its size is right. */
function tear({ host }: Member, name: string): void {
  const file = host.world.disk.open(pathOf(name), "write");
  file.write(Buffer.alloc(content.length), 0, content.length, 0);
  file.close();
}

/** There is no room for files any more. Returns a function that makes room. */
function fillDisk({ host }: Member): () => void {
  return host.diskFaults.inject({ code: "ENOSPC", operations: ["write", "symlink"], path: `${DIRECTORY}/path0` });
}

/** The victim's power fails, the file is torn, and nothing can be written for some minutes. Returns a function that makes room. */
async function comesBackTornAndFull(scene: Scene, victim: Member, name: string): Promise<() => void> {
  victim.crash("power");
  victim.host.restart();
  tear(victim, name);
  const giveBack = fillDisk(victim);
  await victim.start();
  await scene.world.runFor(300_000);
  return giveBack;
}

async function upload(scene: Scene, member: Member): Promise<string> {
  return scene.world.run(scene.at(member, (client) => client.upload(content)));
}

it("what the disk had no room for is fetched when it has", async () => {
  const scene = await Scene.open("full", 2);
  const [victim, other] = scene.members as [Member, Member];
  const name = await upload(scene, other);
  const link = await scene.world.run(scene.at(other, (client) => client.link(name)));
  scene.replicate();
  victim.crash("power");
  victim.host.restart();
  const giveBack = fillDisk(victim);
  await victim.start();
  await scene.world.runFor(300_000);
  expect([...victim.files().keys()]).toEqual([]);
  giveBack();
  await scene.world.runUntil(() => !victim.owesRepair);
  expect(victim.files().get(name)?.content).toEqual(content);
  expect(victim.files().get(link)).toEqual(other.files().get(link));
});

it("a torn copy is not given to others while there is no room for the good one", async () => {
  const scene = await Scene.open("torn-and-full", 2);
  const [victim, other] = scene.members as [Member, Member];
  const name = await scene.world.run(scene.at(victim, (client) => client.uploadAppender(content)));
  scene.replicate();
  await writtenBack(scene);
  const giveBack = await comesBackTornAndFull(scene, victim, name);
  expect(victim.owesRepairTo(other)).toBe(false);
  scene.replicate();
  expect(victim.files().has(name)).toBe(false);
  expect(other.files().get(name)?.content).toEqual(content);
  giveBack();
  await scene.world.runUntil(() => !victim.owesRepair);
  expect(victim.files().get(name)?.content).toEqual(content);
});

it("an appender whose beginning is torn keeps no member from its service while there is no room to mend it", async () => {
  const scene = await Scene.open("torn-beginning-and-full", 2);
  const [victim, other] = scene.members as [Member, Member];
  const name = await scene.world.run(scene.at(victim, (client) => client.uploadAppender(content)));
  scene.replicate();
  scene.cutOff.add(other);
  await scene.world.runFor(2000);
  await scene.world.run(scene.at(victim, (client) => client.append(name, content)));
  await writtenBack(scene);
  const giveBack = await comesBackTornAndFull(scene, victim, name);
  // The end is here only, so the file stays.
  expect(victim.files().get(name)?.content).toEqual(Buffer.concat([Buffer.alloc(content.length), content]));
  expect(victim.owesRepair).toBe(true);
  giveBack();
  await scene.world.runUntil(() => !victim.owesRepair);
  scene.cutOff.clear();
  scene.replicate();
  expect(victim.files().get(name)?.content).toEqual(Buffer.concat([content, content]));
  expect(differences(scene)).toEqual([]);
});

it("a copy that may be torn is better than none, if who did not lose his power has not got the file any more", async () => {
  const scene = await Scene.open("doubtful", 3);
  const [victim, other, doubtful] = scene.members as [Member, Member, Member];
  const name = await scene.world.run(scene.at(victim, (client) => client.uploadAppender(content)));
  scene.replicate();
  await writtenBack(scene);
  other.host.world.disk.unlink(pathOf(name));
  doubtful.crash("power");
  await doubtful.restart();
  await comesBackWithout(scene, victim, name);
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
  await comesBackWithout(scene, victim, name);
  expect(victim.files().get(name)?.content).toEqual(Buffer.concat([content, content]));
  scene.replicate();
  expect(differences(scene)).toEqual([]);
});

it("so is it where the disk of that member fails while it is asked", async () => {
  const [before, after] = [Buffer.from("CONTENT"), Buffer.from("CONTENT of a file, and more of it")];
  let call = 1;
  for (let isReached = true; isReached; call++) {
    const scene = await Scene.open("whole and asked", 3);
    const [victim, , filled] = scene.members as [Member, Member, Member];
    const name = await scene.world.run(scene.at(victim, (client) => client.uploadAppender(content)));
    scene.replicate();
    await scene.world.runFor(2000);
    await scene.world.run(scene.at(victim, (client) => client.modify(name, 0, before)));
    await scene.world.run(scene.at(victim, (client) => client.append(name, after.subarray(content.length))));
    const write = (member: Member, bytes: Buffer) => {
      const file = member.host.world.disk.open(pathOf(name), "write");
      file.write(bytes, 0, bytes.length, 0);
      file.close();
    };
    write(filled, after);
    await writtenBack(scene);
    isReached = false;
    filled.host.diskFaults.crashAtCall(call, () => {
      isReached = true;
      throw new SystemError("EIO", "disk", "somewhere");
    });
    victim.crash("power");
    victim.host.restart();
    write(victim, Buffer.alloc(content.length));
    await victim.start();
    await scene.world.runUntil(() => !victim.owesRepair);
    filled.host.diskFaults.crashAtCall(Infinity, () => expect.fail());
    expect(victim.files().get(name)?.content, `call ${call}`).toEqual(after);
    scene.replicate();
    expect(differences(scene)).toEqual([]);
  }
  expect(call).toBeGreaterThan(5);
});

describe("a copy of which a change is half, because its disk was full, is not taken", () => {
  const both = Buffer.concat([content, content]);

  async function setScene(seed: string) {
    const scene = await Scene.open(seed, 3);
    const [victim, half, whole] = scene.members as [Member, Member, Member];
    const name = await scene.world.run(scene.at(victim, (client) => client.uploadAppender(content)));
    scene.replicate();
    await scene.world.run(scene.at(victim, (client) => client.append(name, content)));
    scene.replicate();
    await writtenBack(scene);
    const file = half.host.world.disk.open(pathOf(name), "write");
    file.truncate(content.length + 3);
    file.close();
    return { scene, victim, whole, name };
  }

  it("if a copy that may be torn has the logged size", async () => {
    const { scene, victim, whole: doubtful, name } = await setScene("half");
    doubtful.crash("power");
    await doubtful.restart();
    await comesBackWithout(scene, victim, name);
    expect(victim.files().get(name)?.content).toEqual(both);
  });

  it("while the member that has the logged size is down", async () => {
    const { scene, victim, whole, name } = await setScene("half and down");
    victim.crash("power");
    victim.host.restart();
    victim.host.world.disk.unlink(pathOf(name));
    const giveBack = fillDisk(victim);
    await victim.start();
    whole.crash("process");
    giveBack();
    await scene.world.runFor(300_000);
    expect(victim.files().has(name)).toBe(false);
    await whole.restart();
    await scene.world.runUntil(() => !victim.owesRepair);
    expect(victim.files().get(name)?.content).toEqual(both);
  });

  it("wherever the disk of that member fails while it is asked", async () => {
    let call = 1;
    for (let isReached = true; isReached; call++) {
      const { scene, victim, whole, name } = await setScene("half and asked");
      isReached = false;
      whole.host.diskFaults.crashAtCall(call, () => {
        isReached = true;
        throw new SystemError("EIO", "disk", "somewhere");
      });
      await comesBackWithout(scene, victim, name);
      expect(victim.files().get(name)?.content, `call ${call}`).toEqual(both);
    }
    expect(call).toBeGreaterThan(5);
  });
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

describe("a slave that was deleted by a clock that is ten minutes behind stays deleted", () => {
  const BEHIND_MS = 600_000;

  async function setScene(seed: string) {
    const scene = await Scene.open(seed, 3);
    const [victim, other] = scene.members as [Member, Member];
    victim.host.wallClock.startMs -= BEHIND_MS;
    // For so long that what the clock showed before does not matter any more.
    await scene.world.runFor(150_000);
    const master = await upload(scene, other);
    const slave = await scene.world.run(scene.at(other, (client) => client.uploadSlave(master, "_small", content)));
    scene.replicate();
    await writtenBack(scene);
    return { scene, victim, master, slave };
  }

  async function comesBack(scene: Scene, victim: Member): Promise<void> {
    await victim.start();
    await scene.world.runUntil(() => !victim.owesRepair);
    victim.host.wallClock.startMs += BEHIND_MS;
    scene.replicate();
    expect(differences(scene)).toEqual([]);
  }

  it("after a power cut there", async () => {
    const { scene, victim, master, slave } = await setScene("slave by a slow clock");
    await scene.world.run(scene.at(victim, (client) => client.delete(slave)));
    scene.replicate();
    victim.crash("power");
    victim.host.restart();
    await comesBack(scene, victim);
    expect([...victim.files().keys()]).toEqual([master]);
  });

  it("also if the power cut takes the deletion back, line and all, and only the others know it", async () => {
    const { scene, victim, master, slave } = await setScene("slave by a slow clock that comes back");
    const { disk } = victim.host.world;
    const { modifiedMs } = disk.stat(pathOf(slave))!;
    const logPath = `${DIRECTORY}/data/sync/binlog.000`;
    const logged = disk.stat(logPath)!.sizeBytes;
    await scene.world.run(scene.at(victim, (client) => client.delete(slave)));
    scene.replicate();
    await scene.world.runFor(2000);
    victim.crash("power");
    victim.host.restart();
    const after = victim.host.world.disk;
    if (after.stat(pathOf(slave)) !== undefined) after.unlink(pathOf(slave));
    const file = after.open(pathOf(slave), "create");
    file.write(content, 0, content.length, 0);
    file.setTimes(Math.floor(modifiedMs / 1000));
    file.close();
    const log = after.open(logPath, "write");
    log.truncate(logged);
    log.close();
    await comesBack(scene, victim);
    for (const member of scene.members) expect([...member.files().keys()]).toEqual([master]);
  });
});

it("changes of a wrong time are found by those that our log still has, if nobody noticed that the clock was set", async () => {
  const scene = await Scene.open("unnoticed", 2);
  const [victim] = scene.members as [Member, Member];
  victim.host.wallClock.startMs -= 600_000;
  const path = `${DIRECTORY}/data/sync/binlog.000`;
  await upload(scene, victim);
  const logged = victim.host.world.disk.readFile(path);
  const forgotten = await upload(scene, victim);
  scene.replicate();
  victim.crash("power");
  victim.host.wallClock.startMs += 600_000;
  victim.host.restart();
  const log = victim.host.world.disk.open(path, "write");
  log.truncate(0);
  log.write(logged, 0, logged.length, 0);
  log.close();
  await victim.start();
  await scene.world.runUntil(() => !victim.owesRepair);
  expect(victim.files().get(forgotten)?.content).toEqual(content);
  expect(differences(scene)).toEqual([]);
});

describe("a torn copy is not taken from a member that does not answer when it is asked whether it lost its power", () => {
  /** The power of both fails, and the other's copy is torn. What it sends is held up once the victim `has` what it has got by then. */
  async function setScene(seed: string, has: (victim: Member, other: Member) => boolean) {
    const scene = await Scene.open(seed, 2);
    const [victim, other] = scene.members as [Member, Member];
    const name = await scene.world.run(scene.at(victim, (client) => client.uploadAppender(content)));
    scene.replicate();
    await writtenBack(scene);
    victim.crash("power");
    other.crash("power");
    await victim.restart();
    other.host.restart();
    tear(other, name);
    // It would take the victim's.
    scene.world.network.block(other.address, victim.address);
    await other.start();
    await scene.world.runUntil(() => has(victim, other));
    const repairNetwork = scene.world.network.cut(other.address, victim.address);
    const settled = async () => {
      await scene.world.runUntil(() => victim.logged.some(({ message }) => message === "repair.member-fails"));
      repairNetwork();
      await scene.world.runUntil(() => !victim.owesRepair);
      expect(victim.files().get(name)?.content).toEqual(content);
    };
    return { victim, settled };
  }

  const repairOf = ({ host }: Member) => PendingRepair.open(host.world.disk, DIRECTORY);

  it("after its log", async () => {
    const hasLog = (victim: Member, { address }: Member) =>
      (victim.host.world.disk.stat(repairOf(victim).logPath(address))?.sizeBytes ?? 0) > 0;
    const { victim, settled } = await setScene("not answered", hasLog);
    expect(repairOf(victim).state?.consulted.size).toBe(0);
    await settled();
  });

  it("again, after a restart", async () => {
    const hasHeard = (victim: Member) => repairOf(victim).state?.consulted.size === 1;
    const { victim, settled } = await setScene("not answered again", hasHeard);
    victim.crash("process");
    victim.host.restart();
    const started = victim.start();
    await settled();
    await started;
  });
});
