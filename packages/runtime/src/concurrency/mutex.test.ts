import { describe, expect, it } from "vitest";
import { ManualClock } from "../../test/manual-clock.ts";
import { Mutex } from "./mutex.ts";
import { sleep } from "./sleep.ts";

describe("Mutex", () => {
  it("runs one at a time, in the order of asking, and goes on after a failure", async () => {
    const clock = new ManualClock();
    const mutex = new Mutex();
    const events: string[] = [];
    const work = (name: string, delayMs: number) =>
      mutex.run(async () => {
        events.push(`${name} starts`);
        await sleep(clock, delayMs);
        events.push(`${name} ends`);
        if (name === "b") throw new Error("b failed");
        return name;
      });
    const all = Promise.allSettled([work("a", 30), work("b", 20), work("c", 10), mutex.run(() => "d")]);
    await clock.advance(100);
    expect(events).toEqual(["a starts", "a ends", "b starts", "b ends", "c starts", "c ends"]);
    const outcomes = (await all).map((outcome) => (outcome.status === "fulfilled" ? outcome.value : "failed"));
    expect(outcomes).toEqual(["a", "failed", "c", "d"]);
  });
});
