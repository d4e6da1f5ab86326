// When nothing happens, nothing happens: heartbeats and timers, no busy loop, no log storm.
import type { StoryStage } from "../story/stage.ts";
import type { LogWatch } from "./log-watch.ts";

/** Long enough for some of everything that is done at intervals. */
const windowMs = 15_000;
/** So many quiet windows, one behind the other, are enough. */
const quietWindows = 2;
/** What everybody has to say about the end of the last fault is said well before. */
const windowsMax = 7;
/** Per process and window: ticks of deadlines, probes of disks, beats to each tracker. Measured: up to 600. */
const eventsMax = 1500;
/** In all, per window. */
const logRecordsMax = 2;

/** Watches how it becomes quiet when no client asks for anything. */
export async function quietComplaints(
  stage: Pick<StoryStage, "cluster">,
  logs: Pick<LogWatch, "records">,
): Promise<string[]> {
  let complaints: string[] = [];
  let quiet = 0;
  for (let window = 0; window < windowsMax && quiet < quietWindows; window++) {
    const found = await watchWindow(stage, logs);
    quiet = found.length === 0 ? quiet + 1 : 0;
    if (found.length > 0) complaints = found;
  }
  return quiet < quietWindows ? complaints : [];
}

async function watchWindow(
  { cluster }: Pick<StoryStage, "cluster">,
  logs: Pick<LogWatch, "records">,
): Promise<string[]> {
  const { world } = cluster;
  const [events, records] = [world.events, logs.records];
  await world.runFor(windowMs);
  const perProcess = (world.events - events) / cluster.processes.length;
  const logged = logs.records - records;
  const seconds = windowMs / 1000;
  return [
    ...(perProcess > eventsMax
      ? [`no busy loop: ${Math.round(perProcess)} events per process in ${seconds} quiet seconds`]
      : []),
    ...(logged > logRecordsMax ? [`no log storm: ${logged} log records in ${seconds} quiet seconds`] : []),
  ];
}
