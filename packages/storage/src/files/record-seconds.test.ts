import type { FileStat } from "@fastdfs-ts/runtime";
import { describe, expect, it } from "vitest";

import type { FileStore } from "./file-store.ts";
import { RecentDeletions } from "./recent-deletions.ts";
import { AHEAD_SECONDS_MAX, deletionSeconds, storingSeconds } from "./record-seconds.ts";

const FILE = "M00/00/00/CmAAC2sCaA-ACKP8AAAAKnl8CjM577.txt";
const METADATA = `${FILE}-m`;
const NOW = 1_700_000_000;

function store(deletedSeconds?: number): FileStore {
  const deletions = new RecentDeletions();
  if (deletedSeconds !== undefined) {
    for (const logicalName of [FILE, METADATA]) {
      deletions.follow({ op: "d", logicalName, seconds: deletedSeconds, extra: undefined });
    }
  }
  return { clock: { now: () => NOW * 1000 + 999 }, deletions } as unknown as FileStore;
}

const stat = (seconds: number) => ({ modifiedMs: seconds * 1000 + 500 }) as FileStat;

/** Seconds of what is before, and those of the record, counted from now. */
describe.each([
  { before: -100, deletion: 0, storing: 0 },
  { before: 0, deletion: 0, storing: 0 },
  { before: 1, deletion: 2, storing: 1 },
  { before: 600, deletion: 601, storing: 600 },
  { before: AHEAD_SECONDS_MAX - 1, deletion: AHEAD_SECONDS_MAX, storing: AHEAD_SECONDS_MAX - 1 },
  // No clock is that wrong.
  { before: 1e9, deletion: AHEAD_SECONDS_MAX, storing: AHEAD_SECONDS_MAX },
])("after a record of $before s from now", ({ before, deletion, storing }) => {
  it("has a deletion of metadata a later time", () => {
    expect(deletionSeconds(store(), METADATA, stat(NOW + before)) - NOW).toBe(deletion);
  });

  it("have new metadata and changed one no earlier time", () => {
    expect(storingSeconds(store(NOW + before), METADATA) - NOW).toBe(storing);
    expect(storingSeconds(store(), METADATA, stat(NOW + before)) - NOW).toBe(storing);
    expect(storingSeconds(store(), METADATA) - NOW).toBe(0);
  });

  it("has a file with a name that is given once the time of our clock", () => {
    expect(deletionSeconds(store(), FILE, stat(NOW + before))).toBe(NOW);
    expect(storingSeconds(store(NOW + before), FILE)).toBe(NOW);
  });
});
