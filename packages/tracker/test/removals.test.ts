// Stories about members that are removed: what trackers remember, tell each other through storages, and never undo by
// themselves.
import { DeleteStorageRequest, type Removal, RemovalList, RemovalNotice } from "@fastdfs-ts/protocol";
import { parseStorageIds } from "@fastdfs-ts/runtime";
import { describe, expect, it } from "vitest";

import { checkLiveness } from "../src/cluster/liveness.ts";
import { restoreCluster, storeCluster } from "../src/cluster/stored-cluster.ts";
import { parseRemovalsFile, printRemovalsFile } from "../src/formats/removals-file.ts";
import { StorageInTest } from "./storage-in-test.ts";
import { TrackerInMemory } from "./tracker-in-memory.ts";

const A = "10.96.0.11";
const B = "10.96.0.12";
const JOINED = 1_795_310_000;

async function pair(tracker: TrackerInMemory): Promise<[StorageInTest, StorageInTest]> {
  const first = await new StorageInTest(tracker, A).start();
  const second = await new StorageInTest(tracker, B).start();
  await first.report(second, "OFFLINE");
  await second.reportDisks(5000);
  return [first, second];
}

async function remove(tracker: TrackerInMemory, storageId: string): Promise<number> {
  const request = DeleteStorageRequest.encode({ groupName: "group1", storageId });
  return (await tracker.ask(tracker.connect("10.96.0.100"), 93, request)).status;
}

/** 124 from anybody. */
async function share(tracker: TrackerInMemory, removals: Removal[] = []): Promise<Removal[]> {
  const request = RemovalNotice.encode({ groupName: "group1", removals });
  return RemovalList.decode((await tracker.ask(tracker.connect(A), 124, request)).body).removals;
}

function restart(tracker: TrackerInMemory): TrackerInMemory {
  const restarted = new TrackerInMemory();
  restarted.now = tracker.now;
  expect(restoreCluster(restarted.cluster, storeCluster(tracker.cluster))).toEqual([]);
  return restarted;
}

describe("a removal", () => {
  it("is remembered beyond a restart, when the record is gone", async () => {
    const tracker = new TrackerInMemory();
    const [, second] = await pair(tracker);
    second.disconnect();
    expect(await remove(tracker, B)).toBe(0);
    const removal = { storageId: B, joinSeconds: JOINED, removedSeconds: tracker.now, returnedSeconds: 0 };
    expect(await share(tracker)).toEqual([removal]);
    const again = restart(restart(tracker));
    expect(again.cluster.findGroup("group1")!.find(B)).toBeUndefined();
    expect(await share(again)).toEqual([removal]);
  });

  it("is not undone by what other members still believe", async () => {
    const tracker = new TrackerInMemory();
    const [, second] = await pair(tracker);
    second.disconnect();
    await remove(tracker, B);
    const again = restart(tracker);
    const back = new StorageInTest(again, A, { isNew: false, status: 7 });
    await back.join();
    for (const status of ["WAIT_SYNC", "SYNCING", "OFFLINE", "RECOVERY"] as const) await back.report(second, status);
    expect(again.cluster.findGroup("group1")!.members.map(({ id }) => id)).toEqual([A]);
  });

  it("reaches a tracker that was not told, though the member is in service there, and its changelog", async () => {
    const late = new TrackerInMemory();
    const [first, second] = await pair(late);
    await late.ask(first.session, 77);
    const removal = { storageId: B, joinSeconds: JOINED, removedSeconds: late.now - 5, returnedSeconds: 0 };
    expect(await share(late, [removal])).toEqual([removal]);
    expect(second.node.status).toBe("DELETED");
    await second.beat();
    await second.reportDisks(5000);
    expect(second.node.status).toBe("DELETED");
    expect((await late.ask(first.session, 77)).body.toString()).toBe(`${late.now - 5} group1 ${B} 4 \n`);
    // Told again, nothing happens again.
    await share(late, [removal]);
    expect((await late.ask(first.session, 77)).body.length).toBe(0);
  });

  it("of an earlier life does not concern the present one", async () => {
    const tracker = new TrackerInMemory();
    const [, second] = await pair(tracker);
    await share(tracker, [{ storageId: B, joinSeconds: JOINED - 1, removedSeconds: tracker.now, returnedSeconds: 0 }]);
    expect(second.node.status).toBe("ACTIVE");
  });

  it("was noted, and the tracker ended before it had written the members", async () => {
    const tracker = new TrackerInMemory();
    const [, second] = await pair(tracker);
    second.disconnect();
    const before = storeCluster(tracker.cluster);
    await remove(tracker, B);
    const restarted = new TrackerInMemory();
    restoreCluster(restarted.cluster, { ...before, removals: storeCluster(tracker.cluster).removals });
    expect(restarted.cluster.findGroup("group1")!.find(B)!.status).toBe("DELETED");
  });

  it("is found under the id of the member when ids are turned on", async () => {
    const tracker = new TrackerInMemory();
    const [, second] = await pair(tracker);
    second.disconnect();
    await remove(tracker, B);
    const storageIds = parseStorageIds(`7 group1 ${A}\n8 group1 ${B}\n`, "storage_ids.conf");
    const withIds = new TrackerInMemory({ useStorageId: true, storageIds });
    expect(restoreCluster(withIds.cluster, storeCluster(tracker.cluster))).toEqual([]);
    expect((await share(withIds)).map(({ storageId }) => storageId)).toEqual(["8"]);
  });
});

