// Membership, read eligibility and explanations with the real servers on virtual time: the acceptance checks of
// cluster-behaviour.md §12 that are about them, and the weaknesses of §11.1 that are ended.
import { describe, expect, it } from "vitest";
import { addressesOf, MemberStory, sourceOf, statusAt } from "./member-story.ts";
import { basePath, checkActiveMs, heartBeatMs, SimCluster, type SimMember, type SimTracker } from "./sim-cluster.ts";

/** How long replication, and the report of it, may take. */
const shortMs = 2000;

describe("readers are sent where the file is", () => {
  it("a lone file is read everywhere soon, not only after storage_sync_file_max_time (checks 9 and 10, W10)", async () => {
    const story = await MemberStory.begin("lone file");
    const fileId = await story.upload(story.members[0]!);
    expect(await story.holders(fileId)).toEqual([story.members[0]!.host.address]);
    await story.untilHolders(fileId, addressesOf(story.members), heartBeatMs + shortMs);
    await story.end();
  });

  it("a source that is quiet holds nobody's readers back (check 11, W9)", async () => {
    const story = await MemberStory.begin("quiet source");
    const { world } = story.cluster;
    const [busy, quiet, third] = story.members as [SimMember, SimMember, SimMember];
    const others = [busy.host.address, third.host.address];
    const old = await story.upload(quiet);
    await story.untilHolders(old, addressesOf(story.members), heartBeatMs + shortMs);
    // From now on nothing more is heard of what it gives, and yet it is in service.
    world.network.partition([quiet.host.address], others);
    await world.runFor(60_000);
    expect(statusAt(story.tracker, quiet)).toBe("ACTIVE");
    for (let round = 0; round < 3; round++) {
      const fresh = await story.upload(busy);
      await story.untilHolders(fresh, others, heartBeatMs + shortMs);
    }
    await story.end();
  });

  it("never to a member without it: neither before it has it, nor when its source is gone (W11)", async () => {
    // C's times, after which a file counts as replicated whatever has happened.
    const trackerConfig = { syncFileMaxTimeMs: 5000, syncFileMaxDelayMs: 30_000 };
    const story = await MemberStory.begin("nobody else", { trackerConfig });
    const { world } = story.cluster;
    const [source, second, third] = story.members as [SimMember, SimMember, SimMember];
    const others = [second.host.address, third.host.address];
    world.network.partition([source.host.address], others);
    const fileId = await story.upload(source);
    for (let look = 0; look < 40; look++) {
      await world.runFor(500);
      expect(await story.holders(fileId)).toEqual([source.host.address]);
    }
    source.process.kill("process");
    await world.runFor(1000);
    expect(await story.holders(fileId)).toEqual([]);
    await world.runFor(60_000);
    expect(await story.holders(fileId)).toEqual([]);
    world.network.heal();
    source.process.start();
    await story.untilHolders(fileId, addressesOf(story.members), 60_000);
    await story.end();
  }, 60_000);

  it("what was appended to is read at its source, and elsewhere when that is gone", async () => {
    const story = await MemberStory.begin("appender");
    const { world } = story.cluster;
    const { fileId } = await world.run(story.client.upload(Buffer.from("1"), { extension: "log", appender: true }));
    await world.run(story.client.append(fileId, Buffer.from("2")));
    const source = story.members.find(({ host }) => host.address === sourceOf(fileId))!;
    await world.runFor(2 * heartBeatMs + shortMs);
    expect(await story.holders(fileId)).toEqual([source.host.address]);
    source.process.kill("process");
    await world.runFor(1000);
    expect((await story.holders(fileId)).length).toBe(2);
    const bytes = await world.run(story.client.download(fileId).then((download) => download.bytes()));
    expect(bytes.toString()).toBe("12");
    await story.end();
  });

  it("what the tracker knew of replication survives its restart", async () => {
    const story = await MemberStory.begin("tracker restarts");
    const fileId = await story.upload(story.members[0]!);
    await story.untilHolders(fileId, addressesOf(story.members), heartBeatMs + shortMs);
    const source = story.members[0]!;
    await story.stop(source);
    await story.cluster.world.run(story.tracker.stop());
    story.tracker.start();
    const others = story.members.slice(1);
    await story.until(() => others.every((each) => statusAt(story.tracker, each) === "ACTIVE"), 60_000);
    expect(await story.holders(fileId)).toEqual(addressesOf(others));
    await story.end();
  });
});

