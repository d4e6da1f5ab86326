import { describe, expect, it } from "vitest";

import { Leadership } from "./leadership.ts";

function leadership(...addresses: string[]): Leadership {
  return new Leadership(
    () => 22122,
    () => addresses,
  );
}

describe("the tracker list of a join", () => {
  it("tells a tracker who it is", () => {
    const own = leadership("10.0.0.1");
    own.checkTrackerList(["10.0.0.1:22122"], [])();
    expect(own.self).toEqual({ hosts: ["10.0.0.1"], port: 22122 });
    expect([own.isSelf("10.0.0.1:22122"), own.isSelf("10.0.0.1:1"), own.isSelf("?")]).toEqual([true, false, false]);
    expect([own.knows("10.0.0.1:22122"), own.knows("10.0.0.2:22122"), own.knows("")]).toEqual([true, false, false]);
  });

  it("may name an address that only the storage knows", () => {
    const own = leadership("172.17.0.2");
    own.checkTrackerList(["192.168.0.1:22122"], ["192.168.0.1"])();
    expect(own.self?.hosts).toEqual(["192.168.0.1"]);
  });

  it("may spell a tracker with two addresses, or in brackets", () => {
    const own = leadership("10.0.0.1", "2001:db8::1");
    own.checkTrackerList(["192.168.0.1,10.0.0.1:22122", "[2001:db8::2]:22122"], [])();
    own.checkTrackerList(["10.0.0.1:22122"], [])();
    expect(own.knownTrackers.length).toBe(2);
  });

  it.each([
    ["a line that is no address", ["what?"], "BAD_REQUEST"],
    ["another port only", ["10.0.0.1:22123"], "NOT_FOUND"],
    ["others only", ["10.0.0.2:22122"], "NOT_FOUND"],
    ["too many", Array.from({ length: 17 }, (_, index) => `10.0.0.${index + 1}:22122`), "NO_SPACE"],
  ])("is refused with %s, and changes nothing", (_what, lines, kind) => {
    const own = leadership("10.0.0.1");
    expect(() => own.checkTrackerList(lines, [])).toThrow(expect.objectContaining({ kind }));
    expect(own.knownTrackers).toEqual([]);
  });
});

describe("leading", () => {
  it("begins when a tracker is alone, and only then", () => {
    const own = leadership("10.0.0.1");
    expect(own.electIfAlone()).toBe(false);
    own.checkTrackerList(["10.0.0.1:22122"], [])();
    expect([own.electIfAlone(), own.electIfAlone(), own.changes]).toEqual([true, false, 1]);
    expect(own.leader).toEqual(own.self);
    // Another tracker that appears later does not end it.
    own.checkTrackerList(["10.0.0.2:22122"], [])();
    expect(own.isLeader).toBe(true);
    own.resign();
    expect([own.electIfAlone(), own.leader, own.changes]).toEqual([false, undefined, 2]);
  });
});
