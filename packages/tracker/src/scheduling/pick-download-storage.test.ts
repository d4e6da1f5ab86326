import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { group, member, moment, policy } from "../../test/pictures.ts";
import { SyncMatrix } from "../cluster/sync-matrix.ts";
import type { MemberPicture } from "./cluster-picture.ts";
import {
  isEligible,
  listDownloadStorages,
  type NameSight,
  pickReplica,
  pickSource,
  pickUpdateReplica,
} from "./pick-download-storage.ts";

const now = 1_000_000;
const source = member("a", { slot: 0 });
const ours = member("o", { slot: 3, reportsReplication: true });
const late = member("b", { slot: 1 });
const complete = member("c", { slot: 2 });
const sight = (createdAt: number, overrides: Partial<NameSight<MemberPicture>> = {}) => ({
  source,
  createdAt,
  isNormal: true,
  ...overrides,
});

/** The group when `complete` has everything of both sources. */
function filled(readable: readonly MemberPicture[], cursor = 0) {
  const sync = new SyncMatrix();
  for (const from of [source, ours]) sync.raise(from.slot, complete.slot, now);
  return { ...group("g", { readable, writable: readable, readCursor: cursor, writeCursor: cursor }), sync };
}

describe("who has a normal file", () => {
  // createdAt, stamp, eligible if the source is a C server, if it is one of ours
  it.each([
    ["everybody, after C's longest delay", now - 86_401, 0, true, false],
    ["not yet everybody, exactly at the longest delay", now - 86_400, 0, false, false],
    ["who has something later", now - 10, now - 9, true, true],
    ["not who has the same second only", now - 10, now - 10, false, false],
    ["not who has the second before, early", now - 300, now - 301, false, false],
    ["who has the same second, after C's longest sync", now - 301, now - 301, true, false],
    ["who has the second before, after C's longest sync", now - 301, now - 302, true, false],
    ["not who is two seconds behind", now - 301, now - 303, false, false],
  ])("%s", (_what, createdAt, stamp, withC, withOurs) => {
    for (const [from, eligible] of [
      [source, withC],
      [ours, withOurs],
    ] as const) {
      // What other sources have pushed says nothing.
      const replica = member("b", { slot: 1, lastSyncedTimestamp: now });
      const sync = new SyncMatrix();
      sync.raise(from.slot, replica.slot, stamp);
      const g = group("g", { sync });
      expect(isEligible(g, replica, sight(createdAt, { source: from }), now, policy())).toBe(eligible);
      expect(isEligible(g, from, sight(createdAt, { source: from }), now, policy())).toBe(true);
    }
  });

  it("is said by C's one number if the source is gone", () => {
    const gone = sight(now - 10, { source: undefined });
    const g = group("g");
    expect(isEligible(g, member("b", { lastSyncedTimestamp: now - 9 }), gone, now, policy())).toBe(true);
    expect(isEligible(g, member("b", { lastSyncedTimestamp: now - 10 }), gone, now, policy())).toBe(false);
    expect(isEligible(g, late, sight(now - 86_401, { source: undefined }), now, policy())).toBe(true);
    expect(isEligible(g, late, sight(Infinity, { source: undefined }), now, policy())).toBe(false);
  });
});

describe("the source is asked", () => {
  const sourceFirst = policy({ downloadStorageChoice: "source-first" });

  it("for files that can change, and for all with download_server 1", () => {
    expect(pickSource(sight(now), policy())).toBeUndefined();
    expect(pickSource(sight(now), sourceFirst)).toBe(source);
    expect(pickSource(sight(now, { isNormal: false }), policy())).toBe(source);
  });

  it("unless it cannot be read from, or is no member", () => {
    const closed = member("a", { isReadable: false });
    expect(pickSource(sight(now, { source: closed }), sourceFirst)).toBeUndefined();
    expect(pickSource(sight(now, { source: undefined, isNormal: false }), policy())).toBeUndefined();
  });
});

