// Replays what was recorded at C trackers: the state is built with the recorded joins and reports, and every answer that
// follows from it has to be the recorded one, byte for byte.
import {
  changeFlags,
  ChangeList,
  DiskReport,
  GroupList,
  Heartbeat,
  type Message,
  StorageList,
  type StorageRecord,
  trackerCommands,
  VolumeStatList,
} from "@fastdfs-ts/protocol";
import { parseStorageIds } from "@fastdfs-ts/runtime";
import { describe, expect, it } from "vitest";

import { type FakeSession, recordedAnswer, recordsIn, requestBytes, TrackerInMemory } from "./tracker-in-memory.ts";

const EMPTY = Buffer.alloc(0);
const messageByCode = new Map<number, Message<never>>(
  Object.values(trackerCommands).map((command) => [command.code, command.answer as unknown as Message<never>]),
);

/** As C's, configured with a reserve of 1% and most-free groups. */
const base = {
  groupChoice: "most-free",
  reservedSpace: { kind: "ratio", ratio: 0.01 },
  slotBytesMax: 1024 * 1024,
  trunkAlignmentBytes: 256,
  trunkCreateSpaceThresholdBytes: 20 * 1024 ** 3,
  trunkFreeSpaceMerge: true,
  trunkCompressBinlogMinIntervalMs: 86_400_000,
  trunkCompressBinlogIntervalMs: 86_400_000,
  trunkBinlogMaxBackups: 7,
} as const;

/** Sends a recorded request and expects the recorded answer. */
async function replay(tracker: TrackerInMemory, session: FakeSession, name: string): Promise<void> {
  const answer = await tracker.send(session, requestBytes(name));
  expect({ name, ...comparable(name, answer) }).toEqual({ name, ...comparable(name, recordedAnswer(name)) });
}

/** C leaves old memory behind the NUL of texts; decoding cuts it off. Our parameters have one line more, at the end. */
function comparable(name: string, { status, body }: { status: number; body: Buffer }) {
  const code = requestBytes(name)[8]!;
  if (code === 75 && status === 0) return { status, body: body.toString("latin1").replace(/x_fastdfs_ts=\d+\n$/, "") };
  const message = messageByCode.get(code);
  return status === 0 && code >= 96 && code <= 98 && message !== undefined
    ? { status, body: message.decode(body) }
    : { status, body: body.toString("hex") };
}

/** Lets a member report what a recorded list says of it, so that the list can be asked for. */
async function reportAs(tracker: TrackerInMemory, session: FakeSession, record: StorageRecord): Promise<void> {
  const paths = Array.from({ length: record.storePathCount }, () => ({
    totalMib: record.totalMib / record.storePathCount,
    freeMib: record.freeMib / record.storePathCount,
  }));
  const storePaths = { storePaths: paths };
  const now = tracker.now;
  tracker.now = record.statistics.lastHeartbeatSeconds;
  expect((await tracker.ask(session, 84, DiskReport.encode(storePaths))).status).toBe(0);
  expect((await tracker.ask(session, 83, Heartbeat.encode({ statistics: record.statistics }))).status).toBe(0);
  tracker.now = now;
}

function listed(name: string): StorageRecord[] {
  return StorageList.decode(recordedAnswer(name).body).storages;
}

/** group1 with 10.96.0.11 (one path), group2 with 10.96.0.13 (two), both active. */
async function twoGroups() {
  const tracker = new TrackerInMemory(base);
  const first = tracker.connect("10.96.0.11");
  for (const name of ["start_first_join", "start_first_sync_dest_req", "start_first_sync_notify"]) {
    await replay(tracker, first, name);
  }
  await tracker.ask(first, 83);
  await replay(tracker, first, "start_first_changelog_req");
  await tracker.send(first, requestBytes("start_first_disk_usage"));
  const third = tracker.connect("10.96.0.13");
  await replay(tracker, third, "join_two_paths");
  await tracker.ask(third, 87);
  await tracker.send(third, requestBytes("disk_usage_two_paths"));
  return { tracker, first, third };
}

/** …and 10.96.0.12 in group1, filled and active. */
async function threeStorages() {
  const { tracker, first, third } = await twoGroups();
  const second = tracker.connect("10.96.0.12");
  await replay(tracker, second, "start_second_join");
  const source = await tracker.send(second, requestBytes("start_second_sync_dest_req"));
  expect(source.body.toString("latin1", 0, 10)).toBe("10.96.0.11");
  await replay(tracker, second, "start_second_sync_notify");
  return { tracker, first, second, third };
}

