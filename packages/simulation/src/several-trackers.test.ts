// Several trackers on virtual time: who leads, how long it takes, and that never two act for long
// (cluster-behaviour.md §7, §12 checks 16 to 20).
import { describe, expect, it } from "vitest";
import { storedFiles } from "./disk-view.ts";
import { SimCluster, type SimClusterOptions, type SimTracker } from "./sim-cluster.ts";

const heartBeatMs = 3000;
/** How long a leader may act without a majority (packages/tracker/src/limits.ts). */
const leaseMs = 4000;
const lookMs = 50;

/** A cluster whose leaders are watched. */
class Watched {
  readonly cluster: SimCluster;
  /** Virtual time that two trackers at once have acted as leader, without a break. */
  longestDoubleLeadMs = 0;
  readonly events: { atMs: number; tracker: string; event: string }[] = [];
  readonly #frozen = new Set<SimTracker>();
  #doubleSinceMs: number | undefined;

  constructor(options: SimClusterOptions) {
    this.cluster = SimCluster.create(options);
    this.cluster.observeLogs((host, { message }) => {
      const isTracker = this.cluster.trackers.some((tracker) => tracker.host === host);
      if (isTracker) this.events.push({ atMs: this.cluster.world.nowMs, tracker: host.address, event: message });
    });
  }

  static async start(options: SimClusterOptions): Promise<Watched> {
    const watched = new Watched(options);
    watched.cluster.startAll();
    await watched.cluster.untilInService();
    await watched.until(() => watched.agreed !== undefined, 20_000);
    return watched;
  }

  /** The trackers that act as leaders now. One that stands still does nothing. */
  get acting(): SimTracker[] {
    return this.cluster.trackers.filter(
      (tracker) => !this.#frozen.has(tracker) && tracker.server?.cluster.leadership.isLeader === true,
    );
  }

  /** The one leader that all running trackers name. */
  get agreed(): string | undefined {
    const named = this.cluster.trackers
      .filter(({ server }) => server !== undefined)
      .map(({ server }) => server!.cluster.leadership.leader?.hosts[0]);
    return this.acting.length === 1 && new Set(named).size === 1 ? named[0] : undefined;
  }

  get leader(): SimTracker {
    return this.acting[0]!;
  }

  async run(durationMs: number): Promise<void> {
    const { world } = this.cluster;
    const endMs = world.nowMs + durationMs;
    while (world.nowMs < endMs) await this.#look();
  }

  /** Returns how long it took. */
  async until(condition: () => boolean, limitMs: number): Promise<number> {
    const { world } = this.cluster;
    const startMs = world.nowMs;
    while (!condition()) {
      if (world.nowMs - startMs > limitMs) throw new Error(`not within ${limitMs} ms: ${String(condition)}`);
      await this.#look();
    }
    return world.nowMs - startMs;
  }

  untilAgreed(limitMs: number): Promise<number> {
    return this.until(() => this.agreed !== undefined, limitMs);
  }

  /** Stops the process, as a signal does. Returns how to let it go on. */
  freeze(tracker: SimTracker): () => void {
    const thaw = tracker.host.freeze();
    this.#frozen.add(tracker);
    return () => {
      this.#frozen.delete(tracker);
      thaw();
    };
  }

  since(atMs: number, event: string): number[] {
    return this.events.filter((one) => one.event === event && one.atMs >= atMs).map((one) => one.atMs - atMs);
  }

  async #look(): Promise<void> {
    const { world } = this.cluster;
    await world.runFor(lookMs);
    if (this.acting.length < 2) {
      this.#doubleSinceMs = undefined;
      return;
    }
    this.#doubleSinceMs ??= world.nowMs;
    this.longestDoubleLeadMs = Math.max(this.longestDoubleLeadMs, world.nowMs - this.#doubleSinceMs);
  }
}

