import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../test/manual-clock.ts";
import { sleep } from "./sleep.ts";

describe("sleep", () => {
  it("resolves at its time and forgets the signal", async () => {
    const clock = new ManualClock();
    const controller = new AbortController();
    let isAwake = false;
    const sleeping = sleep(clock, 100, controller.signal).then(() => {
      isAwake = true;
    });
    await clock.advance(99);
    expect(isAwake).toBe(false);
    await clock.advance(1);
    await sleeping;
    controller.abort();
    expect(isAwake).toBe(true);
  });

  it("rejects with the reason when it is called off, and leaves no timer", async () => {
    const clock = new ManualClock();
    const controller = new AbortController();
    const reason = new Error("stopping");
    const sleeping = sleep(clock, 100, controller.signal);
    controller.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
    await expect(sleep(clock, 100, controller.signal)).rejects.toBe(reason);
    expect(clock.timers).toBe(0);
  });

  it("is called off by any of several signals, and leaves nothing behind in the others", async () => {
    const clock = new ManualClock();
    const [longLived, bell] = [new AbortController(), new AbortController()];
    const sleeping = sleep(clock, 100, longLived.signal, undefined, bell.signal);
    bell.abort(new Error("the bell"));
    await expect(sleeping).rejects.toThrow("the bell");
    const other = sleep(clock, 100, longLived.signal, new AbortController().signal);
    await clock.advance(100);
    await other;
    expect(getEventListeners(longLived.signal, "abort")).toEqual([]);
    expect(clock.timers).toBe(0);
  });
});
