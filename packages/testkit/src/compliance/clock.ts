// What every Clock must do.
import type { Clock } from "@fastdfs-ts/runtime";
import { describe, expect, it } from "vitest";
import type { PassingTime } from "./passing-time.ts";

export interface ClockUnderTest extends PassingTime {
  readonly clock: Clock;
}

/** Declares the tests; `makeClock` is called once for each. */
export function clockCompliance(name: string, makeClock: () => ClockUnderTest): void {
  describe(`${name} complies with the Clock port`, () => {
    it("tells the wall clock in milliseconds since 1970", () => {
      const { clock } = makeClock();
      expect(clock.now()).toBeGreaterThan(Date.UTC(2020, 0));
      expect(clock.now()).toBeLessThan(Date.UTC(2100, 0));
      expect(Number.isInteger(clock.now())).toBe(true);
    });

    it("has a monotonic time that goes on with its timers", async () => {
      const { clock, until } = makeClock();
      const before = clock.monotonic();
      let atTimer = 0;
      clock.after(20, () => {
        atTimer = clock.monotonic();
      });
      await until(() => atTimer !== 0);
      // Node rounds to whole milliseconds, on either side.
      expect(atTimer - before).toBeGreaterThan(18);
    });

    it("runs a timer once, never in the turn that set it", async () => {
      const { clock, until } = makeClock();
      const events: string[] = [];
      clock.after(0, () => events.push("at once"));
      clock.after(1, () => events.push("later"));
      events.push("set");
      await until(() => events.includes("later") && events.includes("at once"));
      let marker = false;
      clock.after(5, () => {
        marker = true;
      });
      await until(() => marker);
      expect(events[0]).toBe("set");
      expect(events).toHaveLength(3);
    });

    it("runs timers in the order of their times, equal ones in the order in which they were set", async () => {
      const { clock, until } = makeClock();
      const order: string[] = [];
      clock.after(40, () => order.push("40"));
      clock.after(10, () => order.push("10 first"));
      clock.after(10, () => order.push("10 second"));
      await until(() => order.length === 3);
      expect(order).toEqual(["10 first", "10 second", "40"]);
    });

    it("does not run what was cancelled, whether it is cancelled once or twice", async () => {
      const { clock, until } = makeClock();
      const ran: string[] = [];
      for (const delayMs of [0, 5]) {
        const timer = clock.after(delayMs, () => ran.push(`after ${delayMs}`));
        timer.cancel();
        timer.cancel();
      }
      clock.every(2, () => ran.push("every")).cancel();
      clock.after(30, () => ran.push("marker"));
      await until(() => ran.length > 0);
      expect(ran).toEqual(["marker"]);
    });

    it("does not mind when a timer that ran is cancelled", async () => {
      const { clock, until } = makeClock();
      let ran = 0;
      const timer = clock.after(1, () => ran++);
      await until(() => ran === 1);
      timer.cancel();
      expect(ran).toBe(1);
    });

    it("repeats `every` until it is cancelled, also from its own callback", async () => {
      const { clock, until } = makeClock();
      let ran = 0;
      let marker = false;
      const timer = clock.every(3, () => {
        if (++ran === 3) timer.cancel();
      });
      await until(() => ran === 3);
      clock.after(20, () => {
        marker = true;
      });
      await until(() => marker);
      expect(ran).toBe(3);
    });

    it("waits, and does not fire at once, for delays of many days", async () => {
      const { clock, until } = makeClock();
      const ran: string[] = [];
      const timer = clock.after(60 * 86_400_000, () => ran.push("two months"));
      clock.after(20, () => ran.push("marker"));
      await until(() => ran.length > 0);
      timer.cancel();
      expect(ran).toEqual(["marker"]);
    });
  });
}
