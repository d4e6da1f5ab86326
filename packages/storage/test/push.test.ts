// What a member of ours sends to a peer whose answers the test decides (wire-protocol.md §9).
import { FileInfo, frame, storageCommands, storageStatusValue, trackerCommands } from "@fastdfs-ts/protocol";
import { describe, expect, it } from "vitest";
import { parseSyncMark, type SyncMark } from "../src/formats/mark-file.ts";
import { GroupStage, type Member } from "./group-stage.ts";
import { type Pushed, type PeerReply, takesEverything, takesEverythingAsOurs } from "./scripted-peer.ts";

const PEER = "192.0.2.50";
const MARK = `${PEER}_23000.mark`;
const code = (name: keyof typeof storageCommands): number => storageCommands[name].code;

/** One member of ours and the peer. */
async function open(reply: (pushed: Pushed) => PeerReply = takesEverything, status: "ACTIVE" | "WAIT_SYNC" = "ACTIVE") {
  const stage = await GroupStage.open(1, 1);
  const [member] = stage.members as [Member];
  const client = await stage.connect(member);
  const peer = await stage.addPeer(PEER, status);
  peer.reply = reply;
  return { stage, member, client, peer };
}

function markOf(member: Member): SyncMark {
  const mark = parseSyncMark(member.syncFile(MARK) ?? "");
  if (typeof mark === "string") throw new Error(mark);
  return mark;
}

const logBytes = (member: Member): number => member.syncFile("binlog.000")!.length;
const statusOf = (member: Member) => member.replication.statuses()[0]!;

/** Replies that differ for some commands. */
function replies(
  special: Partial<Record<number, PeerReply | ((pushed: Pushed) => PeerReply)>>,
  usual = takesEverything,
) {
  return (pushed: Pushed): PeerReply => {
    const reply = special[pushed.code];
    return typeof reply === "function" ? reply(pushed) : (reply ?? usual(pushed));
  };
}

