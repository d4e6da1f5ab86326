import { describe, expect, it } from "vitest";

import { TrackerList } from "./tracker-list.ts";

function trackerList(...addresses: string[]): TrackerList {
  return new TrackerList(
    () => 22122,
    () => addresses,
  );
}

describe("the tracker list of a join", () => {
  it("tells a tracker who it is", () => {
    const list = trackerList("10.0.0.1");
    list.check(["10.0.0.1:22122"], []).take();
    expect(list.self).toEqual({ hosts: ["10.0.0.1"], port: 22122 });
    expect(list.find("10.0.0.1:22122")).toBe(list.self);
    expect([list.find("10.0.0.1:1"), list.find("10.0.0.2:22122"), list.find("?"), list.find("")]).toEqual(
      Array(4).fill(undefined),
    );
  });

  it("may name an address that only the storage knows", () => {
    const list = trackerList("172.17.0.2");
    list.check(["192.168.0.1:22122"], ["192.168.0.1"]).take();
    expect(list.self?.hosts).toEqual(["192.168.0.1"]);
  });

  it("may spell a tracker with two addresses, or in brackets", () => {
    const list = trackerList("10.0.0.1", "2001:db8::1");
    list.check(["192.168.0.1,10.0.0.1:22122", "[2001:db8::2]:22122"], []).take();
    const before = list.self;
    list.check(["10.0.0.1:22122"], []).take();
    expect([list.all.length, list.others.length]).toEqual([2, 1]);
    expect(list.self).toBe(before);
  });

  it("grows by what other storages know, and names the others", () => {
    const list = trackerList("10.0.0.1");
    list.check(["10.0.0.1:22122", "10.0.0.2:22122"], []).take();
    const checked = list.check(["10.0.0.1:22122", "10.0.0.3:22122"], []);
    expect(checked.others.map(({ hosts }) => hosts[0])).toEqual(["10.0.0.3"]);
    expect(list.all.length).toBe(2);
    checked.take();
    expect(list.others.map(({ hosts }) => hosts[0])).toEqual(["10.0.0.2", "10.0.0.3"]);
  });

  it.each([
    ["a line that is no address", ["what?"], "BAD_REQUEST"],
    ["another port only", ["10.0.0.1:22123"], "NOT_FOUND"],
    ["others only", ["10.0.0.2:22122"], "NOT_FOUND"],
    ["too many", Array.from({ length: 17 }, (_, index) => `10.0.0.${index + 1}:22122`), "NO_SPACE"],
  ])("is refused with %s, and changes nothing", (_what, lines, kind) => {
    const list = trackerList("10.0.0.1");
    expect(() => list.check(lines, [])).toThrow(expect.objectContaining({ kind }));
    expect(list.all).toEqual([]);
  });
});
