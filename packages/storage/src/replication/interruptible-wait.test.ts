import { getEventListeners } from "node:events";

import { FdfsError } from "@fastdfs-ts/protocol";
import type { Clock } from "@fastdfs-ts/runtime";
import { describe, expect, it } from "vitest";

import { InterruptibleWait } from "./interruptible-wait.ts";

/** A wait on which time passes only when `timers` are rung. */
function still() {
  const timers = new Set<() => void>();
  const after = (_ms: number, callback: () => void) => {
    timers.add(callback);
    return { cancel: () => timers.delete(callback) };
  };
  const clock: Clock = { now: () => 0, monotonic: () => 0, after, every: after };
  const stopping = new AbortController();
  const changes = new InterruptibleWait(clock, stopping.signal);
  const stop = () => {
    stopping.abort(new FdfsError("ABORTED"));
    changes.ring();
  };
  return { changes, timers, stop, signal: stopping.signal };
}

const untilCalledOff = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    signal.throwIfAborted();
    signal.addEventListener("abort", () => reject(new FdfsError("ABORTED")));
  });

describe("a wait", () => {
  it("ends with its time, and with a change, also an earlier one that was not looked at", async () => {
    const { changes, timers } = still();
    const untilTime = changes.wait(1000);
    for (const ring of timers) ring();
    await untilTime;
    timers.clear();
    const untilChange = changes.wait(1000);
    changes.ring();
    await untilChange;
    await changes.wait(1000);
    expect(timers.size).toBe(0);
    changes.lookAtAll();
    void changes.wait(1000);
    expect(timers.size).toBe(1);
  });

  it("does not begin after the end", async () => {
    const { changes, timers, stop } = still();
    stop();
    await changes.wait(1000);
    changes.lookAtAll();
    await changes.wait(1000);
    expect(timers.size).toBe(0);
  });
});

describe("work that a change calls off", () => {
  it("answers what came of it, and fails as it fails", async () => {
    const { changes } = still();
    expect(await changes.during(() => Promise.resolve(5))).toBe(5);
    const failing = changes.during(() => Promise.reject(new FdfsError("NOT_FOUND")));
    await expect(failing).rejects.toThrow(FdfsError);
  });

  it("is called off by a change, also by an earlier one until that is looked at", async () => {
    const { changes } = still();
    const working = changes.during(untilCalledOff);
    changes.ring();
    expect(await working).toBe("changed");
    expect(await changes.during(untilCalledOff)).toBe("changed");
    changes.lookAtAll();
    const again = changes.during(untilCalledOff);
    expect(await Promise.race([again, Promise.resolve("going on")])).toBe("going on");
    changes.ring();
    expect(await again).toBe("changed");
  });

  it("fails at the end, and leaves nothing behind in the signal that lives on", async () => {
    const { changes, stop, signal } = still();
    await changes.during(() => Promise.resolve());
    expect(getEventListeners(signal, "abort")).toEqual([]);
    const working = changes.during(untilCalledOff);
    stop();
    await expect(working).rejects.toThrow(FdfsError);
  });
});
