// Our tracker among C trackers, on virtual time: what it sends them is what C trackers sent each other.
import {
  type FdfsError,
  JoinLeaderRequest,
  JoinRequest,
  PingLeaderRequest,
  trackerCommands,
} from "@fastdfs-ts/protocol";
import { RpcConnection } from "@fastdfs-ts/rpc";
import { Deadlines, defaultTrackerConfig, Logger, type LogRecord } from "@fastdfs-ts/runtime";
import { SimWorld } from "@fastdfs-ts/simulation";
import { describe, expect, it } from "vitest";

import { openTracker, type TrackerServer } from "../src/index.ts";
import { ScriptedCTracker } from "./scripted-c-tracker.ts";
import { type Answer, recordedAnswer, requestBytes } from "./tracker-in-memory.ts";

const FIRST = "10.96.0.1";
const SECOND = "10.96.0.2";
const H = 30_000;
const ok: Answer = { status: 0, body: Buffer.alloc(0) };
const knowsNothing: Answer = { status: 2, body: Buffer.alloc(0) };
const busy: Answer = { status: 16, body: Buffer.alloc(0) };
const notLeader: Answer = { status: 95, body: Buffer.alloc(0) };

/** Our tracker at `own`, a C tracker at the other address, a storage that knows both. */
class Stage {
  readonly world = SimWorld.create("C trackers");
  readonly c: ScriptedCTracker;
  readonly records: LogRecord[] = [];
  tracker!: TrackerServer;
  private readonly own: string;

  constructor(own: string) {
    this.own = own;
    this.c = new ScriptedCTracker(this.world, own === FIRST ? SECOND : FIRST);
  }

  async start(): Promise<this> {
    const { world } = this.world.host(this.own);
    world.disk.makeDirectory("/fastdfs");
    const sink = { write: (record: LogRecord) => void this.records.push(record), close() {} };
    const log = Logger.create({ sink, clock: world.clock, level: "info" });
    this.tracker = await this.world.run(openTracker(defaultTrackerConfig({ basePath: "/fastdfs" }), world, { log }));
    return this;
  }

  /** A storage joins ours, and stays. Returns the status. */
  async join(): Promise<string> {
    const { network, clock } = this.world.host("10.96.0.11").world;
    const deadlines = Deadlines.open(clock, 100);
    const at = { host: this.own, port: 22_122 };
    const connection = await this.world.run(RpcConnection.dial(network, at, { connectTimeoutMs: 5000, deadlines }));
    const request: JoinRequest = {
      groupName: "group1",
      storagePort: 23_000,
      storePathCount: 1,
      subdirCountPerPath: 16,
      uploadPriority: 10,
      joinTimeSeconds: 1_795_320_672,
      upTimeSeconds: 1_795_320_672,
      version: "6.16.1",
      isInitialSyncPending: true,
      status: 0,
      storageId: "",
      trackerIp: this.own,
      trackers: [`${FIRST}:22122`, `${SECOND}:22122`],
    };
    return this.world.run(
      connection.call(trackerCommands.join, request, { timeoutMs: 60_000 }).then(
        () => "joined",
        (error: unknown) => (error as FdfsError).kind,
      ),
    );
  }

  get leader(): string | undefined {
    return this.tracker.cluster.leadership.leader?.hosts[0];
  }

  events(name: string): LogRecord[] {
    return this.records.filter(({ message }) => message === name);
  }

  untilEvent(name: string): Promise<void> {
    return this.world.runUntil(() => this.events(name).length > 0, 60_000);
  }
}

/** Answers 61 to 63 as the recorded C tracker did. */
function donate(c: ScriptedCTracker): void {
  c.replies.set(64, () => recordedAnswer("two_wiped_tracker_status"));
  c.replies.set(61, () => recordedAnswer("two_get_sys_files_start"));
  c.replies.set(63, ({ body }) => recordedAnswer(`two_get_one_sys_file_${body[0]}`));
  c.replies.set(62, () => recordedAnswer("two_get_sys_files_end"));
}

