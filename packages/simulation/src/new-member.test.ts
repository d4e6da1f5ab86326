// A member that joins a group is complete when it is ACTIVE, whatever happens to the others meanwhile
// (cluster-behaviour.md §4.5, §11.1 W4 and W5, §12 checks 3 and 37).
import { describe, expect, it } from "vitest";

import { MemberStory, sourceOf, statusAt } from "./member-story.ts";
import { heartBeatMs, type SimMember } from "./sim-cluster.ts";

const longMs = 120_000;

function nodeOf(story: MemberStory, { groupName, id }: SimMember) {
  return story.tracker.server!.cluster.findGroup(groupName)!.find(id)!;
}

/** Lets time pass until the member is ACTIVE at the first tracker, and not a moment longer. */
function untilActive(story: MemberStory, member: SimMember): Promise<number> {
  return story.until(() => statusAt(story.tracker, member) === "ACTIVE", longMs);
}

/** Makes the way between two members so slow that a backfill takes many beats. */
function slowDown(story: MemberStory, a: SimMember, b: SimMember): void {
  story.cluster.world.network.setLatency(a.host.address, b.host.address, { minMs: 400, maxMs: 500 });
}

describe("a new member", () => {
  it("waits until its source has what others took before it joined (W4)", async () => {
    const story = await MemberStory.begin("backlog of the source");
    const { network } = story.cluster.world;
    const [source, behind, third] = story.members as [SimMember, SimMember, SimMember];
    network.partition([source.host.address], [behind.host.address]);
    const fileIds = [...(await story.uploadAt(behind, 30)), ...(await story.uploadAt(third, 5))];
    const late = story.cluster.addMember("group1");
    late.process.start();
    await story.until(() => statusAt(story.tracker, late) === "SYNCING", longMs);
    expect(nodeOf(story, late).syncSource?.id).toBe(source.id);
    await story.cluster.world.runFor(60_000);
    expect(statusAt(story.tracker, late)).toBe("SYNCING");
    expect(nodeOf(story, late).reason).toContain(behind.id);
    network.heal();
    await untilActive(story, late);
    expect(story.missing(late, fileIds)).toEqual([]);
    await story.end();
  });

  it("does not wait for a member that is gone, and gets what that one alone had when it is back", async () => {
    const story = await MemberStory.begin("gone with a backlog");
    const { network } = story.cluster.world;
    const [source, gone] = story.members as [SimMember, SimMember];
    network.partition([source.host.address], [gone.host.address]);
    const fileIds = await story.uploadAt(gone, 30);
    gone.process.kill("process");
    const late = story.cluster.addMember("group1");
    late.process.start();
    await untilActive(story, late);
    expect(story.missing(late, fileIds).length).toBe(30);
    network.heal();
    gone.process.start();
    await story.untilSeen(() => story.missing(late, fileIds).length === 0, longMs);
    await story.end();
  });

  it("gets what a member took that was lost while it was being filled, if its source has it", async () => {
    const story = await MemberStory.begin("lost meanwhile");
    const { world } = story.cluster;
    const [source, lost, third] = story.members as [SimMember, SimMember, SimMember];
    const before = [...(await story.uploadAt(source, 200)), ...(await story.uploadAt(lost, 20))];
    const late = story.cluster.addMember("group1");
    slowDown(story, source, late);
    late.process.start();
    await story.until(() => statusAt(story.tracker, late) === "SYNCING", longMs);
    // By its time this belongs to what the member that took it gives; that one waits for the end of the backfill.
    const meanwhile = await story.uploadAt(lost, 20);
    await story.untilSeen(() => story.missing(source, meanwhile).length === 0, longMs);
    expect(statusAt(story.tracker, late)).toBe("SYNCING");
    lost.process.kill("power");
    await story.until(() => statusAt(story.tracker, lost) === "OFFLINE", longMs);
    await story.remove(lost);
    story.cluster.forgetMember(lost);
    await untilActive(story, late);
    expect(story.missing(late, [...before, ...meanwhile])).toEqual([]);
    expect(story.missing(third, meanwhile)).toEqual([]);
    await world.runFor(heartBeatMs);
    await story.end();
  });

  it("stays as it is while its source is down, and is complete when that is back (check 37)", async () => {
    const story = await MemberStory.begin("source down");
    const [source, other] = story.members as [SimMember, SimMember];
    const fileIds = [...(await story.uploadAt(source, 700)), ...(await story.uploadAt(other, 20))];
    const late = story.cluster.addMember("group1");
    slowDown(story, source, late);
    late.process.start();
    await story.untilSeen(() => story.missing(late, fileIds).length < 700, longMs);
    source.process.kill("power");
    await story.cluster.world.runFor(60_000);
    expect(["WAIT_SYNC", "SYNCING"]).toContain(statusAt(story.tracker, late));
    expect(story.missing(late, fileIds).length).toBeGreaterThan(0);
    source.process.start();
    await untilActive(story, late);
    expect(story.missing(late, fileIds)).toEqual([]);
    await story.end();
  });

  it("gets everything from another member when its source is removed in the middle (W5)", async () => {
    const story = await MemberStory.begin("source removed");
    const [source, other] = story.members as [SimMember, SimMember];
    const fileIds = [...(await story.uploadAt(source, 700)), ...(await story.uploadAt(other, 20))];
    await story.untilSeen(() => story.missing(other, fileIds).length === 0, longMs);
    const late = story.cluster.addMember("group1");
    slowDown(story, source, late);
    late.process.start();
    await story.untilSeen(() => story.missing(late, fileIds).length < 700, longMs);
    await story.stop(source);
    await story.remove(source);
    story.cluster.forgetMember(source);
    await untilActive(story, late);
    expect(story.missing(late, fileIds)).toEqual([]);
    expect(nodeOf(story, late).syncSource?.id).toBe(other.id);
    await story.end();
  });

  it("comes back although its source is removed while it is down", async () => {
    const story = await MemberStory.begin("source removed meanwhile");
    const [source] = story.members as [SimMember];
    const fileIds = await story.uploadAt(source, 20);
    const late = story.cluster.addMember("group1");
    late.process.start();
    await untilActive(story, late);
    await story.stop(late);
    await story.stop(source);
    await story.remove(source);
    story.cluster.forgetMember(source);
    late.process.start();
    await untilActive(story, late);
    expect(story.missing(late, fileIds)).toEqual([]);
    await story.end();
  });

  it("is complete although another one is removed and comes back as a new one meanwhile", async () => {
    const story = await MemberStory.begin("removed and back");
    const [source, other, third] = story.members as [SimMember, SimMember, SimMember];
    const fileIds = [...(await story.uploadAt(source, 100)), ...(await story.uploadAt(other, 100))];
    await story.untilSeen(() => story.members.every((each) => story.missing(each, fileIds).length === 0), longMs);
    const late = story.cluster.addMember("group1");
    slowDown(story, source, late);
    late.process.start();
    await story.until(() => statusAt(story.tracker, late) === "SYNCING", longMs);
    fileIds.push(...(await story.uploadAt(other, 10)));
    await story.untilSeen(() => story.missing(source, fileIds).length === 0, longMs);
    await story.stop(other);
    await story.remove(other);
    // It hears of its removal when it starts.
    other.process.start();
    await story.untilSeen(() => other.process.server?.links.states()[0]?.lastError?.kind === "NOT_ACTIVE", longMs);
    await story.rejoin(other);
    const meanwhile = await story.uploadAt(third, 10);
    for (const member of [late, other]) {
      await untilActive(story, member);
      expect(story.missing(member, fileIds)).toEqual([]);
    }
    for (const member of [late, other])
      await story.untilSeen(() => story.missing(member, meanwhile).length === 0, 5000);
    await story.end();
  });

  it("is complete at every tracker, also one that was down while it was filled", async () => {
    const story = await MemberStory.begin("tracker down", { trackers: 2 });
    const { world } = story.cluster;
    const [first, second] = story.cluster.trackers;
    const [source, other] = story.members as [SimMember, SimMember];
    const fileIds = [...(await story.uploadAt(source, 200)), ...(await story.uploadAt(other, 20))];
    const late = story.cluster.addMember("group1");
    slowDown(story, source, late);
    late.process.start();
    await story.until(() => statusAt(first!, late) === "SYNCING", longMs);
    await world.run(second!.stop());
    await world.runFor(5000);
    second!.start();
    const isActiveAt = () => [first, second].some((tracker) => statusAt(tracker!, late) === "ACTIVE");
    await story.until(isActiveAt, longMs);
    expect(story.missing(late, fileIds)).toEqual([]);
    await story.until(() => [first, second].every((tracker) => statusAt(tracker!, late) === "ACTIVE"), longMs);
    await story.end();
  });

  it("is ACTIVE soon although its source never rests", async () => {
    const story = await MemberStory.begin("steady load", { groups: [2] });
    const { world } = story.cluster;
    const [source] = story.members as [SimMember];
    const late = story.cluster.addMember("group1");
    // Something is under way to it at every moment.
    world.network.setLatency(source.host.address, late.host.address, { minMs: 20, maxMs: 30 });
    let isOver = false;
    const fileIds: string[] = [];
    const clients = Array.from({ length: 2 }, () => story.openDirect(source));
    const loads = clients.map(async (client) => {
      while (!isOver) fileIds.push((await client.upload(Buffer.from("load"), { extension: "bin" })).fileId);
    });
    await world.runFor(1000);
    late.process.start();
    await story.until(() => statusAt(story.tracker, late) === "WAIT_SYNC", longMs);
    const before = [...fileIds];
    expect(before.length).toBeGreaterThan(200);
    // Its source hears of it, has everything, says so, and says so again; and it beats.
    expect(await untilActive(story, late)).toBeLessThan(5 * heartBeatMs);
    expect(story.missing(late, before)).toEqual([]);
    isOver = true;
    await world.run(Promise.all(loads));
    for (const client of clients) await client.close();
    await story.untilSeen(() => story.missing(late, fileIds).length === 0, longMs);
    await story.end();
  });

  it.each(Array.from({ length: 25 }, (_, index) => index + 1))(
    "is complete when it is ACTIVE, whatever becomes of the others (seed %i)",
    async (seed) => {
      const story = await MemberStory.begin(`joins ${seed}`);
      const { world } = story.cluster;
      const { random, network } = world;
      const old = [...story.members];
      const fileIds: string[] = [];
      const upload = async () => {
        const member = random.pick(old);
        if (member.process.server !== undefined) fileIds.push(...(await story.uploadAt(member, 1 + random.below(5))));
      };
      const disturb = async () => {
        const [one, other] = [random.pick(old), random.pick(story.members)];
        switch (random.below(6)) {
          case 0:
            one.process.kill("process");
            break;
          case 1:
            if (one !== other) network.partition([one.host.address], [other.host.address]);
            break;
          case 2:
            network.heal();
            break;
          case 3:
            for (const { process } of old) process.start();
            break;
          default:
            await upload();
        }
        await world.runFor(random.below(3000));
      };
      for (const member of old) fileIds.push(...(await story.uploadAt(member, 5)));
      for (let step = 0; step < 6; step++) await disturb();

      const late = story.cluster.addMember("group1");
      let before: string[] | undefined;
      let incomplete: string[] | undefined;
      let owed: string[] = [];
      story.cluster.observeLogs((_host, { message, fields }) => {
        if (message !== "storage.status" || fields.storage !== late.id) return;
        if (fields.to === "WAIT_SYNC") before = [...fileIds];
        // What was stored before it joined, by members that are in service now.
        const serving = old.filter((member) => statusAt(story.tracker, member) === "ACTIVE").map(({ id }) => id);
        if (fields.to === "OFFLINE") owed = before?.filter((fileId) => serving.includes(sourceOf(fileId)!)) ?? [];
        if (fields.to === "ACTIVE") incomplete ??= story.missing(late, owed);
      });
      late.process.start();
      for (let step = 0; step < 12; step++) await disturb();
      network.heal();
      for (const { process } of old) process.start();
      await story.until(() => incomplete !== undefined, longMs);
      expect(incomplete).toEqual([]);
      // And everything is everywhere in the end.
      await story.untilSeen(() => story.members.every((each) => story.missing(each, fileIds).length === 0), longMs);
      await story.end();
    },
  );
});
