import { describe, expect, it } from "vitest";
import { ManualClock } from "../../test/manual-clock.ts";
import { sleep } from "../concurrency/sleep.ts";
import { InvariantError } from "../invariant.ts";
import type { StepOutcome, Worker } from "./worker.ts";
import { WorkerPool } from "./worker-pool.ts";

/** Steps as it is told, and writes down when. */
function scripted(clock: ManualClock, name: string, script: (StepOutcome | Error)[]): Worker & { stepsAtMs: number[] } {
  const stepsAtMs: number[] = [];
  return {
    name,
    stepsAtMs,
    async step() {
      const outcome = script[Math.min(stepsAtMs.length, script.length - 1)]!;
      stepsAtMs.push(clock.monotonic());
      if (outcome instanceof Error) throw outcome;
      return outcome;
    },
  };
}

describe("WorkerPool", () => {
  it("steps again at once when busy, and after the wait when idle", async () => {
    const clock = new ManualClock();
    const worker = scripted(clock, "w", ["busy", "busy", { idleMs: 500 }, { idleMs: 2000 }]);
    await using pool = WorkerPool.start([worker], { clock });
    expect(worker.stepsAtMs).toEqual([]);
    await clock.advance(0);
    expect(worker.stepsAtMs).toEqual([0, 0, 0]);
    expect(pool.statuses()).toMatchObject([{ name: "w", stepsDone: 3, activity: { kind: "idle", untilMs: 500 } }]);
    await clock.advance(2499);
    expect(worker.stepsAtMs).toEqual([0, 0, 0, 500]);
    await clock.advance(1);
    expect(worker.stepsAtMs).toEqual([0, 0, 0, 500, 2500]);
  });

  it("backs off twice as long after each failure in a row, up to a limit, and forgets it after a success", async () => {
    const clock = new ManualClock();
    const failure = new Error("peer gone");
    const fails = [failure, failure, failure, failure];
    const worker = scripted(clock, "w", [...fails, { idleMs: 50 }, failure, { idleMs: 1_000_000 }]);
    const retries: number[] = [];
    await using pool = WorkerPool.start(
      [worker],
      { clock },
      {
        backOffMsMin: 100,
        backOffMsMax: 300,
        onFailure: (failed, error, retryInMs) => {
          expect([failed, error]).toEqual([worker, failure]);
          retries.push(retryInMs);
        },
      },
    );
    await clock.advance(250);
    expect(pool.statuses()).toMatchObject([
      { failuresInARow: 2, lastError: failure, activity: { kind: "backing-off", untilMs: 300 } },
    ]);
    await clock.advance(5000);
    expect(worker.stepsAtMs).toEqual([0, 100, 300, 600, 900, 950, 1050]);
    expect(retries).toEqual([100, 200, 300, 300, 100]);
    expect(pool.statuses()).toMatchObject([{ failuresInARow: 0, stepsDone: 2, lastError: failure }]);
  });

  it("wakes the idle, also when the reason comes during the step, but not those that back off", async () => {
    const clock = new ManualClock();
    const idle = scripted(clock, "idle", [{ idleMs: 1000 }]);
    const failing = scripted(clock, "failing", [new Error("no")]);
    const stepping: Worker & { steps: number } = {
      name: "stepping",
      steps: 0,
      async step(signal) {
        this.steps++;
        await sleep(clock, 100, signal);
        return { idleMs: 1000 };
      },
    };
    await using pool = WorkerPool.start([idle, failing, stepping], { clock });
    await clock.advance(50);
    for (const name of ["idle", "failing", "stepping", "unknown"]) pool.wake(name);
    await clock.advance(100);
    expect(idle.stepsAtMs).toEqual([0, 50]);
    expect(failing.stepsAtMs).toEqual([0]);
    expect(stepping.steps).toBe(2);
  });

  it("keeps workers apart: one that hangs does not hold up another", async () => {
    const clock = new ManualClock();
    const hanging: Worker = { name: "hanging", step: (signal) => sleep(clock, 1e9, signal).then(() => "busy") };
    const other = scripted(clock, "other", [{ idleMs: 10 }]);
    await using pool = WorkerPool.start([hanging, other], { clock });
    await clock.advance(100);
    expect(other.stepsAtMs).toHaveLength(11);
    expect(pool.statuses().map((status) => status.activity.kind)).toEqual(["stepping", "idle"]);
  });

  it("stops at once: aborts what is under way, takes no failure of that for a failure, starts nothing more", async () => {
    const clock = new ManualClock();
    let aborted = false;
    const hanging: Worker = {
      name: "hanging",
      step: (signal) =>
        sleep(clock, 1e9, signal).then(
          () => "busy",
          (error: unknown) => {
            aborted = true;
            throw error;
          },
        ),
    };
    const busy = scripted(clock, "busy", [{ idleMs: 10 }]);
    const failures: unknown[] = [];
    const pool = WorkerPool.start([hanging, busy], { clock }, { onFailure: (_, error) => failures.push(error) });
    await clock.advance(15);
    await Promise.all([pool.stop(), pool.stop()]);
    await clock.advance(1000);
    expect(aborted).toBe(true);
    expect(failures).toEqual([]);
    expect(busy.stepsAtMs).toEqual([0, 10]);
    expect(clock.timers).toBe(0);
    expect(pool.statuses()).toEqual([]);
    expect(() => pool.add(busy)).toThrow(InvariantError);
  });

  it("drains: what is under way ends, nothing is aborted or started", async () => {
    const clock = new ManualClock();
    let steps = 0;
    let ended = 0;
    const worker: Worker = {
      name: "w",
      async step(signal) {
        steps++;
        await sleep(clock, 100, signal);
        ended++;
        return "busy";
      },
    };
    const pool = WorkerPool.start([worker], { clock });
    await clock.advance(50);
    const draining = pool.drain();
    await clock.advance(1000);
    await draining;
    expect([steps, ended]).toEqual([1, 1]);
  });

  it("takes and lets go single workers while it runs", async () => {
    const clock = new ManualClock();
    await using pool = WorkerPool.start([], { clock });
    const late = scripted(clock, "late", [{ idleMs: 10 }]);
    const handle = pool.add(late);
    expect(() => pool.add(late)).toThrow(InvariantError);
    await clock.advance(10);
    expect(handle.status).toMatchObject({ name: "late", stepsDone: 2 });
    await handle.stop();
    await clock.advance(100);
    expect(late.stepsAtMs).toEqual([0, 10]);
    expect(handle.status.activity).toEqual({ kind: "stopped" });
    pool.add(late);
    await clock.advance(1);
    expect(late.stepsAtMs).toHaveLength(3);
  });

  it("does not retry a broken invariant", async () => {
    const clock = new ManualClock();
    const broken = new InvariantError("a slice has one owner");
    const worker = scripted(clock, "w", [broken]);
    const seen: unknown[] = [];
    const pool = WorkerPool.start([worker], { clock }, { onInvariantBroken: (error) => seen.push(error) });
    await clock.advance(100_000);
    expect(seen).toEqual([broken]);
    expect(worker.stepsAtMs).toEqual([0]);
    await pool.stop();
  });
});
