import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EventQueue } from "./event-queue.ts";

describe("EventQueue", () => {
  it("runs events in the order of their times, equal ones in the order of scheduling", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(20), fc.boolean()), { maxLength: 50 }), async (plan) => {
        const queue = new EventQueue();
        const ran: number[] = [];
        plan.forEach(([delayMs, isCancelled], index) => {
          const timer = queue.after(delayMs, () => ran.push(index));
          if (isCancelled) timer.cancel();
        });
        await queue.runFor(20);
        const expected = plan
          .map(([delayMs, isCancelled], index) => ({ delayMs, isCancelled, index }))
          .filter(({ isCancelled }) => !isCancelled)
          .sort((a, b) => a.delayMs - b.delayMs || a.index - b.index);
        expect(ran).toEqual(expected.map(({ index }) => index));
      }),
    );
  });

  it("lets long chains of promises settle before the next event", async () => {
    const queue = new EventQueue();
    const events: string[] = [];
    const deep = async (left: number): Promise<void> => {
      await Promise.resolve();
      if (left > 0) await deep(left - 1);
      else events.push("settled");
    };
    queue.after(1, () => void deep(500));
    queue.after(1, () => events.push("next"));
    await queue.runFor(1);
    expect(events).toEqual(["settled", "next"]);
  });

  it("stops at the condition, and says when it can't come true", async () => {
    const queue = new EventQueue();
    let ran = 0;
    for (let i = 1; i <= 5; i++) queue.after(i * 10, () => ran++);
    await queue.runUntil(() => ran === 3, 1000);
    expect(queue.nowMs).toBe(30);
    await expect(queue.runUntil(() => ran === 5, 15)).rejects.toThrow("within 15 ms");
    await expect(queue.runUntil(() => ran === 9, 1000)).rejects.toThrow("stands still");
    expect(ran).toBe(5);
  });
});
