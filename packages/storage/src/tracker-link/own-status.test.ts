import { describe, expect, it } from "vitest";

import { OwnStatus, STATUS_UNKNOWN, statusAfterNotify, statusAfterReport } from "./own-status.ts";

describe("OwnStatus", () => {
  it("reports INIT to the only tracker, and what it said last later", () => {
    const own = new OwnStatus(["a"]);
    expect(own.statusToReport("a")).toBe(0);
    own.noteStatus("a", "ACTIVE");
    expect(own.statusToReport("a")).toBe(7);
  });

  it("does not know before all other trackers were tried, then reports the highest", () => {
    const own = new OwnStatus(["a", "b", "c"]);
    expect(own.statusToReport("a")).toBe(STATUS_UNKNOWN);
    own.noteTried("b");
    expect(own.statusToReport("a")).toBe(STATUS_UNKNOWN);
    own.noteLinkEnded("c");
    expect(own.statusToReport("a")).toBe(0);
    own.noteStatus("b", "WAIT_SYNC");
    own.noteStatus("c", "OFFLINE");
    expect(own.statusToReport("a")).toBe(5);
    expect(own.isComplete).toBe(true);
    expect(own.wereAllTried).toBe(false);
  });

  it("corrects a follower only where it matters, and only in the name of a leader that is there", () => {
    const own = new OwnStatus(["leader", "follower"]);
    own.noteStatus("follower", "SYNCING");
    expect(own.correctionFor("follower")).toBeUndefined();
    own.noteLeaderOpinion("leader", "ACTIVE");
    expect(own.correctionFor("follower")).toBe("ACTIVE");
    expect(own.correctionFor("leader")).toBeUndefined();
    own.noteStatus("follower", "OFFLINE");
    expect(own.correctionFor("follower"), "both are complete").toBeUndefined();
    own.noteStatus("follower", "INIT");
    own.noteLinkEnded("leader");
    expect(own.correctionFor("follower")).toBeUndefined();
  });
});

describe("what a tracker makes of our messages", () => {
  it.each([
    ["INIT", "", "ONLINE"],
    ["WAIT_SYNC", "", "ONLINE"],
    ["SYNCING", "", "ONLINE"],
    ["INIT", "x", "WAIT_SYNC"],
    ["SYNCING", "x", "SYNCING"],
    ["ACTIVE", "", "ACTIVE"],
    ["ACTIVE", "x", "ACTIVE"],
  ] as const)("88 in %s with source '%s' leads to %s", (status, source, next) => {
    expect(statusAfterNotify(status, source)).toBe(next);
  });

  it.each([
    ["OFFLINE", "ACTIVE"],
    ["ONLINE", "ACTIVE"],
    ["RECOVERY", "ACTIVE"],
    ["ACTIVE", "ACTIVE"],
    ["INIT", "INIT"],
    ["WAIT_SYNC", "WAIT_SYNC"],
    ["DELETED", "DELETED"],
  ] as const)("a report in %s leads to %s", (status, next) => {
    expect(statusAfterReport(status)).toBe(next);
  });
});