describe("to a C server", () => {
  it("introduces itself on every connection, asks once what it is, and sends one request at a time", async () => {
    const { stage, member, client, peer } = await open();
    const contents = Array.from({ length: 20 }, (_, i) => Buffer.alloc(3000 + i, i));
    for (const content of contents) await stage.world.run(client.upload(content));
    await stage.untilReplicated();
    expect(peer.pushed[0]!.code).toBe(code("peerHello"));
    for (let connection = 1; connection < peer.connections; connection++) {
      const [first, ...others] = peer.pushed.filter((pushed) => pushed.connection === connection);
      expect(first).toMatchObject({ code: code("reportServerId"), body: Buffer.from(member.address.padEnd(16, "\0")) });
      expect(others.some((pushed) => pushed.code === code("peerHello"))).toBe(false);
    }
    const sent = new Map(peer.records.map(({ name, content }) => [name, content]));
    for (const [name, { content }] of member.files()) expect(sent.get(name)?.equals(content), name).toBe(true);
    await stage.world.runFor(1100);
    expect(markOf(member)).toMatchObject({ binlogIndex: 0, binlogOffset: logBytes(member), needsBackfill: false });
    await stage.stop();
  });

  it("stays alive while idle, and asks once more what it is after its status changed", async () => {
    const { stage, member, peer } = await open();
    await stage.world.runFor(5500);
    expect(peer.pushed.filter(({ code }) => code === 111).length).toBeGreaterThanOrEqual(4);
    expect(peer.connections).toBe(2);
    stage.setStatus(PEER, "OFFLINE");
    await stage.world.runFor(3000);
    expect(peer.open).toBe(0);
    expect(statusOf(member)).toMatchObject({ state: "waiting", reason: "the peer is OFFLINE" });
    peer.reply = takesEverythingAsOurs;
    stage.setStatus(PEER, "ACTIVE");
    await stage.world.runFor(100);
    expect(peer.connections).toBe(3);
    expect(statusOf(member).state).toBe("caughtUp");
    await stage.stop();
  });

  it("sends the whole file where a change does not find it", async () => {
    const missing = replies({
      [code("syncAppendFile")]: 2,
      [code("syncModifyFile")]: 2,
      [code("syncTruncateFile")]: 2,
      [code("syncRenameFile")]: 2,
    });
    const { stage, client, peer } = await open(missing);
    const work = async () => {
      const name = await client.uploadAppender(Buffer.from("0123456789"));
      await client.append(name, Buffer.from("abc"));
      await client.modify(name, 0, Buffer.from("M"));
      await client.truncate(name, 5);
      return client.regenerate(name);
    };
    stage.setStatus(PEER, "OFFLINE");
    const newName = await stage.world.run(work());
    stage.setStatus(PEER, "ACTIVE");
    await stage.untilReplicated();
    // The old name is gone when it is pushed; the rename finds nothing there.
    expect(peer.records.map((pushed) => [pushed.code, pushed.name, pushed.content.toString()])).toEqual([
      [code("syncRenameFile"), newName, ""],
      [code("syncCreateFile"), newName, "M1234"],
    ]);
    peer.pushed.length = 0;
    const changed = await stage.world.run(client.uploadAppender(Buffer.from("0123456789")));
    await stage.untilReplicated();
    for (const change of [
      () => client.append(changed, Buffer.from("abc")),
      () => client.modify(changed, 0, Buffer.from("M")),
      () => client.truncate(changed, 5),
    ]) {
      peer.pushed.length = 0;
      await stage.world.run(change());
      await stage.untilReplicated();
      expect(peer.records.map((pushed) => pushed.code).at(-1)).toBe(code("syncUpdateFile"));
      expect(peer.records).toHaveLength(2);
    }
    expect(peer.records.at(-1)!.content.toString()).toBe("M1234");
    await stage.stop();
  });

  it("is not left with an old content when a change had no turn before its file was renamed or cut off", async () => {
    const { stage, client, peer } = await open();
    const upload = () => stage.world.run(client.uploadAppender(Buffer.from("0123456789")));
    const [renamed, cut, both] = [await upload(), await upload(), await upload()];
    await stage.untilReplicated();
    peer.pushed.length = 0;
    stage.setStatus(PEER, "OFFLINE");
    const newNames = await stage.world.run(
      (async () => {
        for (const name of [renamed, cut, both]) await client.append(name, Buffer.from("abc"));
        await client.truncate(cut, 5);
        await client.truncate(both, 7);
        return [await client.regenerate(renamed), await client.regenerate(both)];
      })(),
    );
    stage.setStatus(PEER, "ACTIVE");
    await stage.untilReplicated();
    const sent = (name: string) =>
      peer.records.filter((pushed) => pushed.name === name).map((pushed) => [pushed.code, pushed.content.toString()]);
    expect(sent(newNames[0]!)).toEqual([
      [code("syncRenameFile"), ""],
      [code("syncUpdateFile"), "0123456789abc"],
    ]);
    expect(sent(newNames[1]!)).toEqual([
      [code("syncRenameFile"), ""],
      [code("syncUpdateFile"), "0123456"],
    ]);
    expect(sent(cut)).toEqual([[code("syncUpdateFile"), "01234"]]);
    await stage.stop();
  });

  it("is not left with a file that was renamed and then deleted while it was away, nor after a restart of ours", async () => {
    const { stage, member, client, peer } = await open();
    const names = [await upload(), await upload()];
    async function upload(): Promise<string> {
      return stage.world.run(client.uploadAppender(Buffer.from("0123456789")));
    }
    await stage.untilReplicated();
    peer.pushed.length = 0;
    stage.setStatus(PEER, "OFFLINE");
    const deleted = await stage.world.run(client.regenerate(names[0]!));
    const kept = await stage.world.run(client.regenerate(names[1]!));
    await stage.world.run(client.delete(deleted));
    await stage.world.run(member.replication.stop());
    await stage.world.run(member.served.stop());
    await stage.start(member);
    stage.setStatus(PEER, "ACTIVE");
    await stage.untilReplicated();
    const sent = (name: string) => peer.records.filter((pushed) => pushed.name === name).map((pushed) => pushed.code);
    expect(sent(deleted)).toEqual([code("syncRenameFile"), code("syncDeleteFile")]);
    // What was left out before the restart is not known any more.
    expect(sent(kept)).toEqual([code("syncRenameFile"), code("syncUpdateFile")]);
    await stage.stop();
  });

  it("is sent what is left of a modification that was cut off since", async () => {
    const { stage, client, peer } = await open();
    const name = await stage.world.run(client.uploadAppender(Buffer.from("0123456789")));
    await stage.untilReplicated();
    stage.setStatus(PEER, "OFFLINE");
    peer.pushed.length = 0;
    await stage.world.run(client.modify(name, 2, Buffer.from("modified")).then(() => client.truncate(name, 5)));
    stage.setStatus(PEER, "ACTIVE");
    await stage.untilReplicated();
    expect(peer.records.map((pushed) => [pushed.code, pushed.content.toString()])).toEqual([
      [code("syncModifyFile"), "mod"],
      [code("syncTruncateFile"), ""],
    ]);
    await stage.stop();
  });

  it("takes an answer with a stray body for what its status says", async () => {
    const stray = replies({ [code("syncRenameFile")]: ({ body }) => frame(100, body) });
    const { stage, client, peer } = await open(stray);
    const renamed = await stage.world.run(
      client.uploadAppender(Buffer.from("x")).then((name) => client.regenerate(name)),
    );
    await stage.world.run(client.upload(Buffer.from("after")));
    await stage.untilReplicated();
    expect(peer.records.filter(({ name }) => name === renamed)).toHaveLength(1);
    await stage.stop();
  });

  it("asks before it sends more, once the peer had a file already", async () => {
    const info = (fileBytes: number): PeerReply =>
      frame(100, FileInfo.encode({ fileBytes, modifiedSeconds: 1, crc32: 1, sourceIp: "" }));
    const answers: PeerReply[] = [info(100), info(99), 2];
    const existing = replies({
      [code("syncCreateFile")]: ({ flags }) => (flags !== 0 || isFirst() ? 17 : 0),
      [code("queryFileInfo")]: () => answers.shift() ?? 2,
    });
    let creates = 0;
    const isFirst = () => creates++ === 0;
    const stage = await GroupStage.open(1, 1, { syncThreadsMax: 1 });
    const [member] = stage.members as [Member];
    const client = await stage.connect(member);
    for (let i = 0; i < 5; i++) await stage.world.run(client.upload(Buffer.alloc(100, i)));
    const peer = await stage.addPeer(PEER, "ACTIVE");
    peer.reply = existing;
    await stage.untilReplicated();
    const sent = peer.pushed.filter((pushed) => pushed.name !== "" || pushed.code === code("queryFileInfo"));
    expect(sent.map((pushed) => [pushed.code, pushed.flags, pushed.content.length])).toEqual([
      [code("syncCreateFile"), 0, 100],
      // The same size: only the record.
      [code("queryFileInfo"), 0, 0],
      [code("syncCreateFile"), 17, 0],
      // Another size.
      [code("queryFileInfo"), 0, 0],
      [code("syncUpdateFile"), 0, 100],
      [code("syncCreateFile"), 0, 100],
      [code("syncCreateFile"), 0, 100],
    ]);
    await stage.stop();
  });

  it("gets a link as the file that it leads to; one of ours gets the link", async () => {
    const { stage, client, peer } = await open();
    const name = await stage.world.run(client.upload(Buffer.from("content")));
    const link = await stage.world.run(client.link(name));
    await stage.untilReplicated();
    expect(peer.records.filter((pushed) => pushed.name === link)).toMatchObject([
      { code: code("syncCreateFile"), content: Buffer.from("content") },
    ]);
    stage.setStatus(PEER, "OFFLINE");
    peer.reply = takesEverythingAsOurs;
    const other = await stage.world.run(client.link(name));
    stage.setStatus(PEER, "ACTIVE");
    await stage.untilReplicated();
    expect(peer.records.filter((pushed) => pushed.name === other)).toMatchObject([{ code: code("syncCreateLink") }]);
    await stage.stop();
  });
});

