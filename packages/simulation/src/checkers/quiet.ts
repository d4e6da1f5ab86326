// When nothing happens, nothing happens: heartbeats and timers, no busy loop, no log storm.
import type { StoryStage } from "../story/stage.ts";
import type { LogWatch } from "./log-watch.ts";

const watchedMs = 60_000;
/** What everybody has to say about the end of the last fault is said by then. */
const endOfNewsMs = 40_000;
/** Per process and minute: ticks of deadlines, probes of disks, beats to each tracker. Measured: a third of it. */
const eventsMax = 12_000;
/** In all, per minute. */
const logRecordsMax = 10;

/** Watches for a minute of virtual time in which no client asks for anything. */
export async function quietComplaints({ cluster }: StoryStage, logs: LogWatch): Promise<string[]> {
  const { world } = cluster;
  await world.runFor(endOfNewsMs);
  const [events, records] = [world.events, logs.records];
  await world.runFor(watchedMs);
  const perProcess = (world.events - events) / cluster.processes.length;
  const logged = logs.records - records;
  return [
    ...(perProcess > eventsMax ? [`no busy loop: ${Math.round(perProcess)} events per process in a quiet minute`] : []),
    ...(logged > logRecordsMax ? [`no log storm: ${logged} log records in a quiet minute`] : []),
  ];
}
