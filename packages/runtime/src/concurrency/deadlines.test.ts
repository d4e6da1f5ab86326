import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../test/manual-clock.ts";
import { Deadlines } from "./deadlines.ts";

describe("Deadlines", () => {
  it("expire at their time or up to two resolutions later, never before, whatever is refreshed or cancelled", async () => {
    const action = fc.record({
      waitMs: fc.integer({ min: 0, max: 400 }),
      kind: fc.constantFrom("add", "add", "refresh", "refreshTo", "cancel"),
      delayMs: fc.oneof(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 0, max: 60_000 })),
      pick: fc.nat(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 1, maxLength: 30 }), async (actions) => {
        const clock = new ManualClock();
        const deadlines = Deadlines.open(clock, 100);
        const open: { dueMs: number; delayMs: number; deadline: ReturnType<Deadlines["add"]> }[] = [];
        const lateness: number[] = [];
        for (const { waitMs, kind, delayMs, pick } of actions) {
          await clock.advance(waitMs);
          const entry = open[pick % open.length];
          if (kind === "add") {
            const added = {
              delayMs,
              dueMs: clock.monotonic() + delayMs,
              deadline: deadlines.add(delayMs, () => {
                lateness.push(clock.monotonic() - added.dueMs);
                open.splice(open.indexOf(added), 1);
              }),
            };
            open.push(added);
          } else if (entry && kind === "refresh") {
            entry.deadline.refresh();
            entry.dueMs = clock.monotonic() + entry.delayMs;
          } else if (entry && kind === "refreshTo") {
            entry.deadline.refresh(delayMs);
            entry.delayMs = delayMs;
            entry.dueMs = clock.monotonic() + delayMs;
          } else if (entry) {
            entry.deadline.cancel();
            open.splice(open.indexOf(entry), 1);
          }
          expect(deadlines.pending).toBe(open.length);
        }
        await clock.advance(70_000);
        expect(open).toEqual([]);
        expect(clock.timers).toBe(0);
        for (const late of lateness) {
          expect(late).toBeGreaterThanOrEqual(0);
          expect(late).toBeLessThanOrEqual(200);
        }
      }),
      { numRuns: 100 },
    );
  });

  it("share one timer, which stops when nobody waits and starts again", async () => {
    const clock = new ManualClock();
    const deadlines = Deadlines.open(clock, 100);
    expect(clock.timers).toBe(0);
    const many = Array.from({ length: 1000 }, () => deadlines.add(5000, () => undefined));
    expect(clock.timers).toBe(1);
    for (const deadline of many) deadline.cancel();
    await clock.advance(200);
    expect(clock.timers).toBe(0);
    let expired = 0;
    deadlines.add(300, () => expired++);
    expect(clock.timers).toBe(1);
    await clock.advance(500);
    expect(expired).toBe(1);
    expect(clock.timers).toBe(0);
  });

  it("ignore refresh and cancel after they ran or were cancelled", async () => {
    const clock = new ManualClock();
    const deadlines = Deadlines.open(clock, 10);
    let ran = 0;
    const first = deadlines.add(20, () => ran++);
    const second = deadlines.add(20, () => ran++);
    second.cancel();
    second.refresh();
    second.cancel();
    await clock.advance(100);
    first.refresh();
    first.cancel();
    await clock.advance(100);
    expect(ran).toBe(1);
    expect(deadlines.pending).toBe(0);
  });

  it("let a callback cancel and add others", async () => {
    const clock = new ManualClock();
    const deadlines = Deadlines.open(clock, 10);
    const ran: string[] = [];
    deadlines.add(20, () => {
      ran.push("first");
      second.cancel();
      deadlines.add(0, () => ran.push("added"));
    });
    const second = deadlines.add(20, () => ran.push("second"));
    await clock.advance(100);
    expect(ran).toEqual(["first", "added"]);
  });

  it("give peers a turn to be heard when the process itself was held up", async () => {
    const clock = new ManualClock();
    const deadlines = Deadlines.open(clock, 100);
    let expired = 0;
    const heard = deadlines.add(1000, () => expired++);
    deadlines.add(1000, () => expired++);
    clock.hang(5000);
    // The late timer runs before the input that came meanwhile is read.
    await clock.advance(0);
    expect(expired).toBe(0);
    heard.refresh();
    await clock.advance(200);
    expect(expired).toBe(1);
    await clock.advance(1200);
    expect(expired).toBe(2);
  });

  it("are all cancelled by close", async () => {
    const clock = new ManualClock();
    const deadlines = Deadlines.open(clock, 10);
    let ran = 0;
    for (let delayMs = 0; delayMs < 100; delayMs++) deadlines.add(delayMs, () => ran++);
    deadlines.close();
    expect(clock.timers).toBe(0);
    expect(deadlines.pending).toBe(0);
    await clock.advance(1000);
    expect(ran).toBe(0);
  });
});