describe("fresh trackers", () => {
  it.each([1, 2, 3, 4, 5])("%i of them agree on the largest address within 2 s of the first join", async (trackers) => {
    const watched = new Watched({ seed: `fresh ${trackers}`, trackers, groups: [0] });
    const { cluster } = watched;
    const member = cluster.addMember("group1");
    for (const tracker of cluster.trackers) tracker.start();
    await watched.run(5000);
    expect(cluster.trackers.map(({ server }) => server!.cluster.leadership.state)).toEqual(
      Array(trackers).fill("UNINTRODUCED"),
    );
    member.process.start();
    await watched.until(() => cluster.trackers.every(({ server }) => server!.cluster.groups.length > 0), 10_000);
    expect(await watched.untilAgreed(2000)).toBeLessThanOrEqual(2000);
    expect(watched.agreed).toBe(`10.0.0.${trackers}`);
    await cluster.stop();
  });
});

describe("monitoring", () => {
  it("shows all trackers, whichever is asked: the leader, the followers, and those that are silent", async () => {
    const watched = await Watched.start({ seed: "monitor", trackers: 3, groups: [1] });
    const { cluster } = watched;
    await watched.run(3000);
    const client = cluster.openClient();
    const look = async () => {
      const stats = await cluster.world.run(client.cluster.trackerStat());
      return stats.map(({ address, isLeader, isActive }) => [address, isLeader, isActive]);
    };
    expect(await look()).toEqual([
      ["10.0.0.1:22122", false, true],
      ["10.0.0.2:22122", false, true],
      ["10.0.0.3:22122", true, true],
    ]);
    expect(await cluster.world.run(client.cluster.leader())).toBe("10.0.0.3:22122");
    cluster.trackers[0]!.kill("power");
    await watched.run(5000);
    expect(await look()).toEqual([
      ["10.0.0.1:22122", false, false],
      ["10.0.0.2:22122", false, true],
      ["10.0.0.3:22122", true, true],
    ]);
    await client.close();
    await cluster.stop();
  });
});

describe("a leader that is killed", () => {
  it("is forgotten after 7 s and replaced after 8, and clients of the others notice nothing", async () => {
    const watched = await Watched.start({ seed: "killed", trackers: 3, groups: [2] });
    const { cluster } = watched;
    const { world } = cluster;
    const old = watched.leader;
    const others = cluster.trackers.filter((tracker) => tracker !== old).map(({ host }) => `${host.address}:22122`);
    const client = cluster.openClient({ trackers: others });
    const killedAtMs = world.nowMs;
    old.kill("process");
    let uploads = 0;
    const uploading = (async () => {
      for (; watched.agreed === undefined; uploads++) {
        await client.upload(Buffer.from(`file ${uploads}`), { extension: "txt" });
        await new Promise<void>((resolve) => world.after(100, resolve));
      }
    })();
    const tookMs = await watched.untilAgreed(10_000);
    await world.run(uploading);
    expect(uploads).toBeGreaterThan(50);
    expect(tookMs).toBeGreaterThan(6000);
    expect(tookMs).toBeLessThanOrEqual(8500);
    const forgotten = watched.since(killedAtMs, "leader.lost");
    expect(forgotten.length).toBe(2);
    for (const afterMs of forgotten) expect(Math.abs(afterMs - 6500)).toBeLessThan(700);
    expect(watched.longestDoubleLeadMs).toBe(0);

    // It comes back as a follower: the lead does not fall back to it.
    const leader = watched.agreed;
    old.start();
    await watched.until(() => old.server?.cluster.leadership.state === "FOLLOWING", heartBeatMs + 3000);
    await watched.run(30_000);
    expect(watched.agreed).toBe(leader);
    await client.close();
    await cluster.stop();
  });

  it("is replaced when its host is gone, so that nobody even refuses a connection", async () => {
    const watched = await Watched.start({ seed: "dark", trackers: 3, groups: [1] });
    watched.leader.kill("power");
    expect(await watched.untilAgreed(25_000)).toBeLessThanOrEqual(25_000);
    expect(watched.longestDoubleLeadMs).toBe(0);
    await watched.cluster.stop();
  });

  it("of two is replaced by the other", async () => {
    const watched = await Watched.start({ seed: "of two", trackers: 2, groups: [1] });
    watched.leader.kill("power");
    await watched.untilAgreed(25_000);
    await watched.cluster.stop();
  });
});

