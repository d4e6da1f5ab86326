// Acceptance checks of cluster-behaviour.md §12 that are about a whole cluster and have no story elsewhere; docs/TESTING.md says
// where each of the others is. Numbers as there; limits in heart beats (H) of the simulated cluster.
import { describe, expect, it } from "vitest";

import { addressesOf, MemberStory, sourceOf, statusAt } from "./member-story.ts";
import {
  basePath,
  checkActiveMs,
  heartBeatMs,
  SimCluster,
  type SimMember,
  type SimTracker,
  statReportMs,
} from "./sim-cluster.ts";

const longMs = 120_000;

/** Lets time pass until everyone of `members` holds the files; how long it took, to a tenth of a second. */
async function untilHeld(story: MemberStory, members: readonly SimMember[], fileIds: readonly string[]) {
  const { world } = story.cluster;
  const startMs = world.nowMs;
  await story.untilSeen(() => members.every((member) => story.missing(member, fileIds).length === 0), longMs);
  return world.nowMs - startMs;
}

describe("a storage joins", () => {
  it("an empty group: ACTIVE within 2 s of its port opening, and uploads go to it (1)", async () => {
    const cluster = SimCluster.create({ seed: "check 1", groups: [0] });
    const member = cluster.addMember("group1");
    cluster.startAll();
    await cluster.world.runUntil(() => member.process.server !== undefined);
    const openedMs = cluster.world.nowMs;
    await cluster.untilInService();
    // Its disks are reported right behind its first beat.
    await cluster.world.runFor(500);
    const client = cluster.openClient();
    const { fileId } = await cluster.world.run(client.upload(Buffer.from("first"), { extension: "txt" }));
    expect(cluster.world.nowMs - openedMs).toBeLessThanOrEqual(2000);
    expect(sourceOf(fileId)).toBe(member.host.address);
    await client.close();
    await cluster.stop();
  });

  it("as the second one with H = 30 s: WAIT_SYNC at once, ACTIVE within 2 H (2)", async () => {
    const story = await MemberStory.begin("check 2", {
      groups: [1],
      storageConfig: { heartBeatIntervalMs: 30_000 },
      trackerConfig: { checkActiveIntervalMs: 100_000 },
    });
    await story.uploadAt(story.members[0]!, 10);
    const late = story.cluster.addMember("group1");
    late.process.start();
    await story.until(() => late.process.server !== undefined, longMs);
    await story.until(() => statusAt(story.tracker, late) === "WAIT_SYNC", 1000);
    await story.until(() => statusAt(story.tracker, late) === "ACTIVE", 61_000);
    await story.end();
  });

  it("a group with files: in the order of a life, named to nobody before it is ACTIVE, complete then (3)", async () => {
    const story = await MemberStory.begin("check 3", { groups: [2] });
    const { world } = story.cluster;
    const [source, other] = story.members as [SimMember, SimMember];
    const fileIds = [...(await story.uploadAt(source, 300)), ...(await story.uploadAt(other, 300))];
    await untilHeld(story, story.members, fileIds);
    const late = story.cluster.addMember("group1");
    const states: string[] = [];
    story.cluster.observeLogs((_host, { message, fields }) => {
      if (message === "storage.status" && fields.storage === late.id) states.push(String(fields.to));
    });
    world.network.setLatency(source.host.address, late.host.address, { minMs: 300, maxMs: 400 });
    late.process.start();
    const { cluster } = story.client;
    let looks = 0;
    for (; statusAt(story.tracker, late) !== "ACTIVE"; looks++) {
      const fileId = fileIds[(looks * 7) % fileIds.length]!;
      const target = await world.run(cluster.queryStore());
      const update = await world.run(cluster.queryUpdate(fileId));
      const named = [target.endpoint.host, update.host, ...(await story.holders(fileId))];
      if (statusAt(story.tracker, late) === "ACTIVE") break;
      expect(named).not.toContain(late.host.address);
      await world.runFor(50);
    }
    expect(looks).toBeGreaterThan(20);
    expect(story.missing(late, fileIds)).toEqual([]);
    // ONLINE is passed within the beat that makes it ACTIVE.
    expect(states.filter((state) => state !== "ONLINE")).toEqual(["WAIT_SYNC", "SYNCING", "OFFLINE", "ACTIVE"]);
    await story.end();
  });

  it("and takes uploads before it is ACTIVE: they are replicated to the others (4)", async () => {
    const story = await MemberStory.begin("check 4", { groups: [2] });
    const late = story.cluster.addMember("group1");
    late.process.start();
    await story.until(() => statusAt(story.tracker, late) === "WAIT_SYNC", longMs);
    const fileIds = await story.uploadAt(late, 5);
    expect(["WAIT_SYNC", "SYNCING"]).toContain(statusAt(story.tracker, late));
    await untilHeld(story, story.members, fileIds);
    await story.end();
  });
});

