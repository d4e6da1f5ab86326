import { TaskCounts } from "@fastdfs-ts/rpc";
import { SimWorld } from "@fastdfs-ts/simulation";
import { expect, it } from "vitest";

import { loadBetween } from "./load-between.ts";
import { LoadMeter } from "./load-meter.ts";

function stage() {
  const world = SimWorld.create("load");
  const host = world.host("10.0.0.1");
  const tasks = new TaskCounts();
  const read = host.world.system.watch(["/disk"]);
  let readings = 0;
  const counted = () => {
    readings++;
    return read();
  };
  const meter = new LoadMeter(host.world.clock, counted, tasks);
  return { world, host, tasks, meter, readings: () => readings };
}

it("one reading serves all trackers that are told at about the same time", async () => {
  const { world, meter, tasks, readings } = stage();
  const first = meter.measure();
  await world.runFor(499);
  tasks.begin();
  expect(meter.measure()).toBe(first);
  expect(meter.runningTasks).toBe(1);
  expect(readings()).toBe(1);
  await world.runFor(1);
  expect(meter.measure().atMs - first.atMs).toBe(500);
  expect(readings()).toBe(2);
});

it("what a machine is busy with, and what was done for clients, is in the load", async () => {
  const { world, host, meter, tasks } = stage();
  const before = meter.measure();
  host.load.set({
    processors: 0.5,
    memory: 0.25,
    disk: 1,
    diskBytesPerSecond: 4000,
    networkBytesPerSecond: 12_500_000,
  });
  await world.runFor(1000);
  host.load.set({ processors: 0, disk: 0 });
  tasks.begin();
  tasks.answeredIn(3);
  tasks.begin();
  tasks.answered();
  await world.runFor(1000);
  expect(loadBetween(before, meter.measure())).toEqual({
    intervalMs: 2000,
    cpuPermille: 250,
    memoryPermille: 250,
    diskPermille: 500,
    networkPermille: 100,
    diskBytesPerSecond: 4000,
    networkBytesPerSecond: 25_000_000,
    finishedTasks: 2,
    latencyMicros: 3000,
  });
});