describe("two of three trackers", () => {
  it("that were killed leave the third one leading: their hosts refuse connections", async () => {
    const watched = await Watched.start({ seed: "two killed", trackers: 3, groups: [1] });
    const survivor = watched.cluster.trackers.find((tracker) => tracker !== watched.leader)!;
    for (const tracker of watched.cluster.trackers) if (tracker !== survivor) tracker.kill("process");
    await watched.untilAgreed(15_000);
    await watched.run(20_000);
    expect(watched.agreed).toBe(survivor.host.address);
    await watched.cluster.stop();
  });

  it("that cannot be reached leave no leader, and the data path works", async () => {
    const watched = await Watched.start({ seed: "two dark", trackers: 3, groups: [1] });
    const { cluster } = watched;
    const survivor = watched.leader;
    for (const tracker of cluster.trackers) if (tracker !== survivor) tracker.kill("power");
    await watched.until(() => watched.acting.length === 0, leaseMs + 3000);
    const atMs = cluster.world.nowMs;
    const client = cluster.openClient({ trackers: [`${survivor.host.address}:22122`] });
    await cluster.world.run(client.upload(Buffer.from("still here"), { extension: "txt" }));
    await watched.run(60_000);
    expect(watched.acting).toEqual([]);
    // It is said once, not once per attempt.
    expect(watched.since(atMs, "leader.none").length).toBeLessThanOrEqual(2);
    for (const tracker of cluster.trackers) tracker.start();
    await watched.untilAgreed(25_000);
    await client.close();
    await cluster.stop();
  });
});

describe("a leader that stands still", () => {
  it.each([2, 3])(
    "with TCP still accepting is replaced (%i trackers), and gives way when it goes on",
    async (trackers) => {
      const watched = await Watched.start({ seed: `frozen ${trackers}`, trackers, groups: [2] });
      const old = watched.leader;
      const thaw = watched.freeze(old);
      const others = () => watched.cluster.trackers.filter((tracker) => tracker !== old);
      const tookMs = await watched.until(
        () =>
          watched.acting.length === 1 &&
          others().every(
            ({ server }) =>
              server!.cluster.leadership.leader !== undefined &&
              server!.cluster.leadership.leader.hosts[0] !== old.host.address,
          ),
        25_000,
      );
      expect(tookMs).toBeGreaterThan(leaseMs);
      await watched.run(20_000);
      const leader = watched.leader;
      thaw();
      await watched.untilAgreed(20_000);
      if (trackers === 3) {
        expect(watched.longestDoubleLeadMs).toBeLessThanOrEqual(leaseMs);
        expect(watched.agreed).toBe(leader.host.address);
      }
      await watched.cluster.stop();
    },
  );

  it("for less than its lease goes on leading", async () => {
    const watched = await Watched.start({ seed: "hiccup", trackers: 3, groups: [1] });
    const { leader } = watched;
    const atMs = watched.cluster.world.nowMs;
    const thaw = watched.freeze(leader);
    await watched.run(1500);
    thaw();
    await watched.run(15_000);
    expect([watched.agreed, watched.since(atMs, "leader.lost")]).toEqual([leader.host.address, []]);
    await watched.cluster.stop();
  });
});