describe("an upload is on the others", () => {
  it.each([1, 60])("within 0.3 s, whatever sync_binlog_buff_interval is: %i s (5, 6)", async (seconds) => {
    const storageConfig = { binlogFlushIntervalMs: seconds * 1000 };
    const story = await MemberStory.begin(`check 5 ${seconds}`, { groups: [2], storageConfig });
    const [source, other] = story.members as [SimMember, SimMember];
    for (let round = 0; round < 10; round++) {
      expect(await untilHeld(story, [other], await story.uploadAt(source, 1))).toBeLessThanOrEqual(300);
      await story.cluster.world.runFor(730);
    }
    await story.end();
  });

  it.each(["killed", "stopped"] as const)(
    "although the storage that took it is %s at once, soon after that is back (7, 8)",
    async (how) => {
      const storageConfig = { binlogFlushIntervalMs: 60_000 };
      const story = await MemberStory.begin(`check 7 ${how}`, { groups: [2], storageConfig });
      const { world } = story.cluster;
      const [source, other] = story.members as [SimMember, SimMember];
      world.network.partition([source.host.address], [other.host.address]);
      const fileIds = await story.uploadAt(source, 5);
      if (how === "killed") source.process.kill("process");
      else await world.run(source.process.stop());
      world.network.heal();
      expect(story.missing(other, fileIds)).toEqual(fileIds);
      source.process.start();
      expect(await untilHeld(story, [other], fileIds)).toBeLessThanOrEqual(heartBeatMs + 6000);
      await story.end();
    },
  );
});

describe("a storage whose network is cut", () => {
  it("is out of service before check_active_interval, and back with its next beat (14)", async () => {
    const story = await MemberStory.begin("check 14", { groups: [2] });
    const { world } = story.cluster;
    const victim = story.members[0]!;
    world.network.partition([victim.host.address], [story.tracker.host.address]);
    await story.until(() => statusAt(story.tracker, victim) === "OFFLINE", checkActiveMs);
    world.network.heal();
    await story.until(() => statusAt(story.tracker, victim) === "ACTIVE", heartBeatMs + 1000);
    await story.end();
  });
});

describe("uploads", () => {
  it("go to two groups by turns, to the living one, to nobody (28)", async () => {
    const story = await MemberStory.begin("check 28", {
      groups: [1, 1],
      trackerConfig: { groupChoice: "round-robin" },
    });
    const { world } = story.cluster;
    const groupOf = async () => (await world.run(story.client.cluster.queryStore())).groupName;
    const groups = async () => [await groupOf(), await groupOf(), await groupOf(), await groupOf()];
    expect((await groups()).sort()).toEqual(["group1", "group1", "group2", "group2"]);
    await story.stop(story.cluster.membersOf("group1")[0]!);
    expect(await groups()).toEqual(Array(4).fill("group2"));
    await story.stop(story.cluster.membersOf("group2")[0]!);
    expect(await story.refusal(story.client.cluster.queryStore())).toBe("NOT_FOUND");
    await story.end();
  });

  it("go to the group with most space, once that is reported (29)", async () => {
    const story = await MemberStory.begin("check 29", { groups: [1, 1], trackerConfig: { groupChoice: "most-free" } });
    const { world } = story.cluster;
    const groupOf = async () => (await world.run(story.client.cluster.queryStore())).groupName;
    const first = await groupOf();
    const [member] = story.cluster.membersOf(first);
    const direct = story.openDirect(member!);
    for (let file = 0; file < 3; file++) await world.run(direct.upload(Buffer.alloc(1_000_000, file)));
    const filledMs = world.nowMs;
    while ((await groupOf()) === first) {
      expect(world.nowMs - filledMs).toBeLessThanOrEqual(statReportMs + 1000);
      await world.runFor(100);
    }
    await direct.close();
    await story.end();
  });

  it("and reads keep to the rw modes of the id list; all members get every file (30)", async () => {
    const modes = ["both", "read", "write", "none"] as const;
    const storageIds = modes.map((rwMode, index) => ({
      id: 101 + index,
      groupName: "group1",
      hosts: [`10.0.1.${index + 1}`],
      port: 23_000,
      rwMode,
    }));
    const story = await MemberStory.begin("check 30", { groups: [4], usesIds: true, trackerConfig: { storageIds } });
    const { world } = story.cluster;
    const [both, read, write] = addressesOf(story.members);
    expect(story.members.map((member) => statusAt(story.tracker, member))).toEqual(Array(4).fill("ACTIVE"));
    const targets: string[] = [];
    for (let look = 0; look < 4; look++)
      targets.push((await world.run(story.client.cluster.queryStore())).endpoint.host);
    expect(targets.sort()).toEqual([both, both, write, write]);
    const fileIds: string[] = [];
    for (let file = 0; file < 4; file++) {
      fileIds.push((await world.run(story.client.upload(Buffer.from(`file ${file}`), { extension: "txt" }))).fileId);
    }
    await untilHeld(story, story.members, fileIds);
    for (const fileId of fileIds) await story.untilHolders(fileId, [both!, read!], 3 * heartBeatMs);
    await story.end();
  });
});