describe.each([
  ["a C server", takesEverything],
  ["one of ours", takesEverythingAsOurs],
] as const)("%s", (_, usual) => {
  it("that refuses a record does not hold up the others; the record comes again, with what followed it", async () => {
    let refused = "";
    const { stage, member, client, peer } = await open((pushed) => (pushed.name === refused ? 13 : usual(pushed)));
    stage.setStatus(PEER, "OFFLINE");
    const names: string[] = [];
    for (let i = 0; i < 10; i++) names.push(await stage.world.run(client.uploadAppender(Buffer.from(`file ${i}`))));
    refused = names[3]!;
    await stage.world.run(client.append(refused, Buffer.from("more")));
    await stage.world.run(client.delete(names[4]!));
    stage.setStatus(PEER, "ACTIVE");
    await stage.world.runFor(500);
    expect(peer.records.map(({ name }) => name)).toEqual(
      expect.arrayContaining(names.filter((name) => name !== names[4])),
    );
    expect(statusOf(member)).toMatchObject({ state: "caughtUp", parkedRecords: 2 });
    expect(statusOf(member).parkedReason).toContain("ACCESS_DENIED");
    await stage.world.runFor(1500);
    expect(markOf(member).binlogOffset).toBe(logBytes(member));
    expect(
      member
        .syncFile(`${MARK}.parked`)!
        .split("\n")
        .map((line) => line.split(" ")[1]),
    ).toEqual(["C", "A", undefined]);
    expect(member.logged.filter(({ message }) => message === "replication.record-parked")).toHaveLength(1);

    // A restart does not lose them.
    await stage.world.run(member.replication.stop());
    await stage.world.run(member.served.stop());
    await stage.start(member);
    await stage.world.runFor(500);
    expect(statusOf(member).parkedRecords).toBe(2);

    refused = "none";
    peer.pushed.length = 0;
    await stage.world.runFor(60_000);
    expect(peer.records.filter(({ name }) => name === names[3]).map((pushed) => pushed.code)).toEqual([
      code("syncCreateFile"),
      code("syncAppendFile"),
    ]);
    expect(statusOf(member).parkedRecords).toBe(0);
    expect(member.syncFile(`${MARK}.parked`)).toBe("");
    await stage.stop();
  });

  it("that takes its time for one record is given the others meanwhile", async () => {
    let slow = "";
    const { stage, client, peer } = await open((pushed) => (pushed.name === slow ? "nothing" : usual(pushed)));
    stage.setStatus(PEER, "OFFLINE");
    // Larger than what is pushed together with others.
    slow = await stage.world.run(client.upload(Buffer.alloc(300_000, 1)));
    const others: string[] = [];
    for (let i = 0; i < 50; i++) others.push(await stage.world.run(client.upload(Buffer.from(`file ${i}`))));
    stage.setStatus(PEER, "ACTIVE");
    // Shorter than the peer is waited for.
    await stage.world.runFor(2000);
    const pushed = peer.records.map(({ name }) => name);
    expect(pushed.filter((name) => name === slow)).toHaveLength(1);
    expect(pushed).toEqual(expect.arrayContaining(others));
    await stage.stop();
  });

  it("that closes on one record, again and again, is given the others", async () => {
    let deadly = "";
    const { stage, member, client, peer } = await open((pushed) => (pushed.name === deadly ? "close" : usual(pushed)));
    stage.setStatus(PEER, "OFFLINE");
    const names: string[] = [];
    for (let i = 0; i < 30; i++) names.push(await stage.world.run(client.upload(Buffer.from(`file ${i}`))));
    deadly = names[3]!;
    stage.setStatus(PEER, "ACTIVE");
    await stage.world.runFor(20_000);
    expect(new Set(peer.records.map(({ name }) => name))).toEqual(new Set(names));
    expect(statusOf(member).parkedRecords).toBe(1);
    await stage.stop();
  });

  it("that is full is left alone for a while, and loses nothing", async () => {
    let isFull = true;
    const { stage, member, client, peer } = await open((pushed) => (isFull && pushed.name !== "" ? 28 : usual(pushed)));
    const names: string[] = [];
    for (let i = 0; i < 5; i++) names.push(await stage.world.run(client.upload(Buffer.from(`file ${i}`))));
    await stage.world.runFor(600_000);
    expect(statusOf(member)).toMatchObject({ state: "resting", parkedRecords: 0 });
    expect(statusOf(member).reason).toContain("NO_SPACE");
    expect(peer.connections).toBeLessThan(60);
    expect(member.logged.filter(({ level }) => level === "warn")).toHaveLength(1);
    isFull = false;
    peer.pushed.length = 0;
    await stage.world.runFor(31_000);
    expect(new Set(peer.records.map(({ name }) => name))).toEqual(new Set(names));
    await stage.stop();
  });

  it("that is gone costs a try now and then and one line in the log", async () => {
    const { stage, member, client, peer } = await open(usual);
    await stage.world.run(client.upload(Buffer.from("before")));
    await stage.untilReplicated();
    await peer.stop();
    peer.host.crash("process");
    await stage.world.run(client.upload(Buffer.from("after")));
    await stage.world.runFor(3_600_000);
    expect(member.logged.filter(({ level }) => level === "warn").length).toBeLessThanOrEqual(2);
    expect(statusOf(member).state).toBe("resting");
    peer.host.restart();
    await peer.start();
    await stage.untilReplicated();
    expect(peer.records).toHaveLength(2);
    await stage.stop();
  });

  it("that answers nothing is given up, and tried again", async () => {
    let isSilent = true;
    const { stage, member, client, peer } = await open((pushed) =>
      isSilent && pushed.name !== "" ? "nothing" : usual(pushed),
    );
    await stage.world.run(client.upload(Buffer.from("content")));
    await stage.world.runFor(5000);
    expect(member.logged.map(({ fields }) => String(fields.reason))).toContainEqual(expect.stringContaining("silent"));
    isSilent = false;
    await stage.untilReplicated();
    expect(peer.records.length).toBeGreaterThan(1);
    await stage.stop();
  });
});

