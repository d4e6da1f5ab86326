// A new member leaves SYNCING when its source has itself what the others took before the join (cluster-behaviour.md §11.1 W4).
import type { PeerReplication } from "@fastdfs-ts/protocol";
import { describe, expect, it } from "vitest";

import { StorageInTest } from "./storage-in-test.ts";
import { TrackerInMemory } from "./tracker-in-memory.ts";

const [SOURCE, OTHER, LATE] = ["10.96.0.11", "10.96.0.12", "10.96.0.13"] as const;

/** Two members in service that tell how far they feed others, and a third one that the first has begun to fill. */
async function joining() {
  const tracker = new TrackerInMemory();
  const source = await new StorageInTest(tracker, SOURCE).start();
  const other = await new StorageInTest(tracker, OTHER).start();
  await source.report(other, "OFFLINE");
  await other.beat();
  const late = await new StorageInTest(tracker, LATE).start();
  await source.reportReplication({ storageId: OTHER }, { storageId: LATE });
  await source.report(late, "SYNCING");
  return { tracker, source, other, late, joinedAt: tracker.now };
}

describe("the source says that it is done, and the other member", () => {
  it.each<[string, number, Omit<Partial<PeerReplication>, "storageId"> | undefined, string]>([
    ["does not tell, as C storages", 10, undefined, "OFFLINE"],
    ["has given it all from before the join, by time", 10, { confirmedSeconds: 0, pendingBytes: 500 }, "OFFLINE"],
    ["owes it the second of the join", 10, { confirmedSeconds: -1, pendingBytes: 500 }, "SYNCING"],
    ["has nothing left to give since the join, whatever its clock says", 2, { confirmedSeconds: -3600 }, "OFFLINE"],
    ["had nothing left to give, but told so too early", 1, { confirmedSeconds: -1 }, "SYNCING"],
    ["has but what the source refuses", 10, { confirmedSeconds: -3600, parkedRecords: 1 }, "OFFLINE"],
  ])("%s", async (_what, afterSeconds, told, status) => {
    const { tracker, source, other, late, joinedAt } = await joining();
    tracker.now += afterSeconds;
    if (told !== undefined) {
      const confirmedSeconds = joinedAt + (told.confirmedSeconds ?? 0);
      await other.reportReplication({ storageId: SOURCE, ...told, confirmedSeconds });
    }
    expect(await source.report(late, "OFFLINE")).toBe(0);
    expect(late.node.status).toBe(status);
    if (status !== "SYNCING") return;
    expect(late.node.reason).toBe(`has all that ${SOURCE} has, which waits for older files of ${OTHER}`);
    await late.beat();
    expect(late.node.status).toBe("SYNCING");
  });

  it("is waited for while it is in service or may come back in a moment, and the reason is logged once", async () => {
    const { tracker, source, other, late } = await joining();
    await other.reportReplication({ storageId: SOURCE, confirmedSeconds: 1, pendingBytes: 500 });
    for (let round = 0; round < 3; round++) await source.report(late, "OFFLINE");
    expect(late.node.status).toBe("SYNCING");
    expect(tracker.events.filter(({ event }) => event === "storage.waits")).toHaveLength(1);
    other.disconnect();
    expect(other.node.status).toBe("OFFLINE");
    const { checkActiveSeconds } = tracker.cluster.settings;
    for (const [seconds, status] of [
      [checkActiveSeconds - 1, "SYNCING"],
      [1, "OFFLINE"],
    ] as const) {
      tracker.now += seconds;
      await source.report(late, "OFFLINE");
      expect(late.node.status).toBe(status);
    }
  });

  it("does not matter to a C source, which says only once that it is done", async () => {
    const { source, other, late } = await joining();
    await other.reportReplication({ storageId: SOURCE, confirmedSeconds: 1, pendingBytes: 500 });
    // A join begins anew: a C server runs there now.
    source.disconnect();
    await source.join({ isNew: false, status: 7 });
    await source.beat();
    await source.report(late, "OFFLINE");
    expect(late.node.status).toBe("OFFLINE");
  });
});
