import { describe, expect, it } from "vitest";

import { diskHealth, type DiskHealth, type DiskHealthEvent, diskHealthLimits } from "./disk-health.ts";

// state, event, what follows; undefined: refused. Every cell.
const cells: [DiskHealth, DiskHealthEvent, DiskHealth | undefined][] = [
  ["quick", "strained", "slow"],
  ["quick", "stuck", "hung"],
  ["quick", "answered", "quick"],
  ["quick", "recovered", "quick"],
  ["slow", "strained", "slow"],
  ["slow", "stuck", "hung"],
  ["slow", "answered", "slow"],
  ["slow", "recovered", "quick"],
  ["hung", "strained", "hung"],
  ["hung", "stuck", "hung"],
  ["hung", "answered", "slow"],
  ["hung", "recovered", undefined],
];

describe("the health of a disk", () => {
  it.each(cells)("%s, %s: %s", (health, event, next) => {
    expect(diskHealth.next(health, event)).toBe(next);
  });

  it("has no other cells", () => {
    expect(cells.length).toBe(diskHealth.states.length * diskHealth.events.length);
  });

  it("has limits that fit together", () => {
    const limits = diskHealthLimits;
    expect(limits.strainedCallMs).toBeLessThan(limits.slowCallMs);
    expect(limits.tickMs).toBeLessThanOrEqual(limits.probeLateMs);
    expect(limits.probeLateMs).toBeLessThan(limits.syncLateMs);
    expect(limits.syncLateMs).toBeLessThan(limits.hungMs);
    expect(limits.quickProbeMs).toBeLessThan(limits.probeLateMs);
  });
});
