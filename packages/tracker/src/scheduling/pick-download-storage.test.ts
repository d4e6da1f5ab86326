import { describe, expect, it } from "vitest";

import { group, member, policy } from "../../test/pictures.ts";
import type { MemberPicture } from "./cluster-picture.ts";
import { isEligible, lastResort, listDownloadStorages, pickReplica, pickSource } from "./pick-download-storage.ts";

const now = 1_000_000;
const source = member("a");
const sight = (createdAt: number, overrides = {}) => ({ source, createdAt, isNormal: true, ...overrides });

describe("who has a normal file", () => {
  // createdAt, lastSyncedTimestamp, eligible
  it.each([
    ["everybody, after the longest delay", now - 86_401, 0, true],
    ["not yet everybody, exactly at the longest delay", now - 86_400, 0, false],
    ["who has synced something later", now - 10, now - 9, true],
    ["not who has synced the same second only", now - 10, now - 10, false],
    ["not who has synced the second before, early", now - 300, now - 301, false],
    ["who has synced the same second, after the longest sync", now - 301, now - 301, true],
    ["who has synced the second before, after the longest sync", now - 301, now - 302, true],
    ["not who is two seconds behind", now - 301, now - 303, false],
  ])("%s", (_what, createdAt, lastSyncedTimestamp, eligible) => {
    const replica = member("b", { lastSyncedTimestamp });
    expect(isEligible(replica, sight(createdAt), now, policy())).toBe(eligible);
    expect(isEligible(source, sight(createdAt), now, policy())).toBe(true);
  });

  it("is nobody when the name says nothing", () => {
    expect(isEligible(source, sight(Infinity, { source: undefined }), now, policy())).toBe(false);
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
  const late = member("b");
  const complete = member("c", { lastSyncedTimestamp: now });
  const of = (readable: readonly MemberPicture[], readCursor: number) => group("g", { readable, readCursor });

  it("go by turns among those that have the file", () => {
    const readable = [source, late, complete];
    expect(pickReplica(of(readable, 0), sight(now - 5), now, policy())).toBe(0);
    expect(pickReplica(of(readable, 1), sight(now - 5), now, policy())).toBe(2);
    expect(pickReplica(of(readable, 2), sight(now - 5), now, policy())).toBe(2);
    expect(pickReplica(of([complete, late], 1), sight(now - 5), now, policy())).toBe(0);
    expect(pickReplica(of(readable, 3), sight(now - 5), now, policy())).toBe(0);
  });

  it("have nothing that can change, and nothing too new", () => {
    expect(pickReplica(of([source], 0), sight(now, { isNormal: false }), now, policy())).toBe(-1);
    expect(pickReplica(of([late], 0), sight(now - 5), now, policy())).toBe(-1);
    expect(pickReplica(of([], 0), sight(now - 5), now, policy())).toBe(-1);
  });

  it("are listed in id order, else the source, else the store server", () => {
    const g = of([source, late, complete], 2);
    expect(listDownloadStorages(g, sight(now - 5), now, policy())).toEqual([source, complete]);
    expect(listDownloadStorages(g, sight(now - 5, { isNormal: false }), now, policy())).toEqual([source]);
    const gone = sight(now - 5, { source: undefined, isNormal: false });
    expect(listDownloadStorages({ ...g, storeServer: late }, gone, now, policy())).toEqual([late]);
    expect(listDownloadStorages({ ...g, storeServer: undefined }, gone, now, policy())).toEqual([]);
  });

  it("leave the store server as the last resort, if it may be read from", () => {
    expect(lastResort(group("g", { storeServer: late }))).toBe(late);
    expect(lastResort(group("g", { storeServer: member("w", { isReadable: false }) }))).toBeUndefined();
    expect(lastResort(group("g", { storeServer: undefined }))).toBeUndefined();
  });
});
