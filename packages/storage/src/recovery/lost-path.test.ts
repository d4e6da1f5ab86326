import { storageStatuses, type StorageStatus } from "@fastdfs-ts/protocol";
import { describe, expect, it } from "vitest";

import { canGiveFiles, type GroupMember, type GroupPicture, isComplete } from "./group-picture.ts";
import { hasCompleteMember, type LostPathAction, lostPathAction, whyNobodyGives } from "./lost-path.ts";
import { type Incarnation, incarnationOf } from "./replaced-member.ts";

const member = (status: StorageStatus, facts: Partial<GroupMember> = {}): GroupMember => ({
  storageId: "10.0.0.2",
  endpoint: { host: "10.0.0.2", port: 23000 },
  status,
  isReadable: true,
  storePathCount: 2,
  ...facts,
});
const picture = (facts: Partial<GroupPicture>): GroupPicture => ({
  ownStatus: undefined,
  ownJoinSeconds: undefined,
  others: [],
  ...facts,
});

describe("a store path whose files are gone", () => {
  // loss accepted, old files awaited, another complete member
  const cells: [boolean, boolean, boolean, LostPathAction][] = [
    [false, false, false, "refuse"],
    [false, false, true, "restore"],
    [false, true, false, "accept"],
    [false, true, true, "accept"],
    [true, false, false, "accept"],
    [true, false, true, "accept"],
    [true, true, false, "accept"],
    [true, true, true, "accept"],
  ];
  it.each(cells)("accepted %s, awaited %s, others %s: %s", (isLossAccepted, awaitsOldFiles, hasOthers, action) => {
    expect(lostPathAction({ isLossAccepted, awaitsOldFiles, hasCompleteMember: hasOthers })).toBe(action);
  });

  const statuses = Object.keys(storageStatuses) as StorageStatus[];
  it.each(statuses)("and a member that is %s", (status) => {
    const isWhole = ["OFFLINE", "ONLINE", "ACTIVE", "RECOVERY"].includes(status);
    expect(isComplete(status)).toBe(isWhole);
    expect(hasCompleteMember(picture({ others: [member(status)] }))).toBe(isWhole);
    expect(canGiveFiles(member(status))).toBe(status === "ACTIVE");
  });

  it("is not restored from members that never had such a path, or may not be read from", () => {
    expect(hasCompleteMember(picture({ others: [member("ACTIVE")] }), 1)).toBe(true);
    expect(hasCompleteMember(picture({ others: [member("ACTIVE")] }), 2)).toBe(false);
    expect(canGiveFiles(member("ACTIVE", { isReadable: false }))).toBe(false);
  });

  it("says why it waits", () => {
    expect(whyNobodyGives(picture({ others: [member("ACTIVE")] }))).toBeUndefined();
    expect(whyNobodyGives(picture({}))).toMatch(/no other member/);
    expect(whyNobodyGives(picture({ others: [member("OFFLINE")] }))).toMatch(/10\.0\.0\.2 is OFFLINE/);
    expect(whyNobodyGives(picture({ others: [member("ACTIVE", { isReadable: false })] }))).toMatch(/may not be read/);
  });
});

describe("a storage that has not settled who gives it old files", () => {
  const others = [member("OFFLINE")];
  const cases: [Partial<GroupPicture>, Incarnation][] = [
    [{}, "new"],
    [{ ownStatus: "INIT", others }, "new"],
    [{ ownStatus: "WAIT_SYNC", others }, "new"],
    [{ ownStatus: "DELETED", others }, "new"],
    [{ ownStatus: "ACTIVE", ownJoinSeconds: 5, others }, "same"],
    [{ ownStatus: "OFFLINE", ownJoinSeconds: 4, others }, "replaced"],
    [{ ownStatus: "OFFLINE", ownJoinSeconds: 4 }, "lost"],
    [{ ownStatus: "OFFLINE", ownJoinSeconds: 4, others: [member("WAIT_SYNC")] }, "lost"],
  ];
  it.each(cases)("%j: %s", (facts, incarnation) => {
    expect(incarnationOf(picture(facts), 5)).toBe(incarnation);
  });
});
