// What C trackers say to each other, replayed at ours: the state is built, and the answers have to be the recorded ones,
// byte for byte.
import { FdfsError, PROTOCOL_VERSION, type TrackerStat, TrackerStatList } from "@fastdfs-ts/protocol";
import { describe, expect, it } from "vitest";

import { restoreCluster } from "../src/cluster/stored-cluster.ts";
import { memberStatusOf } from "../src/cluster/storage-status.ts";
import { parseStateFiles, type StateFileContents } from "../src/handover/state-files-of.ts";
import { LEASE_MS } from "../src/limits.ts";
import { type FakeSession, recordedAnswer, requestBytes, TrackerInMemory } from "./tracker-in-memory.ts";

const FILE_HEADER_BYTES = 8;

/** Sends a recorded request and expects the recorded answer. */
async function replay(tracker: TrackerInMemory, session: FakeSession, name: string): Promise<void> {
  const answer = await tracker.send(session, requestBytes(name));
  expect({ name, ...answer }).toEqual({ name, ...recordedAnswer(name) });
}

/** A tracker with the groups and members that recorded state files hold, in the states that they had. */
function trackerWith(files: StateFileContents, address: string, trackers: readonly string[]): TrackerInMemory {
  const tracker = new TrackerInMemory({}, address);
  const stored = parseStateFiles(files);
  if (typeof stored === "string") throw new Error(stored);
  expect(restoreCluster(tracker.cluster, stored)).toEqual([]);
  for (const [index, node] of tracker.cluster.groups.flatMap(({ members }) => members).entries()) {
    node.status = memberStatusOf(stored.storages[index]!.status)!;
  }
  tracker.cluster.leadership.trackers.check(trackers, []).take();
  tracker.cluster.leadership.introduce();
  return tracker;
}

function recordedFiles(prefix: string): StateFileContents {
  const file = (index: number) => recordedAnswer(`${prefix}_${index}`).body.subarray(FILE_HEADER_BYTES);
  return [file(0), file(1), file(2), file(3)];
}

const TWO = ["10.96.0.1:22122", "10.96.0.2:22122"];
const both = () => recordedFiles("two_get_one_sys_file");

/** Two trackers as recorded; `address` is ours. */
function oneOfTwo(address: "10.96.0.1" | "10.96.0.2"): TrackerInMemory {
  return trackerWith(both(), address, TWO);
}

describe("a tracker that knows nothing yet", () => {
  it.each(["two_tracker_status_empty", "get_tracker_status_no_groups", "get_sys_files_start_no_groups"])(
    "says so: %s",
    async (name) => {
      const tracker = new TrackerInMemory();
      await replay(tracker, tracker.connect("10.96.0.2"), name);
    },
  );
});

describe("the state files", () => {
  it("are handed over as by C", async () => {
    const tracker = trackerWith(recordedFiles("get_one_sys_file"), "10.96.0.1", ["10.96.0.1:22122"]);
    const session = tracker.connect("10.96.0.100");
    for (const name of [
      "get_sys_files_start",
      "get_one_sys_file_0",
      "get_one_sys_file_1",
      "get_one_sys_file_2",
      "get_one_sys_file_3",
      "get_one_sys_file_bad_index",
      "get_one_sys_file_offset",
      "get_one_sys_file_bad_offset",
      "get_sys_files_start_bad_length",
    ]) {
      await replay(tracker, session, name);
    }
    // A C tracker lets a second reader wait; it has 8 s for an answer, and none came.
    const second = tracker.connect("10.96.0.101");
    expect((await tracker.send(second, requestBytes("get_sys_files_start_locked"))).status).toBe(16);
    await replay(tracker, session, "get_sys_files_end");
    expect((await tracker.send(second, requestBytes("get_sys_files_start_locked"))).status).toBe(0);
    // Whoever vanishes holds no lock.
    second.close();
    await replay(tracker, session, "get_sys_files_start");
  });

  it("of two members are handed to a tracker that lost its data", async () => {
    const tracker = oneOfTwo("10.96.0.1");
    tracker.cluster.leadership.elected([], [], "test");
    const session = tracker.connect("10.96.0.2");
    for (const name of [
      "two_wiped_tracker_status",
      "two_get_sys_files_start",
      "two_get_one_sys_file_0",
      "two_get_one_sys_file_1",
      "two_get_one_sys_file_2",
      "two_get_one_sys_file_3",
      "two_get_sys_files_end",
    ]) {
      await replay(tracker, session, name);
    }
  });
});