async function filled() {
  const cluster = await threeStorages();
  const { tracker, first, second } = cluster;
  await replay(tracker, first, "existing_report_status_syncing");
  await replay(tracker, first, "existing_report_status_done");
  await tracker.send(first, requestBytes("existing_disk_usage_with_change"));
  await tracker.ask(second, 83);
  await tracker.send(second, requestBytes("existing_disk_usage_with_change"));
  return cluster;
}

describe("a tracker that knows no group", () => {
  it("answers as recorded", async () => {
    const tracker = new TrackerInMemory(base);
    const session = tracker.connect("10.96.0.100");
    const records = recordsIn("base", "tracker just started");
    expect(records.length).toBe(14);
    for (const { name } of records) await replay(tracker, session, name);
  });
});

describe("two groups of one storage each", () => {
  /** What this tracker answers otherwise, and why. */
  const differs = new Map([
    ["storage_get_my_ip_short", "a request without port, as before 6.16, is answered"],
    ["storage_fetch_storage_ids_old_length", "a request without flag, as before 6.11, is answered"],
  ]);

  it("is listed, queried and refused as recorded", async () => {
    const { tracker, first, third } = await twoGroups();
    // The recorded lists tell which numbers the storages had reported.
    const groups = GroupList.decode(recordedAnswer("list_all_groups").body).groups;
    const [one] = listed("list_storages");
    await reportAs(tracker, first, one!);
    expect(one!.freeMib).toBe(groups[0]!.freeMib);
    const { totalMib, freeMib } = groups[1]!;
    const half = { totalMib: totalMib / 2, freeMib: freeMib / 2 };
    await tracker.ask(third, 84, DiskReport.encode({ storePaths: [half, half] }));
    tracker.cluster.findGroup("group1")!.members[0]!.upTime = one!.upTimeSeconds;
    tracker.cluster.findGroup("group1")!.members[0]!.joinTime = one!.joinTimeSeconds;

    const session = tracker.connect("10.96.0.100");
    const records = recordsIn("base", "tracker 10.96.0.1; group1: storage 10.96.0.11 (1 path)").filter(
      ({ name, response }) => response !== null && !differs.has(name) && !volatile.has(name),
    );
    expect(records.length).toBeGreaterThan(90);
    for (const { name, cmd } of records) {
      // Disk reports had come between the recorded lists.
      if (cmd === 98) await reportVolume(tracker, first, name);
      await replay(tracker, session, name);
    }
  });

  async function reportVolume(tracker: TrackerInMemory, session: FakeSession, name: string): Promise<void> {
    const { status, body } = recordedAnswer(name);
    const group = status === 0 ? VolumeStatList.decode(body).groups[0] : undefined;
    if (group === undefined) return;
    const { totalMib, freeMib } = group;
    await tracker.ask(session, 84, DiskReport.encode({ storePaths: [{ totalMib, freeMib }] }));
  }

  /** Records whose bytes hold the counters and times of the C run, checked by their decoded values elsewhere. */
  const volatile = new Set([
    ...recordsIn("base", "tracker 10.96.0.1; group1: storage 10.96.0.11 (1 path)")
      .filter(({ cmd, response }) => (cmd === 96 || cmd === 97) && response?.status === 0)
      .map(({ name }) => name),
  ]);

  it("gives statistics of the recorded shape", async () => {
    const { tracker } = await twoGroups();
    const session = tracker.connect("10.96.0.100");
    expect(volatile.size).toBeGreaterThan(8);
    for (const name of volatile) {
      const answer = await tracker.send(session, requestBytes(name));
      expect({ name, bytes: answer.body.length }).toEqual({ name, bytes: recordedAnswer(name).body.length });
    }
  });

  it("answers the first list of changes as recorded, and then nothing", async () => {
    const { tracker, first } = await twoGroups();
    await tracker.ask(first, 83);
    await replay(tracker, first, "beat_nothing_changed");
  });
});

