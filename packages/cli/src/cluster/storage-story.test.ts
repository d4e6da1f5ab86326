import type { ExplainedCluster } from "@fastdfs-ts/client";
import {
  type ReplicationLink,
  type StorageExplanation,
  type StorageStatus,
  storageStatuses,
} from "@fastdfs-ts/protocol";
import { describe, expect, it } from "vitest";

import { recordingTerminal } from "../../test/recording-terminal.ts";
import { printTime } from "../terminal/units.ts";
import { printLag, printLagMatrix } from "./lag-matrix.ts";
import { findStorages, tellStory } from "./storage-story.ts";

const now = 1_800_000_000;

const filling: StorageExplanation = {
  storageId: "100002",
  address: "10.0.0.12",
  port: 23000,
  status: "SYNCING",
  reason: "10.0.0.11 reported SYNCING",
  sinceSeconds: now - 90,
  sourceId: "100001",
  untilSeconds: now - 90,
  progress: { doneBytes: 512, totalBytes: 2048 },
  estimatedEndSeconds: now + 60,
  lastBeatSecondsAgo: 2,
  isReadable: false,
  isWritable: false,
  reportsReplication: true,
};

const link: ReplicationLink = {
  sourceId: "100001",
  peerId: "100002",
  state: "backfilling",
  reason: "connected",
  sinceSeconds: now - 80,
  lagSeconds: 75,
  lagBytes: 1536,
  parkedRecords: 0,
};

function cluster(storage: StorageExplanation, replication: ReplicationLink[] = []): ExplainedCluster {
  const removed = [{ storageId: "100009", removedSeconds: now - 1000 }];
  const groups = [{ groupName: "group1", storages: [storage], replication, removed }];
  return { version: 1, takenSeconds: now, isFromTracker: true, groups };
}

function story(wanted: string, explained: ExplainedCluster): string {
  return findStorages(explained, wanted)
    .map((found) => tellStory(found, explained))
    .join("\n\n");
}

describe("the story of a storage", () => {
  it("tells state, reason, progress, lag and what to do", () => {
    expect(story("100002", cluster(filling, [link]))).toBe(
      [
        "Storage 100002 of group1 at 10.0.0.12:23000 is SYNCING, for 1m 30s.",
        "Why: 10.0.0.11 reported SYNCING.",
        `Old files come from 100001, 25% done (512 B of 2.0 KB of its log), about finished at ${printTime(now + 60)}.`,
        "Trackers send no clients to it.",
        "Its last report came 2.0s ago.",
        "It is behind 100001 by 1m 15s, 1.5 KB of the log (backfilling: connected).",
        "What to do: wait. It serves when everything is copied; uploads to the group go on meanwhile.",
      ].join("\n"),
    );
  });

  it("is found by id, by address, and by address and port", () => {
    const explained = cluster(filling);
    for (const name of ["100002", "10.0.0.12", "10.0.0.12:23000"]) {
      expect(findStorages(explained, name).length).toBe(1);
    }
    expect(findStorages(explained, "10.0.0.1")).toEqual([]);
  });

  it("of one that is removed and no longer listed says so, and how it can come back", () => {
    const text = story("100009", cluster(filling));
    expect(text).toContain(`removed at ${printTime(now - 1000)} by an administrator`);
    expect(text).toContain("--rejoin");
  });

  it("says that a guess is a guess, and what is refused", () => {
    const explained = { ...cluster(filling, [{ ...link, lagSeconds: 0, lagBytes: 0, parkedRecords: 2 }]) };
    const text = story("100002", { ...explained, isFromTracker: false });
    expect(text).toContain("(A guess: the trackers do not tell reasons.)");
    expect(text).toContain("; 2 records refused, tried again from time to time.");
  });

  it.each(Object.keys(storageStatuses) as StorageStatus[])("of status %s ends with what to do", (status) => {
    const bare = { ...filling, status, progress: undefined, estimatedEndSeconds: undefined, sinceSeconds: 0 };
    const lines = story("100002", cluster({ ...bare, lastBeatSecondsAgo: undefined })).split("\n");
    expect(lines.at(-1)).toMatch(/^What to do: \S.*\.$|delete-storage GROUP ID$/);
    expect(lines.join()).not.toContain("undefined");
  });
});

describe("the lag matrix", () => {
  it.each<[Partial<ReplicationLink> | undefined, string]>([
    [undefined, "?"],
    [{ lagSeconds: undefined, lagBytes: undefined }, "?"],
    [{ lagSeconds: 0, lagBytes: 0 }, "0s"],
    [{ lagSeconds: 12, lagBytes: undefined }, "12s"],
    [{ lagSeconds: 75, lagBytes: 1536, parkedRecords: 3 }, "1m 15s 1.5 KB !3"],
  ])("%o is %s", (changes, text) => {
    expect(printLag(changes === undefined ? undefined : { ...link, ...changes })).toBe(text);
  });

  it("has a row per source and a column per peer", () => {
    const back = { ...link, sourceId: "100002", peerId: "100001", lagSeconds: 0, lagBytes: 0 };
    expect(printLagMatrix(recordingTerminal(), [link, back]).split("\n")).toEqual([
      "from \\ to  100001         100002",
      "100001          -  1m 15s 1.5 KB",
      "100002         0s              -",
    ]);
  });
});