describe("a network that is cut", () => {
  it("takes the lead from the tracker on the small side, before the others give it to another", async () => {
    const watched = await Watched.start({ seed: "partition", trackers: 3, groups: [2] });
    const { cluster, leader } = watched;
    const others = cluster.trackers.filter((tracker) => tracker !== leader).map(({ host }) => host.address);
    cluster.world.network.partition([leader.host.address], others);
    const resignedMs = await watched.until(() => watched.acting.length === 0, 10_000);
    expect(resignedMs).toBeLessThanOrEqual(leaseMs + 1000);
    await watched.until(() => watched.acting.length === 1, 25_000);
    expect(others).toContain(watched.leader.host.address);
    await watched.run(60_000);
    expect(watched.longestDoubleLeadMs).toBe(0);
    cluster.world.network.heal();
    await watched.untilAgreed(15_000);
    await cluster.stop();
  });

  it.each([0, 1])("in one direction only gives one leader too (direction %i)", async (direction) => {
    const watched = await Watched.start({ seed: `one way ${direction}`, trackers: 3, groups: [1] });
    const { cluster, leader } = watched;
    for (const { host } of cluster.trackers) {
      if (host === leader.host) continue;
      const pair = [leader.host.address, host.address] as const;
      cluster.world.network.cut(pair[direction]!, pair[1 - direction]!);
    }
    await watched.until(() => watched.acting.length === 1 && watched.leader !== leader, 40_000);
    await watched.run(30_000);
    expect(watched.longestDoubleLeadMs).toBeLessThanOrEqual(leaseMs);
    cluster.world.network.heal();
    await watched.untilAgreed(15_000);
    await cluster.stop();
  });

  it("between one follower and the leader changes nothing for the others", async () => {
    const watched = await Watched.start({ seed: "one link", trackers: 3, groups: [1] });
    const { cluster, leader } = watched;
    const follower = cluster.trackers.find((tracker) => tracker !== leader)!;
    cluster.world.network.partition([leader.host.address], [follower.host.address]);
    await watched.run(120_000);
    expect(watched.acting).toEqual([leader]);
    cluster.world.network.heal();
    await watched.untilAgreed(15_000);
    expect(watched.agreed).toBe(leader.host.address);
    await cluster.stop();
  });

  it("between two trackers, whose storages see both, leaves one of them leading nearly all the time", async () => {
    const watched = await Watched.start({ seed: "two cut", trackers: 2, groups: [2] });
    const { cluster } = watched;
    const [first, second] = cluster.trackers.map(({ host }) => host.address);
    cluster.world.network.partition([first!], [second!]);
    await watched.run(60_000);
    let both = 0;
    const looks = 2000;
    for (let look = 0; look < looks; look++) {
      await watched.run(100);
      if (watched.acting.length === 2) both++;
    }
    expect(both / looks).toBeLessThan(0.1);
    cluster.world.network.heal();
    await watched.untilAgreed(20_000);
    await cluster.stop();
  });
});

describe("two trackers", () => {
  it("whose network is cut so that no storage sees both lead both, which loses nothing, and agree when it is healed", async () => {
    const watched = await Watched.start({ seed: "two halves", trackers: 2, groups: [2] });
    const { cluster } = watched;
    const { world } = cluster;
    const sides = [0, 1].map((side) => [
      cluster.trackers[side]!.host.address,
      cluster.membersOf("group1")[side]!.host.address,
    ]);
    world.network.partition(sides[0]!, sides[1]!);
    await watched.until(() => watched.acting.length === 2, 60_000);
    const fileIds: string[] = [];
    for (const [side, tracker] of cluster.trackers.entries()) {
      const client = cluster.openClient({ trackers: [`${tracker.host.address}:22122`] });
      const { fileId } = await world.run(client.upload(Buffer.from(`side ${side}`), { extension: "txt" }));
      fileIds.push(fileId.slice("group1/".length));
      await client.close();
    }
    await watched.run(30_000);
    expect(watched.acting.length).toBe(2);
    world.network.heal();
    await watched.untilAgreed(20_000);
    await watched.until(
      () => cluster.members.every((member) => fileIds.every((name) => storedFiles(member).has(name))),
      20_000,
    );
    await cluster.stop();
  });
});