describe("replicas", () => {
  it("go by turns among those that have the file", () => {
    const readable = [source, late, complete];
    const pick = (members: readonly MemberPicture[], cursor: number) =>
      pickReplica(filled(members, cursor), sight(now - 5), now, policy(), moment());
    expect([pick(readable, 0), pick(readable, 1), pick(readable, 2), pick(readable, 3)]).toEqual([0, 2, 2, 0]);
    expect(pick([complete, late], 1)).toBe(0);
    expect([pick([late], 0), pick([], 0)]).toEqual([-1, -1]);
  });

  it("of what can change are those nearest to the source, and have what was created", () => {
    const near = member("n", { slot: 4 });
    const g = filled([late, complete, near]);
    // Its source cannot be read from.
    const changing = sight(now - 5, { source: member("a", { isReadable: false }), isNormal: false });
    expect(pickReplica(g, changing, now, policy(), moment())).toBe(1);
    g.sync.raise(source.slot, near.slot, now + 1);
    expect(pickReplica(g, changing, now, policy(), moment())).toBe(2);
    expect(listDownloadStorages(g, changing, now, policy(), moment())).toEqual([near, complete]);
    expect(pickReplica(filled([late]), changing, now, policy(), moment())).toBe(-1);
  });

  it("are listed in id order; of what can change there is only the source while it can be read from", () => {
    const g = filled([source, late, complete], 2);
    expect(listDownloadStorages(g, sight(now - 5), now, policy(), moment())).toEqual([source, complete]);
    expect(listDownloadStorages(g, sight(now - 5, { isNormal: false }), now, policy(), moment())).toEqual([source]);
    expect(listDownloadStorages(filled([late]), sight(now - 5), now, policy(), moment())).toEqual([]);
  });

  it("that take a change have the file", () => {
    expect(pickUpdateReplica(filled([late, complete]), sight(now - 5, { isNormal: false }), now, policy())).toBe(1);
    expect(pickUpdateReplica(filled([late]), sight(now - 5, { isNormal: false }), now, policy())).toBe(-1);
  });
});

it("no member is named that the matrix says lacks the file (property)", () => {
  const stamps = fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 25, maxLength: 25 });
  const flags = fc.array(fc.boolean(), { minLength: 5, maxLength: 5 });
  const cursors = fc.nat(9);
  fc.assert(
    fc.property(
      stamps,
      flags,
      cursors,
      fc.nat(4),
      fc.integer({ min: 0, max: 100 }),
      fc.boolean(),
      fc.constantFrom("round-robin" as const, "source-first" as const),
      (stampList, readableFlags, cursor, sourceAt, createdAt, isNormal, downloadStorageChoice) => {
        const members = readableFlags.map((isReadable, slot) =>
          member(String(slot), { slot, isReadable, reportsReplication: true, lastSyncedTimestamp: 1000 }),
        );
        const sync = new SyncMatrix();
        for (const [at, stamp] of stampList.entries()) sync.raise(Math.floor(at / 5), at % 5, stamp);
        const readable = members.filter((each) => each.isReadable);
        const g = group("g", { readable, writable: readable, readCursor: cursor, sync });
        const file = { source: members[sourceAt]!, createdAt, isNormal };
        const has = (each: MemberPicture) => each === file.source || sync.get(sourceAt, each.slot) > createdAt;
        const rules = policy({ downloadStorageChoice });
        // A day later nothing is different: only the matrix counts.
        const later = createdAt + 200_000;
        const index = pickReplica(g, file, later, rules, moment());
        const picked = pickSource(file, rules) ?? (index < 0 ? undefined : readable[index]);
        if (picked === undefined) expect(readable.some(has)).toBe(false);
        else expect(picked.isReadable && has(picked)).toBe(true);
        const listed = listDownloadStorages(g, file, later, rules, moment());
        expect(listed.every((each) => each.isReadable && has(each))).toBe(true);
        expect(listed.length === 0).toBe(picked === undefined);
      },
    ),
  );
});