describe("the place in the log", () => {
  it("of a peer that we give old files: everything, and once it is ACTIVE what clients do here, and what is older than its join", async () => {
    const stage = await GroupStage.open(1, 1);
    const [member] = stage.members as [Member];
    const client = await stage.connect(member);
    const mine = await stage.world.run(client.upload(Buffer.from("mine")));
    const seconds = Math.floor(member.host.world.clock.now() / 1000);
    const names = ["00", "01", "02", "03"].map((low) => `M00/00/00/wAACAWVT8QCAAcOnAAArvfBr5w00${low}.bin`);
    const { binlog } = member.served.store;
    putFile(member, names[0]!, "old replica");
    binlog.append(seconds - 100, "c", names[0]!);
    putFile(member, names[1]!, "young replica");
    binlog.append(seconds + 100, "c", names[1]!);
    stage.sourceIs(member.address, seconds);
    const peer = await stage.addPeer(PEER, "WAIT_SYNC");
    peer.reply = takesEverythingAsOurs;
    await stage.world.runUntil(() => stage.tracker.all("reportStatus").length === 2);
    // The young one too: whose it is might be lost before it can give it.
    expect(peer.records.map(({ name }) => name)).toEqual([mine, names[0], names[1]]);
    expect(reportedStatuses(stage)).toEqual(["SYNCING", "OFFLINE"]);
    expect(markOf(member)).toMatchObject({ needsBackfill: true, isBackfillDone: true, backfillUntilSeconds: seconds });

    // What another member had not given us by then (cluster-behaviour.md §11.1, W4).
    stage.setStatus(PEER, "ACTIVE");
    putFile(member, names[2]!, "late");
    binlog.append(seconds - 50, "c", names[2]!);
    putFile(member, names[3]!, "not ours");
    binlog.append(seconds + 1, "c", names[3]!);
    await stage.untilReplicated();
    expect(peer.records.map(({ name }) => name)).toEqual([mine, names[0], names[1], names[2]]);
    await stage.stop();
  });

  it("goes on until this member has fetched back what it lost itself", async () => {
    const stage = await GroupStage.open(1, 1);
    const [member] = stage.members as [Member];
    const client = await stage.connect(member);
    const lost = await stage.world.run(client.upload(Buffer.from("lost")));
    const kept = await stage.world.run(client.upload(Buffer.from("kept")));
    member.host.world.disk.unlink(`/store/path0/data/${lost.slice(4)}`);
    stage.mayMissFiles = true;
    stage.sourceIs(member.address, Math.floor(member.host.world.clock.now() / 1000));
    const peer = await stage.addPeer(PEER, "WAIT_SYNC");
    peer.reply = takesEverythingAsOurs;
    // Longer than a record that the peer refuses itself would hold it up.
    await stage.world.runFor(1_200_000);
    expect(peer.records.map(({ name }) => name)).toEqual([kept]);
    expect(reportedStatuses(stage)).toEqual(["SYNCING"]);
    putFile(member, lost, "lost");
    stage.mayMissFiles = false;
    await stage.world.runUntil(() => reportedStatuses(stage).includes("OFFLINE"));
    expect(peer.records.map(({ name }) => name)).toEqual([kept, lost]);
    await stage.stop();
  });

  it("of a peer that another member feeds: our own records, once it is ACTIVE, from when it joined", async () => {
    const stage = await GroupStage.open(1, 1);
    const [member] = stage.members as [Member];
    const client = await stage.connect(member);
    await stage.world.run(client.upload(Buffer.from("old")));
    // The source has confirmed the old file.
    const source = await stage.addPeer("192.0.2.60", "ACTIVE");
    await stage.untilReplicated();
    await stage.world.runFor(5000);
    const until = Math.floor(member.host.world.clock.now() / 1000);
    stage.sourceIs(source.address, until);
    const peer = await stage.addPeer(PEER, "WAIT_SYNC");
    await stage.world.runFor(2000);
    const young = await stage.world.run(client.upload(Buffer.from("young")));
    await stage.world.runFor(2000);
    expect(peer.connections).toBe(0);
    stage.setStatus(PEER, "ACTIVE");
    await stage.untilReplicated();
    expect(peer.records.map(({ name }) => name)).toEqual([young]);
    expect(stage.tracker.all("reportStatus")).toEqual([]);
    await stage.stop();
  });

  it("goes back to where that member stands, which cannot give on what it has not got", async () => {
    const stage = await GroupStage.open(1, 1);
    const [member] = stage.members as [Member];
    const client = await stage.connect(member);
    const source = await stage.addPeer("192.0.2.60", "ACTIVE");
    const first = await stage.world.run(client.upload(Buffer.from("first")));
    await stage.untilReplicated();
    source.reply = (pushed) => (pushed.name === "" ? takesEverything(pushed) : "nothing");
    const second = await stage.world.run(client.upload(Buffer.from("second")));
    await stage.world.runFor(5000);
    stage.sourceIs(source.address, Math.floor(member.host.world.clock.now() / 1000));
    const peer = await stage.addPeer(PEER, "WAIT_SYNC");
    await stage.world.runFor(2000);
    stage.setStatus(PEER, "ACTIVE");
    await stage.world.runUntil(() => peer.records.length > 0);
    await stage.world.runFor(1000);
    expect(peer.records.map(({ name }) => name)).toEqual([second]);
    expect(source.records.map(({ name }) => name)).toContain(first);
    await stage.stop();
  });

  it("does not pass what that member refuses, which cannot give it on either", async () => {
    const stage = await GroupStage.open(1, 1);
    const [member] = stage.members as [Member];
    const client = await stage.connect(member);
    const source = await stage.addPeer("192.0.2.60", "ACTIVE");
    const refused = await stage.world.run(client.uploadAppender(Buffer.from("refused")));
    source.reply = (pushed) => (pushed.name === refused ? 13 : takesEverything(pushed));
    await stage.world.run(client.append(refused, Buffer.from("more")));
    await stage.world.run(client.upload(Buffer.from("taken")));
    await stage.world.runFor(10_000);
    expect(statusOf(member)).toMatchObject({ state: "caughtUp", parkedRecords: 2 });
    stage.sourceIs(source.address, Math.floor(member.host.world.clock.now() / 1000));
    const peer = await stage.addPeer(PEER, "WAIT_SYNC");
    await stage.world.runFor(2000);
    // What is to be given is on the disk.
    await stage.world.run(member.replication.stop());
    await stage.world.run(member.served.stop());
    await stage.start(member);
    stage.setStatus(PEER, "ACTIVE");
    await stage.world.runUntil(() => peer.records.length > 1);
    await stage.world.runFor(1000);
    expect(peer.records.map((pushed) => [pushed.code, pushed.name])).toEqual([
      [code("syncCreateFile"), refused],
      [code("syncAppendFile"), refused],
    ]);
    await stage.stop();
  });

  it("is asked for again while the peer has no source that begins: then we may be the next one", async () => {
    const stage = await GroupStage.open(1, 1);
    const [member] = stage.members as [Member];
    const client = await stage.connect(member);
    const name = await stage.world.run(client.upload(Buffer.from("content")));
    await stage.world.runFor(2000);
    const seconds = Math.floor(member.host.world.clock.now() / 1000);
    stage.sourceIs("192.0.2.60", seconds);
    const peer = await stage.addPeer(PEER, "WAIT_SYNC");
    await stage.world.runFor(10_000);
    expect(peer.connections).toBe(0);
    stage.sourceIs(member.address, seconds + 5);
    await stage.world.runUntil(() => reportedStatuses(stage).includes("OFFLINE"));
    expect(peer.records.map((pushed) => pushed.name)).toEqual([name]);
    await stage.stop();
  });

  it("is asked for at once when the peer begins anew", async () => {
    const stage = await GroupStage.open(1, 1, { heartBeatIntervalMs: 30_000 });
    const [member] = stage.members as [Member];
    const client = await stage.connect(member);
    const name = await stage.world.run(client.upload(Buffer.from("content")));
    const peer = await stage.addPeer(PEER, "ACTIVE");
    peer.reply = takesEverythingAsOurs;
    await stage.untilReplicated();
    await stage.world.runFor(5000);
    stage.sourceIs(member.address, Math.floor(member.host.world.clock.now() / 1000));
    stage.setStatus(PEER, "WAIT_SYNC");
    await stage.world.runFor(1000);
    expect(reportedStatuses(stage)[0]).toBe("SYNCING");
    expect(peer.records.map((pushed) => pushed.name)).toEqual([name, name]);
    await stage.stop();
  });

  it("is kept over a restart, and cut back if the log lost its end", async () => {
    const { stage, member, client, peer } = await open();
    for (let i = 0; i < 3; i++) await stage.world.run(client.upload(Buffer.from(`file ${i}`)));
    await stage.untilReplicated();
    await stage.world.run(member.replication.stop());
    await stage.world.run(member.served.stop());
    peer.pushed.length = 0;
    const log = `/store/data/sync/binlog.000`;
    const file = member.host.world.disk.open(log, "write");
    file.truncate(logBytes(member) - 40);
    file.close();
    await stage.start(member);
    await stage.world.runFor(100);
    const again = await stage.connect(member);
    const name = await stage.world.run(again.upload(Buffer.from("new")));
    await stage.untilReplicated();
    expect(peer.records.map((pushed) => pushed.name)).toEqual([name]);
    await stage.stop();
  });
});