describe("a second storage joins", () => {
  it("is filled by the first one, and both are told", async () => {
    const { tracker, first, second } = await threeStorages();
    const list = ChangeList.decode((await tracker.ask(second, 83)).body);
    expect(list.leader).toEqual({
      status: 0,
      storagePort: 22_122,
      storageId: "10.96.0.1",
      storageIp: "10.96.0.1",
    });
    expect(list.storages?.map(({ storageId, status }) => [storageId, status])).toEqual([
      ["10.96.0.11", 7],
      ["10.96.0.12", 1],
    ]);
    const recorded = recordedAnswer("start_second_beat");
    expect(recorded.body[0]).toBe(changeFlags.leader | changeFlags.storages);
    expect(ChangeList.decode(recorded.body)).toEqual(list);
    await replay(tracker, second, "start_second_sync_src_req");
    await replay(tracker, first, "existing_beat_new_member");
    const answer = await tracker.send(first, requestBytes("existing_sync_src_req"));
    expect(answer.body.length).toBe(recordedAnswer("existing_sync_src_req").body.length);
    await replay(tracker, first, "existing_report_status_syncing");
    await replay(tracker, first, "existing_report_status_done");
    expect(tracker.cluster.findGroup("group1")!.find("10.96.0.12")!.status).toBe("OFFLINE");
    await tracker.ask(second, 83);
    expect(tracker.cluster.findGroup("group1")!.find("10.96.0.12")!.status).toBe("ACTIVE");
    await replay(tracker, second, "start_second_sync_report");
  });

  it("shares the queries as recorded", async () => {
    const { tracker, first, second } = await filled();
    const records = recordsIn("base", "group1: storages 10.96.0.11 and 10.96.0.12 both active").filter(
      ({ cmd, response }) => response !== null && cmd !== 86 && cmd !== 97,
    );
    expect(records.length).toBeGreaterThan(15);
    const [one, two] = listed("two_list_storages");
    for (const [session, record] of [
      [first, one!],
      [second, two!],
    ] as const) {
      await reportAs(tracker, session, record);
      const node = tracker.cluster.findGroup("group1")!.find(record.storageId)!;
      node.lastSyncedTimestamp = record.statistics.lastSyncedSeconds;
      node.joinTime = record.joinTimeSeconds;
      node.upTime = record.upTimeSeconds;
    }
    const group2 = GroupList.decode(recordedAnswer("two_list_all_groups").body).groups[1]!;
    const half = { totalMib: group2.totalMib / 2, freeMib: group2.freeMib / 2 };
    const third = tracker.connect("10.96.0.13");
    await tracker.send(third, requestBytes("join_two_paths"));
    await tracker.ask(third, 84, DiskReport.encode({ storePaths: [half, half] }));
    // C had answered one download query before these were recorded.
    tracker.cluster.findGroup("group1")!.readCursor = 1;
    tracker.now = one!.statistics.lastHeartbeatSeconds;
    const client = tracker.connect("10.96.0.100");
    for (const { name } of records) await replay(tracker, client, name);
  });
});

describe("a raw storage at 10.96.0.14", () => {
  it("joins, reports and is refused as recorded", async () => {
    const { tracker } = await filled();
    const state = "group1: 10.96.0.11 and 10.96.0.12 active; group2: 10.96.0.13; the connection comes";
    const joins = recordsIn("base", state).filter(({ cmd, name }) => cmd === 81 && !name.startsWith("join_new"));
    // Each of these came on a connection of its own, which was closed again.
    const refused = joins.filter(({ name, response }) => response!.status !== 0 && name !== "join_twice");
    expect(refused.length).toBeGreaterThan(10);
    for (const { name } of refused) {
      await replay(tracker, tracker.connect("10.96.0.14"), name);
      // C has a record left of some of them.
      expect(tracker.cluster.findGroup("group1")!.find("10.96.0.14")).toBeUndefined();
    }
    const other = tracker.connect("10.96.0.14");
    await replay(tracker, other, "join_tracker_list_other");
    other.close();
    // C lets it join and refuses its disk reports for ever (W26).
    expect(recordedAnswer("join_paths_mismatch").status).toBe(0);
    const mismatch = await tracker.send(tracker.connect("10.96.0.14"), requestBytes("join_paths_mismatch"));
    expect(mismatch.status).toBe(22);

    const raw = tracker.connect("10.96.0.14");
    await replay(tracker, raw, "join_new_storage_raw");
    await replay(tracker, raw, "join_twice");
    await replay(tracker, raw, "sync_dest_query_before_dest_req");
    const source = await tracker.send(raw, requestBytes("sync_dest_req_raw"));
    expect(source.body.subarray(0, 16)).toEqual(recordedAnswer("sync_dest_req_raw").body.subarray(0, 16));
    expect(await tracker.send(raw, requestBytes("sync_dest_query_raw"))).toEqual(source);
    for (const name of [
      "sync_dest_req_bad_length",
      "sync_dest_query_bad_length",
      "sync_notify_unknown_src",
      "sync_notify_short",
      "beat_bad_length",
      "disk_usage_bad_length",
      "sync_report_empty",
    ]) {
      await replay(tracker, raw, name);
    }
    const list = ChangeList.decode((await tracker.send(raw, requestBytes("beat_empty_raw"))).body);
    expect(list).toEqual(ChangeList.decode(recordedAnswer("beat_empty_raw").body));
    for (const name of [
      "beat_empty_again_raw",
      "beat_full_raw",
      "disk_usage_raw",
      "sync_report_raw",
      "changelog_req_joined",
      "changelog_req_joined_bad_length",
      "fetch_trunk_fid_joined",
      "report_trunk_fid_joined",
      "report_trunk_free_joined",
      "change_status_to_offline",
      "change_status_to_recovery",
      "change_status_to_active",
      "change_status_bad_length",
      "replica_chg_raw",
      "replica_chg_bad_length",
      "report_status_raw",
      "report_status_unknown_group",
      "report_status_short",
    ]) {
      await replay(tracker, raw, name);
    }
  });

  it("is deleted, listed as deleted, and found in the changelog", async () => {
    const { tracker, first } = await filled();
    const raw = tracker.connect("10.96.0.14");
    await tracker.send(raw, requestBytes("join_new_storage_raw"));
    await tracker.send(raw, requestBytes("sync_dest_req_raw"));
    await replay(tracker, raw, "delete_storage_while_joined");
    await replay(tracker, raw, "storage_get_status_of_raw");
    await replay(tracker, raw, "delete_storage_already_deleted");
    // C makes a deleted member ACTIVE with its next heartbeat.
    expect((await tracker.ask(raw, 83)).status).toBe(0);
    await replay(tracker, raw, "storage_get_status_deleted");
    const log = await tracker.ask(first, 77);
    expect(log.body.toString()).toBe(`${tracker.now} group1 10.96.0.14 4 \n`);
    expect((await tracker.ask(first, 77)).body).toEqual(EMPTY);
  });
});

