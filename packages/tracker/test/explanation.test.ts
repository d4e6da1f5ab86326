// What a tracker explains (121) from what storages report: reasons, progress, estimated ends, lags.
import {
  ExplainRequest,
  Explanation,
  type GroupExplanation,
  Heartbeat,
  parseExplanation,
  type PeerReplication,
  ReplicationReport,
  StatisticsBlock,
} from "@fastdfs-ts/protocol";
import { expect, it } from "vitest";

import { caughtUp, StorageInTest } from "./storage-in-test.ts";
import { TrackerInMemory } from "./tracker-in-memory.ts";

const A = "10.96.0.11";
const B = "10.96.0.12";

async function group(): Promise<[TrackerInMemory, StorageInTest, StorageInTest]> {
  const tracker = new TrackerInMemory();
  const first = await new StorageInTest(tracker, A).start();
  return [tracker, first, await new StorageInTest(tracker, B).start()];
}

async function explain(tracker: TrackerInMemory, groupName = "group1"): Promise<GroupExplanation> {
  const answer = await tracker.ask(tracker.connect("10.1.1.1"), 121, ExplainRequest.encode({ groupName }));
  expect(answer.status).toBe(0);
  return parseExplanation(Explanation.decode(answer.body).json).groups[0]!;
}

function tell(storage: StorageInTest, ...peers: Partial<PeerReplication>[]) {
  return storage.reportReplication(...peers.map((peer) => ({ storageId: B, ...peer })));
}

it("says why, since when, from whom, how far, and when it will be over", async () => {
  const [tracker, first, second] = await group();
  const begun = tracker.now;
  await tell(first, { state: 2, backfillBytes: 1000, backfillDoneBytes: 100, pendingBytes: 900 });
  tracker.now += 10;
  await second.beat();
  await tell(first, { state: 2, backfillBytes: 1000, backfillDoneBytes: 300, pendingBytes: 700 });
  tracker.now += 3;
  const { storages } = await explain(tracker);
  expect(storages[1]).toEqual({
    storageId: B,
    address: B,
    port: 23000,
    status: "WAIT_SYNC",
    reason: `${A} copies the old files to it`,
    sinceSeconds: begun,
    sourceId: A,
    untilSeconds: begun,
    progress: { doneBytes: 300, totalBytes: 1000 },
    // 200 bytes took 13 s by now: 700 more take 46.
    estimatedEndSeconds: begun + 13 + 46,
    lastBeatSecondsAgo: 3,
    isReadable: false,
    isWritable: false,
    reportsReplication: false,
  });
  expect(storages[0]).toMatchObject({ status: "ACTIVE", isReadable: true, reportsReplication: true, sourceId: "" });
  // The copy began anew: its speed is not known yet.
  await tell(first, { state: 2, backfillBytes: 1000, backfillDoneBytes: 0 });
  expect((await explain(tracker)).storages[1]!.estimatedEndSeconds).toBeUndefined();
});

it("tells the lag of every pair: from reports of ours, else from what is known of C storages", async () => {
  const [tracker, first, second] = await group();
  const link = async (sourceId: string) =>
    (await explain(tracker)).replication.find((one) => one.sourceId === sourceId);
  expect((await explain(tracker)).replication.length).toBe(2);
  expect(await link(A)).toMatchObject({ peerId: B, state: undefined, lagSeconds: undefined, lagBytes: undefined });
  // A C source that changed something at 500; the peer had it up to 470.
  const statistics = {
    ...StatisticsBlock.decode(Buffer.alloc(StatisticsBlock.fixedSize)),
    lastSourceUpdateSeconds: 500,
  };
  await first.ask(83, Heartbeat.encode({ statistics }));
  await second.reportSync({ [A]: 470 });
  expect(await link(A)).toMatchObject({ state: undefined, lagSeconds: 30, lagBytes: undefined });
  await tell(first, {
    state: 3,
    confirmedSeconds: tracker.now - 8,
    pendingBytes: 55,
    parkedRecords: 2,
    reason: "slow",
  });
  expect(await link(A)).toEqual({
    sourceId: A,
    peerId: B,
    state: "replicating",
    reason: "slow",
    sinceSeconds: 5,
    lagSeconds: 8,
    lagBytes: 55,
    parkedRecords: 2,
  });
  await tell(first, { confirmedSeconds: tracker.now - 8 });
  expect(await link(A)).toMatchObject({ state: "caughtUp", lagSeconds: 0, lagBytes: 0 });
  // A state of a later version.
  await tell(first, { state: 77 });
  expect(await link(A)).toMatchObject({ state: undefined });
});

it("is about one group or all, and refuses one that is unknown", async () => {
  const [tracker] = await group();
  expect((await explain(tracker, "")).groupName).toBe("group1");
  const unknown = await tracker.ask(tracker.connect(A), 121, ExplainRequest.encode({ groupName: "group9" }));
  expect(unknown.status).toBe(2);
});

it("needs a joined connection to report, and takes no nonsense into the matrix", async () => {
  const [tracker, first, second] = await group();
  const report = ReplicationReport.encode({ peers: [{ ...caughtUp, storageId: B }] });
  expect((await tracker.ask(tracker.connect(A), 120, report)).status).toBe(13);
  for (const confirmedSeconds of [-1, 2 ** 31, Number.MAX_SAFE_INTEGER]) await tell(first, { confirmedSeconds });
  await tell(first, { storageId: "10.9.9.9", confirmedSeconds: 7 });
  const { sync } = tracker.cluster.findGroup("group1")!;
  expect(sync.get(first.node.slot, second.node.slot)).toBe(0);
  await tell(first, { confirmedSeconds: 7 });
  expect(sync.get(first.node.slot, second.node.slot)).toBe(8);
});