describe("a peer that is deleted", () => {
  it("is not fed any more, its mark is set aside, and it can come back at once", async () => {
    const { stage, member, client, peer } = await open();
    const name = await stage.world.run(client.upload(Buffer.from("content")));
    await stage.untilReplicated();
    stage.setStatus(PEER, "OFFLINE");
    stage.setStatus(PEER, "DELETED");
    await stage.world.runFor(100);
    const { disk } = member.host.world;
    expect(disk.readDirectory("/store/data/sync").filter((each) => each.startsWith(PEER))).toEqual([
      expect.stringMatching(/^192\.0\.2\.50_23000\.mark\.\d{14}$/),
    ]);
    expect(member.replication.statuses()).toEqual([]);
    expect(peer.open).toBe(0);
    peer.pushed.length = 0;
    stage.sourceIs(member.address, Math.floor(member.host.world.clock.now() / 1000));
    stage.setStatus(PEER, "WAIT_SYNC");
    await stage.world.runUntil(() => reportedStatuses(stage).includes("OFFLINE"));
    expect(peer.records.map((pushed) => pushed.name)).toEqual([name]);
    await stage.stop();
  });
});

describe("the sync window", () => {
  it("is the only time in which anything is pushed", async () => {
    const stage = await GroupStage.open(1, 1, {
      syncStartTime: { hour: 2, minute: 0, second: 0 },
      syncEndTime: { hour: 2, minute: 5, second: 0 },
    });
    const [member] = stage.members as [Member];
    const { wallClock, world } = member.host;
    const localTime = (hour: number, minute: number) => new Date(2026, 10, 22, hour, minute).getTime();
    wallClock.startMs += localTime(1, 57) - world.clock.now();
    const client = await stage.connect(member);
    const peer = await stage.addPeer(PEER, "ACTIVE");
    await stage.world.run(client.upload(Buffer.from("before")));
    await stage.world.runFor(179_000 - (world.clock.now() - localTime(1, 57)));
    expect(peer.connections).toBe(0);
    expect(statusOf(member).reason).toBe("outside of the sync window 02:00-02:05");
    await stage.world.runFor(5000);
    expect(peer.records).toHaveLength(1);
    await stage.world.run(client.upload(Buffer.from("inside")));
    await stage.world.runFor(1000);
    expect(peer.records).toHaveLength(2);
    await stage.world.runFor(300_000);
    expect(peer.open).toBe(0);
    await stage.world.run(client.upload(Buffer.from("behind")));
    await stage.world.runFor(300_000);
    expect(peer.records).toHaveLength(2);
    await stage.stop();
  });
});

function reportedStatuses(stage: GroupStage): string[] {
  const byValue = new Map((["SYNCING", "OFFLINE"] as const).map((status) => [storageStatusValue(status), status]));
  return stage.tracker
    .all("reportStatus")
    .map(({ body }) => byValue.get(trackerCommands.reportStatus.request.decode(body).storage.status) ?? "another");
}

function putFile(member: Member, logicalName: string, content: string): void {
  const path = `/store/path0/data/${logicalName.slice(4)}`;
  const file = member.host.world.disk.open(path, "create");
  file.write(Buffer.from(content), 0, content.length, 0);
  file.close();
}