describe("an appender file", () => {
  it("is the same on the others within a second of each change (32)", async () => {
    const story = await MemberStory.begin("check 32", { groups: [2] });
    const { world } = story.cluster;
    const [source, other] = story.members as [SimMember, SimMember];
    const client = story.openDirect(source);
    const { fileId } = await world.run(client.upload(Buffer.from("0123456789"), { extension: "log", appender: true }));
    for (const change of [
      () => client.append(fileId, Buffer.from("abc")),
      () => client.modify(fileId, 2, Buffer.from("XY")),
      () => client.truncate(fileId, 5),
    ]) {
      await world.run(change());
      await world.runFor(1000);
      expect(story.content(other, fileId)).toEqual(story.content(source, fileId));
    }
    expect(story.content(other, fileId)?.toString()).toBe("01XY4");
    await client.close();
    await story.end();
  });

  it("that a member has lost is there again as a whole after the next append (33)", async () => {
    const story = await MemberStory.begin("check 33", { groups: [2] });
    const { world } = story.cluster;
    const [source, other] = story.members as [SimMember, SimMember];
    const client = story.openDirect(source);
    const { fileId } = await world.run(client.upload(Buffer.from("0123456789"), { extension: "log", appender: true }));
    await untilHeld(story, [other], [fileId]);
    other.host.world.disk.unlink(`/fastdfs/data/${fileId.slice("group1/M00/".length)}`);
    expect(story.content(other, fileId)).toBeUndefined();
    await world.run(client.append(fileId, Buffer.from("abc")));
    await world.runFor(1000);
    expect(story.content(other, fileId)?.toString()).toBe("0123456789abc");
    await client.close();
    await story.end();
  });
});

describe("the address of a storage that is down changes", () => {
  it("it goes on under the new one, with its files and its place in the logs of the others (36)", async () => {
    const story = await MemberStory.begin("check 36", { trackers: 2, trackerConfig: { adjustChangedAddress: true } });
    const { cluster } = story;
    const [first, before, third] = story.members as [SimMember, SimMember, SimMember];
    const fileIds: string[] = [];
    for (const member of story.members) fileIds.push(...(await story.uploadAt(member, 20)));
    await untilHeld(story, story.members, fileIds);
    // Marks are written.
    await cluster.world.runFor(checkActiveMs);
    await story.stop(before);
    fileIds.push(...(await story.uploadAt(first, 5)));

    const moved = cluster.moveMember(before, "10.0.1.200");
    moved.process.start();
    const isMoved = (tracker: SimTracker) =>
      statusAt(tracker, moved) === "ACTIVE" && statusAt(tracker, before) === "IP_CHANGED";
    await story.until(() => cluster.trackers.every(isMoved), 3000);

    // What was uploaded while it was away, and what is uploaded now.
    await untilHeld(story, [moved], fileIds);
    const ofMoved = await story.uploadAt(moved, 5);
    const fresh = [...(await story.uploadAt(first, 5)), ...ofMoved];
    expect(await untilHeld(story, [first, moved, third], fresh)).toBeLessThanOrEqual(heartBeatMs + 2000);
    expect(ofMoved.map(sourceOf)).toEqual(Array(5).fill("10.0.1.200"));

    const all = [...fileIds, ...fresh];
    const untilAllReadEverywhere = async () => {
      for (const fileId of all) await story.untilHolders(fileId, addressesOf(story.members), 3 * heartBeatMs);
    };
    await untilAllReadEverywhere();
    // Its mark is the old one: nothing was pushed twice.
    await cluster.world.runFor(checkActiveMs);
    const folder = `${basePath}/data/sync`;
    const { disk } = first.host.world;
    const marks = disk.readDirectory(folder).filter((name) => name.endsWith(".mark"));
    expect(marks.sort()).toEqual(["10.0.1.200_23000.mark", `${third.host.address}_23000.mark`]);
    expect(disk.readFile(`${folder}/10.0.1.200_23000.mark`).toString()).toMatch(/^sync_row_count=30$/m);

    // The names of its old files tell the old address, also to trackers that have no record of it any more.
    for (const tracker of cluster.trackers) await cluster.world.run(tracker.stop());
    for (const tracker of cluster.trackers) tracker.start();
    await cluster.untilInService();
    await untilAllReadEverywhere();

    // And back.
    await story.stop(moved);
    const back = cluster.moveMember(moved, before.host.address);
    back.process.start();
    await story.until(() => cluster.trackers.every((tracker) => statusAt(tracker, back) === "ACTIVE"), 3000);
    await untilAllReadEverywhere();
    await story.end();
  });
});
