import { describe, expect, it } from "vitest";
import { ManualClock } from "../../test/manual-clock.ts";
import { sleep } from "../concurrency/sleep.ts";
import { type Service, stopWithin } from "./service.ts";

class SlowService implements Service {
  readonly name = "slow";
  readonly log: string[] = [];
  readonly #drain: () => Promise<void>;

  constructor(drain: () => Promise<void>) {
    this.#drain = drain;
  }

  async drain(): Promise<void> {
    await this.#drain();
    this.log.push("drained");
  }

  async stop(): Promise<void> {
    this.log.push("stopped");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

describe("stopWithin", () => {
  it("stops when everything has drained", async () => {
    const clock = new ManualClock();
    const service = new SlowService(() => sleep(clock, 100));
    const stopping = stopWithin(clock, service, 1000);
    await clock.advance(100);
    expect(await stopping).toBe("drained");
    expect(service.log).toEqual(["drained", "stopped"]);
    expect(clock.timers).toBe(0);
  });

  it("cuts when draining takes too long", async () => {
    const clock = new ManualClock();
    const service = new SlowService(() => new Promise(() => undefined));
    const stopping = stopWithin(clock, service, 1000);
    await clock.advance(999);
    expect(service.log).toEqual([]);
    await clock.advance(1);
    expect(await stopping).toBe("cut");
    expect(service.log).toEqual(["stopped"]);
  });

  it("stops although draining failed, and passes the failure on", async () => {
    const clock = new ManualClock();
    const failure = new Error("cannot drain");
    const service = new SlowService(() => Promise.reject(failure));
    await expect(stopWithin(clock, service, 1000)).rejects.toBe(failure);
    expect(service.log).toEqual(["stopped"]);
    expect(clock.timers).toBe(0);
  });
});
