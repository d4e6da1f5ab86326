// A peer that lost its power has lost what it took last, though it had confirmed it: it is given that again, and not all the
// rest. The sender may have been started anew meanwhile.
import { frame, storageCommands } from "@fastdfs-ts/protocol";
import { describe, expect, it } from "vitest";
import { GroupStage, type Member } from "./group-stage.ts";
import type { Pushed, PeerReply, ScriptedPeer } from "./scripted-peer.ts";

const PEER = "192.0.2.50";
const EVERY_MS = 10_000;
const UPLOADS = 40;

/** One of ours, whose machine last lost its power at `powerLossMs`. */
function takesEverythingSince(powerLossMs: number) {
  return ({ code }: Pushed): PeerReply => {
    if (code !== storageCommands.peerHello.code) return 0;
    return frame(100, storageCommands.peerHello.answer.encode({ extensionVersion: 1, powerLossMs }));
  };
}

/** A member has given a peer one file every ten seconds. */
async function open(powerLossMs = 0) {
  const stage = await GroupStage.open(`again ${powerLossMs}`, 1, { markWriteFrequency: 1 });
  const [member] = stage.members as [Member];
  const peer = await stage.addPeer(PEER, "ACTIVE");
  peer.reply = takesEverythingSince(powerLossMs);
  const client = await stage.connect(member);
  const names: string[] = [];
  for (let i = 0; i < UPLOADS; i++) {
    names.push(await stage.world.run(client.upload(Buffer.from(`file ${i}`))));
    await stage.world.runFor(EVERY_MS);
  }
  client.close();
  return { stage, member, peer, names };
}

/** The peer is started anew. Returns the names that it is given then. */
async function reconnect(stage: GroupStage, peer: ScriptedPeer, powerLossMs: number): Promise<string[]> {
  stage.setStatus(PEER, "OFFLINE");
  await stage.world.runFor(3000);
  peer.pushed.length = 0;
  peer.reply = takesEverythingSince(powerLossMs);
  stage.setStatus(PEER, "ACTIVE");
  await stage.world.runFor(10_000);
  await stage.untilReplicated();
  return peer.records.map(({ name }) => name);
}

/** It took the last so many not long enough before. */
const UNCERTAIN = 120_000 / EVERY_MS;

function expectLast(again: string[], names: string[]): void {
  expect(again).toEqual(names.slice(-again.length));
  expect(again.length).toBeGreaterThanOrEqual(UNCERTAIN);
  expect(again.length).toBeLessThan(UNCERTAIN + 10);
}

describe("a peer that has to be compared with first", () => {
  it("is given nothing before", async () => {
    const { stage, member, peer } = await open();
    stage.setStatus(PEER, "OFFLINE");
    await stage.world.runFor(3000);
    stage.owedRepair.add(PEER);
    peer.pushed.length = 0;
    const client = await stage.connect(member);
    const name = await stage.world.run(client.upload(Buffer.from("content")));
    stage.setStatus(PEER, "ACTIVE");
    await stage.world.runFor(60_000);
    expect(peer.records).toEqual([]);
    stage.owedRepair.clear();
    await stage.untilReplicated();
    expect(peer.records.map((pushed) => pushed.name)).toEqual([name]);
    client.close();
    await stage.stop();
  });

  it("is fed all the same when that is not possible", async () => {
    const { stage, member, peer } = await open();
    stage.setStatus(PEER, "OFFLINE");
    await stage.world.runFor(3000);
    stage.owedRepair.add(PEER);
    const client = await stage.connect(member);
    const name = await stage.world.run(client.upload(Buffer.from("content")));
    stage.setStatus(PEER, "ACTIVE");
    await stage.untilReplicated();
    expect(peer.records.at(-1)?.name).toBe(name);
    expect(member.logged.some(({ message }) => message === "replication.not-compared")).toBe(true);
    client.close();
    await stage.stop();
  });
});