describe("a storage that fails", () => {
  it("is out of service at once when it is killed (check 12), and back at once with what it missed (check 15)", async () => {
    const story = await MemberStory.begin("killed");
    const [victim, source] = story.members as [SimMember, SimMember];
    victim.process.kill("process");
    await story.until(() => statusAt(story.tracker, victim) === "OFFLINE", 100);
    await story.cluster.world.runFor(10_000);
    const missed = await story.upload(source);
    victim.process.start();
    await story.until(() => statusAt(story.tracker, victim) === "ACTIVE", 1000);
    await story.untilHolders(missed, addressesOf(story.members), heartBeatMs + 6000);
    await story.end();
  });

  it("is out of service before check_active_interval when it hangs, and back with its next beat (W12)", async () => {
    const story = await MemberStory.begin("hangs");
    const victim = story.members[0]!;
    const thaw = victim.host.freeze();
    expect(await story.until(() => statusAt(story.tracker, victim) === "OFFLINE", checkActiveMs)).toBeGreaterThan(4000);
    const node = story.tracker.server!.cluster.findGroup("group1")!.find(victim.id)!;
    expect(node.reason).toMatch(/no report for \d+ s, and it does not answer/);
    thaw();
    await story.until(() => statusAt(story.tracker, victim) === "ACTIVE", heartBeatMs + 1000);
    await story.end();
  });

  it("that the tracker cannot reach at all is judged by its beats alone", async () => {
    // They wait for the tracker for longer than it waits for them.
    const storageConfig = { networkTimeoutMs: 60_000 };
    const trackerConfig = { checkActiveIntervalMs: 30_000 };
    const cluster = SimCluster.create({ seed: "one way", groups: [2], storageConfig, trackerConfig });
    const { world } = cluster;
    const [tracker] = cluster.trackers as [SimTracker];
    const [hidden, reached] = cluster.members as [SimMember, SimMember];
    // Behind a firewall: it joins and reports as ever, but nobody is let in to it.
    world.network.block(tracker.host.address, hidden.host.address);
    cluster.startAll();
    await cluster.untilInService();
    await world.runFor(4 * heartBeatMs);
    const toldSince = tracker.server!.cluster.findGroup("group1")!.find(hidden.id)!.statusSince;
    // Longer than a tracker waits before it asks, shorter than the silence that ends everybody's service.
    for (const { host } of [hidden, reached]) world.network.stall(host.address, tracker.host.address, 20_000);
    await world.runFor(19_000);
    expect([hidden, reached].map((each) => statusAt(tracker, each))).toEqual(["ACTIVE", "OFFLINE"]);
    await world.runFor(60_000);
    expect(tracker.server!.cluster.findGroup("group1")!.find(hidden.id)!.statusSince).toBe(toldSince);
    await cluster.stop();
  });
});