describe("a C storage that was removed and joins again", () => {
  it("starts over, as at a C tracker, and is a member again for everybody", async () => {
    const tracker = new TrackerInMemory();
    const [, second] = await pair(tracker);
    second.disconnect();
    await remove(tracker, B);
    const [removal] = await share(tracker);
    tracker.now += 10;
    expect(await second.join({ isNew: false, status: 5 })).toBe(0);
    expect(second.node.status).toBe("INIT");
    expect(await share(tracker, [removal!])).toEqual([{ ...removal, returnedSeconds: tracker.now }]);
    expect(second.node.status).toBe("INIT");
    expect(await second.tellSource(A)).toBe(0);
    expect(second.node.status).toBe("WAIT_SYNC");
  });

  it.each(["right away", "after the tracker has restarted"])("%s, is not complete without a source", async (when) => {
    const tracker = new TrackerInMemory();
    // The first of its group, it never had a source: a C tracker lets it turn ACTIVE at once.
    const [first, second] = await pair(tracker);
    await first.reportDisks(5000);
    first.disconnect();
    await remove(tracker, A);
    const at = when === "right away" ? tracker : restart(tracker);
    const other = at === tracker ? second : new StorageInTest(at, B, { isNew: false, status: 7 });
    if (at !== tracker) {
      await other.join();
      await other.reportDisks(5000);
    }
    const back = new StorageInTest(at, A, { isNew: false, status: -1 });
    expect(await back.join()).toBe(0);
    expect(back.node.status).toBe("INIT");
    expect(await back.tellSource("")).toBe(0);
    expect(back.node).toMatchObject({ status: "WAIT_SYNC", syncSource: other.node });
    await other.report(back, "OFFLINE");
    await back.beat();
    expect(back.node.status).toBe("ACTIVE");
  });

  it("can be removed again, within the same second", async () => {
    const tracker = new TrackerInMemory();
    const [, second] = await pair(tracker);
    second.disconnect();
    await remove(tracker, B);
    await second.join({ isNew: false, status: 5 });
    second.disconnect();
    expect(await remove(tracker, B)).toBe(0);
    expect(second.node.status).toBe("DELETED");
    const [removal] = await share(tracker);
    expect(removal!.removedSeconds).toBeGreaterThan(removal!.returnedSeconds);
  });

  it("is repeated to members that have not let go of it yet (W14)", async () => {
    const tracker = new TrackerInMemory();
    const [first, second] = await pair(tracker);
    second.disconnect();
    await remove(tracker, B);
    await second.join({ isNew: false, status: 5 });
    await second.tellSource(A);
    await first.beat();
    expect((await first.beat()).storages).toBeUndefined();
    checkLiveness(tracker.cluster);
    expect((await first.beat()).storages?.map(({ status }) => status)).toEqual([7, 1]);
  });
});

describe("a storage that joins with new directories", () => {
  it("is new, whatever the tracker believed of it, and nothing is known of its files", async () => {
    const tracker = new TrackerInMemory();
    const [first, second] = await pair(tracker);
    const { sync } = tracker.cluster.findGroup("group1")!;
    await second.reportSync({ [A]: tracker.now + 5 });
    second.disconnect();
    expect(await second.join({ isNew: false, status: 1, joinTime: JOINED + 1 })).toBe(0);
    expect(second.node.status).toBe("INIT");
    expect(sync.get(first.node.slot, second.node.slot)).toBe(0);
    // It has asked another tracker for a source.
    expect(await second.tellSource(A)).toBe(0);
    await second.beat();
    expect(second.node.status).toBe("WAIT_SYNC");
  });

  it("does not take the place of one that is connected under the same id", async () => {
    const tracker = new TrackerInMemory();
    const [, second] = await pair(tracker);
    const clone = new StorageInTest(tracker, B);
    await clone.join({ joinTime: JOINED + 1 });
    expect(second.node.status).toBe("ACTIVE");
  });
});

describe("the file of removals", () => {
  const removals = [
    { groupName: "group1", storageId: "100001", joinSeconds: 1, removedSeconds: 2, returnedSeconds: 0 },
    {
      groupName: "group2",
      storageId: B,
      joinSeconds: 1_700_000_000,
      removedSeconds: 1_800_000_000,
      returnedSeconds: 7,
    },
  ];

  it("is read as it was written", () => {
    expect(parseRemovalsFile(printRemovalsFile(removals))).toEqual({ removals, problems: [] });
    expect(parseRemovalsFile("")).toEqual({ removals: [], problems: [] });
  });

  it("gives what is sound of a damaged one, and says what is lost", () => {
    const text = `${printRemovalsFile(removals)}group1,,1,2,3\ngroup1,7,x,2,3\ngroup1,8,1`;
    const read = parseRemovalsFile(text);
    expect(read.removals).toEqual(removals);
    expect(read.problems.map(({ line }) => line)).toEqual([5, 3, 4]);
  });
});