describe("a peer that lost its power", () => {
  it("is given again what it was given last, once", async () => {
    const { stage, member, peer, names } = await open();
    expectLast(await reconnect(stage, peer, 77), names);
    expect(member.logged.filter(({ message }) => message === "replication.peer-lost-power")).toHaveLength(1);
    expect(await reconnect(stage, peer, 77)).toEqual([]);
    // What was pushed again is not certain to be there either.
    expectLast(await reconnect(stage, peer, 88), names);
    await stage.stop();
  });

  it("is given nothing again if it was only started anew, whatever it lost long ago", async () => {
    const { stage, peer } = await open(55);
    expect(await reconnect(stage, peer, 55)).toEqual([]);
    await stage.stop();
  });

  it.each(["process", "power"] as const)("is given it again by a sender that ended too (%s)", async (kind) => {
    const { stage, member, peer, names } = await open();
    // Its own log and marks reach the disk.
    await stage.world.runFor(31_000);
    stage.setStatus(PEER, "OFFLINE");
    member.host.crash(kind);
    peer.pushed.length = 0;
    peer.reply = takesEverythingSince(77);
    member.host.restart();
    await stage.start(member);
    stage.setStatus(PEER, "ACTIVE");
    await stage.world.runFor(10_000);
    await stage.untilReplicated();
    const again = peer.records.map(({ name }) => name);
    expectLast(again, names);
    expect(await reconnect(stage, peer, 77)).toEqual([]);
    await stage.stop();
  });

  it("is given whole what may be torn there though its size is right", async () => {
    const { stage, member, peer } = await open();
    const client = await stage.connect(member);
    const appender = await stage.world.run(client.uploadAppender(Buffer.from("0123")));
    await stage.world.run(client.append(appender, Buffer.from("4567")));
    const normal = await stage.world.run(client.upload(Buffer.from("content")));
    await stage.world.run(client.modify(appender, 2, Buffer.from("ab")));
    await stage.untilReplicated();
    await reconnect(stage, peer, 77);
    const told = (name: string) =>
      peer.records.filter((pushed) => pushed.name === name).map(({ code, content }) => [code, content.toString()]);
    const { syncCreateFile, syncUpdateFile, syncAppendFile, syncModifyFile } = storageCommands;
    expect(told(appender)).toEqual([
      [syncCreateFile.code, "01ab4567"],
      [syncUpdateFile.code, "01ab4567"],
      [syncAppendFile.code, "4567"],
      [syncModifyFile.code, "ab"],
    ]);
    expect(told(normal)).toEqual([[syncCreateFile.code, "content"]]);
    client.close();
    await stage.stop();
  });

  it("is given it whole although the sender ends in the middle", async () => {
    const { stage, member, peer } = await open();
    const client = await stage.connect(member);
    const appender = await stage.world.run(client.uploadAppender(Buffer.from("0123")));
    client.close();
    await stage.untilReplicated();
    await stage.world.runFor(31_000);
    stage.setStatus(PEER, "OFFLINE");
    await stage.world.runFor(3000);
    peer.pushed.length = 0;
    const takes = takesEverythingSince(77);
    // It takes three records, and no more.
    let taken = 0;
    peer.reply = (pushed) =>
      pushed.code === storageCommands.syncCreateFile.code && ++taken > 3 ? "nothing" : takes(pushed);
    stage.setStatus(PEER, "ACTIVE");
    await stage.world.runFor(2000);
    member.host.crash("process");
    peer.reply = takes;
    member.host.restart();
    await stage.start(member);
    await stage.world.runFor(10_000);
    await stage.untilReplicated();
    const last = peer.records.at(-1);
    expect([last?.name, last?.code]).toEqual([appender, storageCommands.syncUpdateFile.code]);
    expect(await reconnect(stage, peer, 77)).toEqual([]);
    await stage.stop();
  });

  it("that is new has nothing to be given again", async () => {
    const stage = await GroupStage.open("new", 1);
    const [member] = stage.members as [Member];
    const client = await stage.connect(member);
    const name = await stage.world.run(client.upload(Buffer.from("content")));
    const peer = await stage.addPeer(PEER, "ACTIVE");
    peer.reply = takesEverythingSince(99);
    await stage.untilReplicated();
    expect(peer.records.map((pushed) => pushed.name)).toEqual([name]);
    expect(member.logged.some(({ message }) => message === "replication.peer-lost-power")).toBe(false);
    await stage.stop();
  });
});