describe("trackers that come and go", () => {
  it("get the picture of the cluster from another one when they have none", async () => {
    const watched = new Watched({ seed: "newcomer", trackers: 2, groups: [2, 1] });
    const { cluster } = watched;
    const [first, second] = cluster.trackers;
    first!.start();
    for (const { process } of cluster.members) process.start();
    const members = (tracker: SimTracker) =>
      (tracker.server?.cluster.groups ?? []).flatMap((group) => group.members.map(({ id }) => `${group.name} ${id}`));
    await watched.until(() => members(first!).length === 3, 30_000);
    await watched.until(
      () => first!.server!.cluster.groups.every((group) => group.members.every(({ status }) => status === "ACTIVE")),
      30_000,
    );
    let firstJoinMs: number | undefined;
    cluster.observeLogs((host, { message }) => {
      if (host === second!.host && message === "state.fetched") firstJoinMs ??= cluster.world.nowMs;
    });
    second!.host.world.disk.syncDirectory("/");
    second!.start();
    await watched.until(() => firstJoinMs !== undefined, 10_000);
    expect(members(second!).sort()).toEqual(members(first!).sort());
    await watched.until(() => cluster.isInService, 2 * heartBeatMs);
    await watched.untilAgreed(5000);
    // It is on the disk too.
    second!.kill("power");
    second!.start();
    await watched.until(() => second!.server !== undefined, 1000);
    expect(members(second!).sort()).toEqual(members(first!).sort());
    await cluster.stop();
  });

  it("see their members OFFLINE after a restart, and ACTIVE one heart beat later", async () => {
    const watched = await Watched.start({ seed: "restart", trackers: 1, groups: [3] });
    const [tracker] = watched.cluster.trackers;
    await watched.cluster.world.run(tracker!.stop());
    tracker!.start();
    await watched.until(() => tracker!.server !== undefined, 1000);
    const statuses = tracker!.server!.cluster.groups[0]!.members.map(({ status }) => status);
    expect(statuses).toEqual(["OFFLINE", "OFFLINE", "OFFLINE"]);
    expect(await watched.until(() => watched.cluster.isInService, 10_000)).toBeLessThanOrEqual(heartBeatMs + 1000);
    await watched.cluster.stop();
  });

  it("keep a storage from its port while all are down, and it is ACTIVE soon after they are back", async () => {
    const watched = await Watched.start({ seed: "all down", trackers: 2, groups: [1] });
    const { cluster } = watched;
    const [member] = cluster.members;
    await cluster.world.run(member!.process.stop());
    for (const tracker of cluster.trackers) tracker.kill("process");
    member!.process.start();
    await watched.run(60_000);
    expect([member!.process.server, member!.process.failure]).toEqual([undefined, undefined]);
    for (const tracker of cluster.trackers) tracker.start();
    await watched.until(() => cluster.isInService, 2 * heartBeatMs + 5000);
    await watched.untilAgreed(5000);
    await cluster.stop();
  });

  it.each(Array.from({ length: 30 }, (_, index) => index + 1))(
    "at random settle on one leader, and never have two for long (seed %i)",
    async (seed) => {
      const trackers = 2 + (seed % 3);
      const watched = await Watched.start({ seed: `random ${seed}`, trackers, groups: [2] });
      const { cluster } = watched;
      const { random, network } = cluster.world;
      const thaws: (() => void)[] = [];
      const any = () => cluster.trackers[random.uint32() % trackers]!;
      for (let step = 0; step < 12; step++) {
        const victim = any();
        const other = any();
        switch (random.uint32() % 6) {
          case 0:
            victim.kill("process");
            break;
          case 1:
            victim.kill("power");
            break;
          case 2:
            if (victim.host.isUp) thaws.push(watched.freeze(victim));
            break;
          case 3:
            if (victim !== other) network.partition([victim.host.address], [other.host.address]);
            break;
          case 4:
            if (victim !== other) network.cut(victim.host.address, other.host.address);
            break;
          case 5:
            for (const thaw of thaws.splice(0)) thaw();
            network.heal();
            victim.start();
            break;
        }
        await watched.run(random.uint32() % 15_000);
      }
      for (const thaw of thaws) thaw();
      network.heal();
      for (const tracker of cluster.trackers) tracker.start();
      await watched.untilAgreed(40_000);
      const settled = watched.agreed;
      await watched.run(30_000);
      expect(watched.agreed).toBe(settled);
      if (trackers > 2) expect(watched.longestDoubleLeadMs).toBeLessThanOrEqual(leaseMs);
      await cluster.stop();
    },
  );
});