describe("a new tracker", () => {
  it("asks a C tracker for its state as C does, byte for byte, and has its members", async () => {
    const stage = new Stage(SECOND);
    donate(stage.c);
    await stage.c.start();
    await stage.start();
    expect(await stage.join()).toBe("joined");
    const names = [
      "two_wiped_tracker_status",
      "two_get_sys_files_start",
      "two_get_one_sys_file_0",
      "two_get_one_sys_file_1",
      "two_get_one_sys_file_2",
      "two_get_one_sys_file_3",
      "two_get_sys_files_end",
    ];
    const frames = stage.c.asked.slice(0, names.length).map(({ frame }) => frame.toString("hex"));
    expect(frames).toEqual(names.map((name) => requestBytes(name).toString("hex")));
    const members = stage.tracker.cluster.groups[0]!.members.map(({ id, status }) => [id, status]);
    expect(members).toEqual([
      ["10.96.0.11", "ONLINE"],
      ["10.96.0.12", "OFFLINE"],
    ]);
    expect(stage.events("state.fetched")).toHaveLength(1);
  });

  it("takes a file in as many pieces as it has", async () => {
    const stage = new Stage(SECOND);
    donate(stage.c);
    const whole = recordedAnswer("two_get_one_sys_file_1").body;
    stage.c.replies.set(63, ({ body }) => {
      const answer = recordedAnswer(`two_get_one_sys_file_${body[0]}`).body;
      const offset = Number(body.readBigInt64BE(1));
      return { status: 0, body: Buffer.concat([answer.subarray(0, 8), answer.subarray(8 + offset, 8 + offset + 100)]) };
    });
    await stage.c.start();
    await stage.start();
    expect(await stage.join()).toBe("joined");
    const pieces = stage.c.framesOf(63).filter(({ body }) => body[0] === 1);
    expect(pieces.length).toBe(Math.ceil((whole.length - 8) / 100));
    expect(stage.tracker.cluster.groups[0]!.members.length).toBe(2);
  });

  it.each([
    [
      "files that do not fit together",
      (c: ScriptedCTracker) => {
        c.replies.set(63, ({ body }) =>
          recordedAnswer(body[0] === 0 ? "two_get_one_sys_file_3" : `two_get_one_sys_file_${body[0]}`),
        );
      },
    ],
    [
      "a file that is cut off",
      (c: ScriptedCTracker) => {
        c.replies.set(63, ({ body }) => {
          const { body: answer } = recordedAnswer(`two_get_one_sys_file_${body[0]}`);
          const short = Buffer.from(answer.subarray(0, Math.max(8, answer.length - 30)));
          short.writeBigInt64BE(BigInt(short.length - 8));
          return { status: 0, body: short };
        });
      },
    ],
    [
      "pieces without content",
      (c: ScriptedCTracker) => {
        c.replies.set(63, () => ({ status: 0, body: recordedAnswer("two_get_one_sys_file_0").body.subarray(0, 8) }));
      },
    ],
    ["a lock that another one holds", (c: ScriptedCTracker) => void c.replies.set(61, () => busy)],
    ["a donor that hangs", (c: ScriptedCTracker) => void c.replies.set(63, () => undefined)],
  ])("that gets %s answers the join with 11, and succeeds when it is over", async (_what, spoil) => {
    const stage = new Stage(SECOND);
    donate(stage.c);
    spoil(stage.c);
    await stage.c.start();
    await stage.start();
    expect(await stage.join()).toBe("TRY_AGAIN");
    expect(stage.tracker.cluster.groups).toEqual([]);
    expect(stage.events("state.not-fetched")).toHaveLength(1);
    donate(stage.c);
    await stage.world.runFor(H);
    expect(await stage.join()).toBe("joined");
    expect(stage.tracker.cluster.groups[0]!.members.length).toBe(2);
  });

  it.each([
    ["knows nothing either", (c: ScriptedCTracker) => void c.replies.set(64, () => knowsNothing)],
    ["does not answer", (c: ScriptedCTracker) => void c.replies.set(64, () => undefined)],
  ])("whose only peer %s begins with what the storage says", async (_what, spoil) => {
    const stage = new Stage(SECOND);
    spoil(stage.c);
    await stage.c.start();
    await stage.start();
    expect(await stage.join()).toBe("joined");
    expect(stage.tracker.cluster.groups[0]!.members.map(({ id }) => id)).toEqual(["10.96.0.11"]);
  });
});

