// The counters of the machine that runs the tests. What it tells differs; what it tells must be possible.
import { tmpdir } from "node:os";
import { expect, it } from "vitest";

import { nodeWorld } from "../src/node/index.ts";
import { portableCounters } from "../src/node/system-counters/portable-counters.ts";

const { system } = nodeWorld();

function requireProcessorsAndMemory({ processors, memory }: ReturnType<ReturnType<typeof system.watch>>): void {
  if (processors !== undefined) expect(processors.used).toBeGreaterThanOrEqual(0);
  if (processors !== undefined) expect(processors.total).toBeGreaterThanOrEqual(processors.used);
  if (memory !== undefined) expect(memory.availableBytes).toBeGreaterThanOrEqual(0);
  if (memory !== undefined) expect(memory.totalBytes).toBeGreaterThanOrEqual(memory.availableBytes);
}

it("two readings of this machine are possible ones, and counters only grow", () => {
  const read = system.watch([tmpdir(), "/", "/no/such/path"]);
  const first = read();
  const second = read();
  requireProcessorsAndMemory(first);
  requireProcessorsAndMemory(second);
  expect(new Set(second.disks.map(({ device }) => device)).size).toBe(second.disks.length);
  for (const disk of second.disks) {
    const before = first.disks.find(({ device }) => device === disk.device);
    expect(disk.busyMs).toBeGreaterThanOrEqual(before?.busyMs ?? 0);
    expect(disk.bytes).toBeGreaterThanOrEqual(before?.bytes ?? 0);
  }
  for (const { name, receivedBytes, sentBytes, bitsPerSecond } of second.interfaces) {
    expect(name).not.toBe("lo");
    expect(Math.min(receivedBytes, sentBytes)).toBeGreaterThanOrEqual(0);
    if (bitsPerSecond !== undefined) expect(bitsPerSecond).toBeGreaterThan(0);
  }
});

// Elsewhere there is no /proc, and a Linux that hides it tells nothing.
it.skipIf(process.platform !== "linux")("Linux tells at least how busy its processors are", () => {
  const { processors, memory } = system.watch([])();
  expect(processors?.total).toBeGreaterThan(0);
  expect(memory?.totalBytes).toBeGreaterThan(0);
});

it("any system that runs Node tells processors and memory", () => {
  const snapshot = portableCounters.watch([])();
  requireProcessorsAndMemory(snapshot);
  expect(snapshot).toMatchObject({ disks: [], interfaces: [] });
  expect(snapshot.memory).toBeDefined();
});