describe("a removed storage", () => {
  it("is gone at every tracker and every member, and cannot be removed twice (check 22)", async () => {
    const story = await MemberStory.begin("removed");
    const [victim, other] = story.members as [SimMember, SimMember];
    expect(await story.refusal(story.client.cluster.deleteStorage("group1", victim.id))).toBe("BUSY");
    expect(await story.refusal(story.client.cluster.deleteStorage("group1", "10.9.9.9"))).toBe("NOT_FOUND");
    await story.upload(other);
    await story.stop(victim);
    expect((await story.remove(victim)).map(({ error }) => error)).toEqual([undefined]);
    expect(await story.refusal(story.client.cluster.deleteStorage("group1", victim.id))).toBe("ALREADY_DONE");
    const marks = () =>
      other.host.world.disk.readDirectory(`${basePath}/data/sync`).filter((name) => name.includes(victim.id));
    await story.until(() => marks().every((name) => !name.endsWith(".mark")), heartBeatMs + 1000);
    expect(marks().length).toBeGreaterThan(0);
    await story.end();
  });

  it("of a group that has no others lets the group be deleted, without a restart (check 23, W31)", async () => {
    const story = await MemberStory.begin("last one", { groups: [1, 1] });
    const victim = story.cluster.membersOf("group2")[0]!;
    await story.stop(victim);
    expect(await story.refusal(story.client.cluster.deleteGroup("group2"))).toBe("BUSY");
    await story.remove(victim);
    expect(await story.refusal(story.client.cluster.deleteGroup("group2"))).toBeUndefined();
    expect(story.tracker.server!.cluster.groups.map(({ name }) => name)).toEqual(["group1"]);
    await story.end();
  });

  it("stays away: also from a tracker that was down then, and after all restarts; it keeps its data and says why", async () => {
    const story = await MemberStory.begin("stays away", { trackers: 2 });
    const { world } = story.cluster;
    const [first, second] = story.cluster.trackers as [SimTracker, SimTracker];
    const [victim, other] = story.members as [SimMember, SimMember];
    const fileId = await story.upload(victim);
    await story.untilHolders(fileId, addressesOf(story.members), heartBeatMs + shortMs);
    await story.stop(victim);
    await world.run(second.stop());
    const outcomes = await story.remove(victim);
    expect(outcomes.map(({ error }) => error === undefined)).toEqual([true, false]);
    // The one that knows is restarted, and so forgets the record, and the one that does not know comes back.
    await world.run(first.stop());
    first.start();
    second.start();
    await story.until(() => [first, second].every((each) => statusAt(each, other) === "ACTIVE"), 60_000);
    await story.until(() => statusAt(second, victim) === "DELETED", 2 * heartBeatMs);
    victim.process.start();
    await story.until(() => victim.process.server !== undefined, 60_000);
    for (let look = 0; look < 60; look++) {
      await world.runFor(1000);
      expect([first, second].map((each) => statusAt(each, victim))).not.toContain("ACTIVE");
    }
    const { links } = victim.process.server!;
    for (const { state, reason } of links.states()) {
      expect(state).toBe("RESTING");
      expect(reason).toMatch(/an administrator removed storage .* --rejoin/);
    }
    const direct = story.cluster.openClient({ storageAddress: () => ({ host: victim.host.address, port: 23000 }) });
    expect(await story.refusal(direct.download(fileId).then((download) => download.bytes()))).toBe("NOT_ACTIVE");
    expect(await story.refusal(direct.upload(Buffer.from("x")))).toBe("NOT_ACTIVE");
    // Removed is removed, also if no tracker can be asked whether it was.
    await world.run(victim.process.stop());
    victim.process.start();
    await story.until(() => victim.process.server !== undefined, 60_000);
    await world.runFor(10_000);
    expect([first, second].map((each) => statusAt(each, victim))).not.toContain("ACTIVE");

    // …until a person wants it back: it comes as a new member, and gets what was stored meanwhile.
    const meanwhile = await story.upload(other);
    const kept = await story.rejoin(victim);
    expect(kept.length).toBe(1);
    await story.until(() => [first, second].every((each) => statusAt(each, victim) === "ACTIVE"), 120_000);
    await story.untilHolders(meanwhile, addressesOf(story.members), 60_000);
    await story.untilHolders(fileId, addressesOf(story.members), 60_000);
    await direct.close();
    await story.end();
  }, 60_000);

  it("leaves while it is connected and being filled: no beat brings it back (W27)", async () => {
    const story = await MemberStory.begin("W27", { groups: [1] });
    const { world } = story.cluster;
    const [source] = story.members as [SimMember];
    await story.upload(source);
    const late = story.cluster.addMember("group1");
    // Nobody fills it: its source cannot reach it.
    world.network.partition([source.host.address], [late.host.address]);
    late.process.start();
    await story.until(() => statusAt(story.tracker, late) === "WAIT_SYNC", 60_000);
    await story.remove(late);
    for (let look = 0; look < 40; look++) {
      await world.runFor(500);
      expect(statusAt(story.tracker, late)).toBe("DELETED");
    }
    expect(late.process.server!.links.states()[0]!.reason).toMatch(/an administrator removed/);
    await story.end();
  });
});

