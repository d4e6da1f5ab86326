import { describe, expect, it } from "vitest";

import { LEASE_MS, PING_PROMISE_MS } from "../limits.ts";
import { Leadership } from "./leadership.ts";
import { TrackerList } from "./tracker-list.ts";

function stage(trackerCount: number) {
  const trackers = new TrackerList(
    () => 22122,
    () => ["10.0.0.1"],
  );
  const time = { nowMs: 1000 };
  const events: string[] = [];
  const leadership = new Leadership({
    trackers,
    monotonicMs: () => time.nowMs,
    onEvent: (event) => events.push(event),
  });
  const lines = Array.from({ length: trackerCount }, (_, index) => `10.0.0.${index + 1}:22122`);
  const join = () => {
    trackers.check(lines, []).take();
    leadership.introduce();
  };
  return { leadership, trackers, time, events, join };
}

describe("a tracker that knows no other", () => {
  it("leads as soon as a storage has joined", () => {
    const { leadership, trackers, events, join } = stage(1);
    expect([leadership.isLeader, leadership.leader, leadership.state]).toEqual([false, undefined, "UNINTRODUCED"]);
    join();
    join();
    expect([leadership.isLeader, leadership.changes, events]).toEqual([true, 1, ["leader.elected"]]);
    expect(leadership.leader).toBe(trackers.self);
  });

  it("goes on leading when a second one appears, without hearing from it", () => {
    const { leadership, trackers, time, join } = stage(1);
    join();
    trackers.check(["10.0.0.1:22122", "10.0.0.2:22122"], []).take();
    time.nowMs += 100 * LEASE_MS;
    expect(leadership.isLeader).toBe(true);
  });

  it("asks the others first when there are three", () => {
    const { leadership, trackers, join } = stage(1);
    join();
    trackers.check(["10.0.0.1:22122", "10.0.0.2:22122", "10.0.0.3:22122"], []).take();
    expect(leadership.isLeader).toBe(false);
  });
});

describe("one of three trackers", () => {
  it("leads only as long as a majority shows itself", () => {
    const { leadership, trackers, time, join } = stage(3);
    join();
    const [second, third] = trackers.others;
    leadership.elected([second!], [], "test");
    time.nowMs += LEASE_MS;
    expect(leadership.isLeader).toBe(true);
    leadership.lease.noteFollower(third!);
    time.nowMs += LEASE_MS;
    expect(leadership.isLeader).toBe(true);
    time.nowMs += 1;
    expect([leadership.isLeader, leadership.leader]).toEqual([false, undefined]);
    // A ping that was under way while this tracker stood still brings nothing back.
    leadership.lease.noteFollower(second!);
    expect(leadership.isLeader).toBe(false);
    expect(leadership.resign("leaseLost", "test")).toBe(true);
    expect([leadership.state, leadership.resign("leaseLost", "test")]).toEqual(["LOOKING", false]);
  });

  it("is told to connections again with each change of the lead", () => {
    const { leadership, trackers, events, join } = stage(3);
    join();
    const [second, third] = trackers.others;
    expect(leadership.follow(second!, "test")).toBe(true);
    expect([leadership.leader, leadership.changes]).toEqual([second, 0]);
    leadership.follow(second!, "again");
    leadership.follow(third!, "another");
    leadership.lost("gone");
    leadership.lost("gone");
    expect([leadership.leader, leadership.state]).toEqual([undefined, "LOOKING"]);
    leadership.elected([second!], [], "test");
    expect([leadership.follow(second!, "late"), leadership.leader]).toEqual([false, trackers.self]);
    leadership.resign("steppedDown", "test");
    expect([leadership.changes, leadership.sinceStepDownMs]).toEqual([2, 0]);
    expect(events).toEqual([
      "leader.following",
      "leader.following",
      "leader.lost",
      "leader.elected",
      "leader.resigned",
    ]);
  });

  it("knows nobody before a storage has joined", () => {
    const { leadership } = stage(3);
    const stranger = { hosts: ["10.0.0.2"], port: 22122 };
    expect([leadership.follow(stranger, ""), leadership.elected([], [], ""), leadership.state]).toEqual([
      false,
      false,
      "UNINTRODUCED",
    ]);
  });
});

describe("a promise", () => {
  it("binds for its time, unless the other one needs it no longer", () => {
    const { leadership, trackers, time, join } = stage(3);
    join();
    const { vote } = leadership;
    const [second, third] = trackers.others;
    vote.promise(second!, PING_PROMISE_MS);
    vote.promise(second!, 1);
    expect([vote.promisedToOtherThan(second!), vote.promisedToOtherThan(third!)]).toEqual([undefined, second]);
    time.nowMs += PING_PROMISE_MS - 1;
    expect(vote.promisedToOtherThan(third!)).toBe(second);
    time.nowMs += 1;
    expect(vote.promisedToOtherThan(third!)).toBe(undefined);
    vote.promise(second!, PING_PROMISE_MS);
    vote.release(third!);
    expect(vote.promisedToOtherThan(third!)).toBe(second);
    vote.release(second!);
    expect(vote.promisedToOtherThan(third!)).toBe(undefined);
  });
});