describe("the only storage of a group is stopped", () => {
  it("answers as recorded, but for the group that C cannot delete before a restart (W31)", async () => {
    const { tracker, third } = await twoGroups();
    third.close();
    const client = tracker.connect("10.96.0.100");
    const records = recordsIn("base", "10.96.0.13 (the only storage of group2)").filter(
      ({ cmd }) => cmd !== 90 && cmd !== 91,
    );
    expect(records.map(({ cmd }) => cmd)).toContain(108);
    const before = records.filter(({ name }) => name === "storage_get_status_offline");
    const after = records.filter(({ name }) => name === "storage_get_status_after_delete");
    const others = records.filter((record) => !before.includes(record) && !after.includes(record));
    const deletion = records.filter(({ name }) => name === "delete_group_after_delete_storage");
    for (const { name } of [...before, ...others, ...after]) {
      if (name !== deletion[0]!.name) await replay(tracker, client, name);
    }
    expect((await tracker.send(client, requestBytes(deletion[0]!.name))).status).toBe(0);
    expect(tracker.cluster.findGroup("group2")).toBeUndefined();
  });
});

describe("an address changes (ip mode)", () => {
  it("moves the record, leaves a tombstone, and tells the others", async () => {
    const { tracker, first, second } = await filled();
    second.close();
    // This was recorded with subdir_count_per_path = 16.
    const members = tracker.cluster.findGroup("group1")!;
    for (const node of [members, ...members.members]) node.subdirCount = 16;
    // By storages of an earlier run.
    for (const node of members.members) node.joinTime = 0;
    tracker.now = 1_795_321_352;
    const moved = tracker.connect("10.96.0.22");
    await replay(tracker, moved, "ip_change_report");
    await replay(tracker, moved, "ip_change_report_again");
    const group = tracker.cluster.findGroup("group1")!;
    expect(group.find("10.96.0.12")).toMatchObject({ status: "IP_CHANGED", port: 0 });
    group.find("10.96.0.22")!.changelogOffset = 0;
    await replay(tracker, moved, "ip_change_changelog");
    await replay(tracker, moved, "ip_change_join");
    await replay(tracker, first, "ip_change_changelog_other");
    const source = await tracker.send(first, requestBytes("ip_change_sync_src_req"));
    expect(source.body.subarray(0, 16)).toEqual(recordedAnswer("ip_change_sync_src_req").body.subarray(0, 16));
  });
});