describe("a tracker that leads alone", () => {
  it.each([
    "get_tracker_status",
    "get_tracker_status_bad_length",
    "ping_leader_not_joined",
    "ping_leader_old_length",
    "join_leader_unknown_tracker",
    "join_leader_short",
    "notify_next_leader_unknown",
    "notify_next_leader_bad",
    "commit_next_leader_unknown",
    "trunk_tracker_status",
  ])("answers as C: %s", async (name) => {
    const tracker = trackerWith(recordedFiles("get_one_sys_file"), "10.96.0.1", ["10.96.0.1:22122"]);
    await replay(tracker, tracker.connect("10.96.0.100"), name);
  });
});

describe("two trackers", () => {
  it("elect the second one: the first follows it as C does", async () => {
    const tracker = oneOfTwo("10.96.0.1");
    const other = tracker.connect("10.96.0.2");
    expect((await tracker.send(other, requestBytes("two_tracker_status"))).body).toEqual(
      recordedAnswer("two_tracker_status").body,
    );
    await replay(tracker, other, "two_notify_next_leader");
    await replay(tracker, other, "two_commit_next_leader");
    const client = tracker.connect("10.96.0.100");
    for (const name of [
      "tt_a_get_tracker_status_follower",
      "tt_a_ping_leader_at_follower",
      "tt_a_join_leader_at_follower",
      "tt_a_reselect_at_follower",
      "tt_a_get_leader_from_follower",
      "tt_a_tracker_cluster_stat_at_follower",
    ]) {
      await replay(tracker, client, name);
    }
  });

  it("elect the second one: it leads as C does", async () => {
    const tracker = oneOfTwo("10.96.0.2");
    tracker.cluster.leadership.elected([], [], "test");
    await replay(tracker, tracker.connect("10.96.0.100"), "tt_a_get_tracker_status_leader");
    const follower = tracker.connect("10.96.0.1");
    const { upTimeSeconds, lastHeartbeatSeconds } = recordedStats("tt_a_tracker_cluster_stat")[0]!;
    tracker.now = lastHeartbeatSeconds;
    for (const name of ["two_join_leader", "two_ping_leader_first", "two_ping_leader"]) {
      await replay(tracker, follower, name);
    }
    expect((await tracker.send(follower, requestBytes("two_join_leader"))).status).toBe(17);
    const client = tracker.connect("10.96.0.100");
    for (const name of ["tt_a_reselect_bad_length", "tt_a_commit_not_notified", "tt_a_get_leader_from_leader"]) {
      await replay(tracker, client, name);
    }
    const stats = await statsOf(tracker, client, "tt_a_tracker_cluster_stat");
    // The connections were those of that moment.
    const withoutCounts = (stat: TrackerStat) => ({
      ...stat,
      connectionsAllocated: 0,
      connectionsCurrent: 0,
      connectionsMaximum: 0,
    });
    const recorded = recordedStats("tt_a_tracker_cluster_stat").map(withoutCounts);
    expect(stats.map(withoutCounts)).toEqual([recorded[0], { ...recorded[1]!, upTimeSeconds: expect.any(Number) }]);
    expect(upTimeSeconds).toBe(1_795_320_670);
    expect((await statsOf(tracker, client, "tt_a_tracker_cluster_stat_follower_only")).length).toBe(1);
    await replay(tracker, client, "reselect_leader_at_leader");
    await replay(tracker, client, "get_leader_after_reselect");
  });

  it("show a follower as not active that has not pinged for more than 3 s", async () => {
    const tracker = oneOfTwo("10.96.0.2");
    tracker.cluster.leadership.elected([], [], "test");
    const client = tracker.connect("10.96.0.100");
    const actives = async () =>
      (await statsOf(tracker, client, "tt_a_tracker_cluster_stat")).map((stat) => stat.isActive);
    expect(await actives()).toEqual([false, true]);
    const follower = tracker.connect("10.96.0.1");
    await tracker.send(follower, requestBytes("two_join_leader"));
    await tracker.send(follower, requestBytes("two_ping_leader"));
    tracker.now += 3;
    expect(await actives()).toEqual([true, true]);
    tracker.now += 1;
    expect(await actives()).toEqual([false, true]);
  });

  function recordedStats(name: string): TrackerStat[] {
    return TrackerStatList.decode(recordedAnswer(name).body).trackers;
  }

  async function statsOf(tracker: TrackerInMemory, session: FakeSession, name: string): Promise<TrackerStat[]> {
    const { status, body } = await tracker.send(session, requestBytes(name));
    if (status !== 0) throw FdfsError.fromStatus(status);
    expect(body.length).toBe(recordedAnswer(name).body.length);
    const { trackers } = TrackerStatList.decode(body);
    expect(trackers.every(({ version }) => version === PROTOCOL_VERSION || version === "")).toBe(true);
    return trackers;
  }
});