describe("a tracker that was down", () => {
  /** Ours had the storage, and was stopped for `downMs`. The C tracker has one more. */
  async function restarted(downMs: number, status: string) {
    const stage = new Stage(SECOND);
    stage.c.replies.set(64, () => knowsNothing);
    await stage.c.start();
    await stage.start();
    await stage.join();
    await stage.world.run(stage.tracker.stop());
    await stage.world.runFor(downMs);
    donate(stage.c);
    stage.c.replies.set(64, () => recordedAnswer(status));
    await stage.start();
    await stage.join();
    return stage.tracker.cluster.groups[0]!.members.length;
  }

  it("for more than 600 s takes over what a better one knows", async () => {
    expect(await restarted(700_000, "two_wiped_tracker_status")).toBe(2);
  });

  it("for less keeps its own", async () => {
    expect(await restarted(500_000, "two_wiped_tracker_status")).toBe(1);
  });
});

describe("of two trackers", () => {
  it("ours at the smaller address waits for C's 66 and 67, and then joins and pings it as C does", async () => {
    const stage = new Stage(FIRST);
    const { c } = stage;
    c.replies.set(64, () => recordedAnswer("two_tracker_status"));
    c.replies.set(58, () => recordedAnswer("two_join_leader"));
    let pings = 0;
    c.replies.set(65, () => recordedAnswer(pings++ === 0 ? "two_ping_leader_first" : "two_ping_leader"));
    await c.start();
    await stage.start();
    c.replies.set(64, () => knowsNothing);
    await stage.join();
    c.replies.set(64, () => recordedAnswer("two_tracker_status"));
    await stage.untilEvent("leader.none");
    expect(c.framesOf(66)).toEqual([]);

    const { network, clock } = c.host.world;
    const dial = { connectTimeoutMs: 5000, deadlines: Deadlines.open(clock, 100) };
    const connection = await stage.world.run(RpcConnection.dial(network, { host: FIRST, port: 22_122 }, dial));
    const notice = { leader: `${SECOND}:22122` };
    await stage.world.run(connection.call(trackerCommands.announceLeader, notice, { timeoutMs: 1000 }));
    await stage.world.run(connection.call(trackerCommands.commitLeader, notice, { timeoutMs: 1000 }));
    await stage.world.runFor(5500);
    expect(stage.leader).toBe(SECOND);
    expect(c.framesOf(64)[0]!.frame).toEqual(requestBytes("two_tracker_status"));
    expect(c.framesOf(58)).toHaveLength(1);
    const introduced = JoinLeaderRequest.decode(c.framesOf(58)[0]!.body);
    const recorded = JoinLeaderRequest.decode(requestBytes("two_join_leader").subarray(10));
    expect(introduced).toEqual({ ...recorded, upTimeSeconds: 1_700_000_000 });
    expect(c.framesOf(58)[0]!.frame.length).toBe(requestBytes("two_join_leader").length);
    expect(c.framesOf(65)[0]!.frame.length).toBe(requestBytes("two_ping_leader").length);
    const times = c.framesOf(65).map(({ atMs }) => atMs);
    expect(times.length).toBe(6);
    for (const [at, timeMs] of times.slice(1).entries()) expect(Math.abs(timeMs - times[at]! - 1000)).toBeLessThan(20);
    const counts = PingLeaderRequest.decode(c.framesOf(65)[0]!.body).connections;
    expect(counts?.connectionsCurrent).toBeGreaterThan(0);
  });

  it("ours at the larger address announces and confirms itself as C does", async () => {
    const stage = new Stage(SECOND);
    const { c } = stage;
    c.replies.set(64, () => knowsNothing);
    await c.start();
    await stage.start();
    await stage.join();
    c.replies.set(64, () => recordedAnswer("two_tracker_status"));
    c.replies.set(66, () => recordedAnswer("two_notify_next_leader"));
    c.replies.set(67, () => recordedAnswer("two_commit_next_leader"));
    await stage.untilEvent("leader.elected");
    expect(stage.leader).toBe(SECOND);
    expect(c.framesOf(66).map(({ frame }) => frame)).toEqual([requestBytes("two_notify_next_leader")]);
    expect(c.framesOf(67).map(({ frame }) => frame)).toEqual([requestBytes("two_commit_next_leader")]);
  });

  it("ours follows a C tracker that leads already, whatever its rank", async () => {
    const stage = new Stage(SECOND);
    const { c } = stage;
    donate(c);
    c.replies.set(58, () => ok);
    c.replies.set(65, () => ok);
    await c.start();
    await stage.start();
    await stage.join();
    await stage.untilEvent("leader.following");
    expect(stage.leader).toBe(FIRST);
    // It says that it does not lead any more: there is no need to ask three times.
    c.replies.set(64, () => recordedAnswer("two_tracker_status"));
    c.replies.set(65, () => notLeader);
    c.replies.set(66, () => ok);
    c.replies.set(67, () => ok);
    const atMs = stage.world.nowMs;
    await stage.untilEvent("leader.elected");
    expect(stage.world.nowMs - atMs).toBeLessThan(3000);
  });

  it("ours goes on following a leader whose list does not name it, and says so once", async () => {
    const stage = new Stage(SECOND);
    const { c } = stage;
    donate(c);
    c.replies.set(58, () => knowsNothing);
    await c.start();
    await stage.start();
    await stage.join();
    await stage.untilEvent("leader.following");
    await stage.world.runFor(120_000);
    expect(c.framesOf(58).length).toBeLessThan(125);
    expect(stage.leader).toBe(FIRST);
    expect(stage.events("leader.knows-us-not")).toHaveLength(1);
    expect(stage.events("leader.following")).toHaveLength(1);
  });

  it("ours is not held up by a C tracker that accepts connections and never answers", async () => {
    const stage = new Stage(FIRST);
    for (const code of [58, 61, 64, 65, 66, 67]) stage.c.replies.set(code, () => undefined);
    await stage.c.start();
    await stage.start();
    expect(await stage.join()).toBe("joined");
    const atMs = stage.world.nowMs;
    await stage.untilEvent("leader.elected");
    expect(stage.world.nowMs - atMs).toBeLessThan(6000);
  });

  it("a leader of ours that ranks higher tells a second, C leader to step down, once the network lets it", async () => {
    const stage = new Stage(SECOND);
    const { c } = stage;
    c.replies.set(64, () => knowsNothing);
    c.replies.set(66, () => ok);
    c.replies.set(67, () => ok);
    await c.start();
    await stage.start();
    await stage.join();
    await stage.untilEvent("leader.elected");
    c.replies.set(95, () => ({ status: 0, body: Buffer.from(`${FIRST}:22122`) }));
    c.replies.set(64, () => recordedAnswer("two_wiped_tracker_status"));
    c.replies.set(68, () => {
      c.replies.set(95, () => knowsNothing);
      return ok;
    });
    await stage.world.runFor(10_000);
    expect(c.framesOf(68).map(({ frame }) => frame)).toEqual([requestBytes("reselect_leader_at_leader")]);
    expect(stage.leader).toBe(SECOND);
  });
});