describe("storage ids", () => {
  const ids = parseStorageIds(
    "100001 group1 10.96.0.11\n100002 group1 10.96.0.12\n100003 group2 10.96.0.13\n" +
      "100004 group2 10.96.0.14:23001 rw=read\n100005 group3 10.96.0.15,192.168.9.15:23002\n",
    "storage_ids.conf",
  );
  const config = { ...base, useStorageId: true, idTypeInFileName: "id", storageIds: ids } as const;

  it("are served and required as recorded", async () => {
    const tracker = new TrackerInMemory(config);
    const own = tracker.connect("10.96.0.11");
    for (const name of ["ids_get_group_name", "ids_get_my_ip", "ids_parameter_req", "ids_fetch_storage_ids"]) {
      await replay(tracker, own, name);
    }
    const client = tracker.connect("10.96.0.100");
    const answered = recordsIn("storage ids", "use_storage_id=true, id_type_in_filename=id").filter(
      ({ cmd }) => [60, 69, 70, 75, 109].includes(cmd) || [93].includes(cmd),
    );
    expect(answered.length).toBeGreaterThan(10);
    for (const { name } of answered) await replay(tracker, client, name);
    await replay(tracker, client, "sid_join_unknown_id");
    await replay(tracker, client, "sid_join_deleted_status");
    // C leaves an empty group behind a refused join.
    expect(tracker.cluster.groups).toEqual([]);
    // C repeats the request body behind the status.
    expect(await tracker.send(client, requestBytes("sid_report_ip_changed"))).toEqual({ status: 95, body: EMPTY });
  });

  it("let the tracker route by the id in a name", async () => {
    const tracker = new TrackerInMemory(config);
    const own = tracker.connect("10.96.0.11");
    await tracker.send(own, requestBytes("ids_join"));
    await tracker.ask(own, 87);
    await tracker.ask(own, 83);
    await tracker.send(own, requestBytes("start_first_disk_usage"));
    const client = tracker.connect("10.96.0.100");
    tracker.now = 1_795_321_504;
    for (const name of ["sid_query_fetch", "sid_query_fetch_all", "sid_list_storages_by_ip"]) {
      await replay(tracker, client, name);
    }
  });
});

describe("wide addresses", () => {
  it("are answered as recorded", async () => {
    const tracker = new TrackerInMemory({ ...base, responseAddressBytes: 46 });
    const first = tracker.connect("10.96.0.11");
    await tracker.send(first, requestBytes("start_first_join"));
    await tracker.ask(first, 87);
    await tracker.send(first, requestBytes("start_first_disk_usage"));
    const client = tracker.connect("10.96.0.100");
    const records = recordsIn("ipv6 sized answers", "response_ip_addr_size").filter(
      ({ cmd }) => cmd > 100 || cmd === 75,
    );
    expect(records.length).toBeGreaterThan(5);
    for (const { name } of records) await replay(tracker, client, name);
    const list = await tracker.send(client, requestBytes("v6_list_storages"));
    expect(list.body.length).toBe(517);
  });
});

describe("trunk mode", () => {
  it("sends the recorded parameters", async () => {
    const tracker = new TrackerInMemory({
      ...base,
      useTrunkFile: true,
      trunkFileBytes: 4 * 1024 * 1024,
      trunkCompressBinlogMinIntervalMs: 60_000,
    });
    await replay(tracker, tracker.connect("10.96.0.100"), "trunk_parameter_req");
  });

  it("takes reports from the trunk server only, and says so to tools", async () => {
    const { tracker, first, second } = await trunkCluster();
    await replay(tracker, first, "trunk_start_fetch_fid");
    await replay(tracker, first, "trunk_real_report_fid");
    await replay(tracker, first, "trunk_real_report_free");
    expect((await tracker.send(second, requestBytes("trunk_real_report_fid"))).status).toBe(22);
    const client = tracker.connect("10.96.0.100");
    for (const name of [
      "trunk_set_trunk_server_same",
      "trunk_set_trunk_server_unknown",
      "trunk_set_trunk_server_short",
    ]) {
      await replay(tracker, client, name);
    }
    first.close();
    await replay(tracker, client, "trunk_set_trunk_server_offline_one");
  });

  async function trunkCluster() {
    const tracker = new TrackerInMemory({ ...base, useTrunkFile: true, uploadStorageChoice: "first-by-address" });
    const first = tracker.connect("10.96.0.11");
    const second = tracker.connect("10.96.0.12");
    await tracker.send(first, requestBytes("start_first_join"));
    await tracker.ask(first, 87);
    await tracker.ask(first, 83);
    await tracker.send(second, requestBytes("start_second_join"));
    await tracker.ask(second, 87);
    const group = tracker.cluster.findGroup("group1")!;
    group.trunkServer = group.members[0];
    return { tracker, first, second };
  }
});

describe("unjoined connections", () => {
  it("get 13 for 79 and 88, which end a C tracker", async () => {
    const tracker = new TrackerInMemory(base);
    const session = tracker.connect("10.96.0.100");
    for (const name of ["sync_dest_query_not_joined", "sync_notify_not_joined"]) {
      expect((await tracker.send(session, requestBytes(name))).status).toBe(13);
    }
  });
});