describe("a vote", () => {
  const THREE = [...TWO, "10.96.0.3:22122"];
  const announce = (tracker: TrackerInMemory, leader: string, code = 66) =>
    tracker.ask(tracker.connect(leader), code, Buffer.from(`${leader}:22122`)).then(({ status }) => status);

  it("is not given to another while the leader is alive, nor to two candidates at once", async () => {
    const tracker = trackerWith(both(), "10.96.0.1", THREE);
    expect([await announce(tracker, "10.96.0.2"), await announce(tracker, "10.96.0.3")]).toEqual([0, 16]);
    expect([await announce(tracker, "10.96.0.2"), await announce(tracker, "10.96.0.2", 67)]).toEqual([0, 0]);
    expect(await announce(tracker, "10.96.0.3")).toBe(16);
    tracker.now += 7;
    expect(await announce(tracker, "10.96.0.3")).toBe(0);
  });

  it("is not confirmed to one that was not announced", async () => {
    const tracker = trackerWith(both(), "10.96.0.1", THREE);
    expect(await announce(tracker, "10.96.0.2", 67)).toBe(22);
    await announce(tracker, "10.96.0.2");
    expect(await announce(tracker, "10.96.0.3", 67)).toBe(22);
  });

  it("for another makes a leader step down, and the candidate begin again, as with C", async () => {
    const tracker = trackerWith(both(), "10.96.0.1", THREE);
    const { leadership } = tracker.cluster;
    leadership.elected(leadership.trackers.others, [], "test");
    expect(await announce(tracker, "10.96.0.1")).toBe(0);
    expect(leadership.isLeader).toBe(true);
    expect([await announce(tracker, "10.96.0.3"), leadership.isLeader]).toEqual([22, false]);
  });
});

describe("a leader whose lease has ended", () => {
  it("answers like one that does not lead", async () => {
    const tracker = trackerWith(both(), "10.96.0.1", [...TWO, "10.96.0.3:22122"]);
    const { leadership } = tracker.cluster;
    leadership.elected(leadership.trackers.others, [], "test");
    const follower = tracker.connect("10.96.0.2");
    await tracker.send(follower, requestBytes("two_join_leader"));
    const ping = async () => (await tracker.send(follower, requestBytes("two_ping_leader"))).status;
    expect(await ping()).toBe(0);
    tracker.now += LEASE_MS / 1000 + 1;
    expect(await ping()).toBe(95);
    const client = tracker.connect("10.96.0.100");
    expect((await tracker.ask(client, 95)).status).toBe(2);
    expect((await tracker.ask(client, 68)).status).toBe(95);
    expect((await tracker.ask(client, 64)).body[0]).toBe(0);
  });
});