describe("a storage with new directories under an old id", () => {
  it("is filled again, also where a tracker did not hear of it", async () => {
    const story = await MemberStory.begin("new directories", { trackers: 2 });
    const { world } = story.cluster;
    const [first, second] = story.cluster.trackers as [SimTracker, SimTracker];
    const [victim, other] = story.members as [SimMember, SimMember];
    const fileId = await story.upload(other);
    await story.untilHolders(fileId, addressesOf(story.members), heartBeatMs + shortMs);
    await story.stop(victim);
    await world.run(second.stop());
    const { disk } = victim.host.restart();
    disk.rename(`${basePath}/data`, `${basePath}/lost`);
    victim.host.crash("process");
    victim.process.start();
    await story.until(() => statusAt(first, victim) === "ACTIVE", 120_000);
    second.start();
    await story.until(() => statusAt(second, victim) === "ACTIVE", 120_000);
    await story.untilHolders(fileId, addressesOf(story.members), 60_000);
    await story.end();
  }, 60_000);
});

describe("an explanation", () => {
  it("says why a member is not in service, how far it is, and by how much each is behind", async () => {
    const story = await MemberStory.begin("explained", { groups: [2] });
    const { world } = story.cluster;
    const [first, second] = story.members as [SimMember, SimMember];
    for (let count = 0; count < 20; count++) await story.upload(first);
    await world.runFor(2 * heartBeatMs);
    const calm = await world.run(story.client.explain());
    expect(calm.isFromTracker).toBe(true);
    const [group] = calm.groups;
    expect(group!.storages.map(({ status, reportsReplication }) => [status, reportsReplication])).toEqual([
      ["ACTIVE", true],
      ["ACTIVE", true],
    ]);
    expect(group!.replication.map(({ state, lagSeconds, lagBytes }) => [state, lagSeconds, lagBytes])).toEqual([
      ["caughtUp", 0, 0],
      ["caughtUp", 0, 0],
    ]);

    // A member that nobody can reach: what is not replicated is seen in the matrix.
    world.network.partition([first.host.address], [second.host.address]);
    await story.upload(first);
    await world.runFor(10_000);
    const cut = (await world.run(story.client.explain("group1"))).groups[0]!;
    const link = cut.replication.find(({ sourceId }) => sourceId === first.id)!;
    expect(link.lagSeconds).toBeGreaterThan(5);
    expect(link.lagBytes).toBeGreaterThan(0);
    expect(link.reason).not.toBe("");
    world.network.heal();

    await story.stop(second);
    const stopped = (await world.run(story.client.explain("group1"))).groups[0]!;
    expect(stopped.storages.find(({ storageId }) => storageId === second.id)).toMatchObject({
      status: "OFFLINE",
      reason: "its connection closed",
    });
    await story.remove(second);
    const removed = (await world.run(story.client.explain("group1"))).groups[0]!;
    expect(removed.removed.map(({ storageId }) => storageId)).toEqual([second.id]);
    await story.end();
  });

  it("shows how much of the old files a new member has", async () => {
    const story = await MemberStory.begin("progress", { groups: [1] });
    const { world } = story.cluster;
    for (let count = 0; count < 300; count++) await story.upload(story.members[0]!);
    const late = story.cluster.addMember("group1");
    // So slow that it takes some beats.
    world.network.setLatency(story.members[0]!.host.address, late.host.address, { minMs: 300, maxMs: 400 });
    late.process.start();
    const seen: { readonly doneBytes: number; readonly totalBytes: number }[] = [];
    for (let look = 0; look < 600 && statusAt(story.tracker, late) !== "ACTIVE"; look++) {
      await world.runFor(500);
      const explained = await world.run(story.client.explain("group1"));
      const own = explained.groups[0]!.storages.find(({ storageId }) => storageId === late.id);
      if (own?.progress !== undefined) seen.push(own.progress);
    }
    expect(statusAt(story.tracker, late)).toBe("ACTIVE");
    expect(seen.length).toBeGreaterThan(0);
    for (const [at, { doneBytes, totalBytes }] of seen.entries()) {
      expect(doneBytes).toBeLessThanOrEqual(totalBytes);
      expect(doneBytes).toBeGreaterThanOrEqual(seen[at - 1]?.doneBytes ?? 0);
    }
    await story.end();
  }, 60_000);
});
