// Two measurements become a load. A counter that went backwards, because it is 32 bits wide or its device was plugged in anew,
// says nothing about this interval.
import { type LoadReport, UNKNOWN_SHARE } from "@fastdfs-ts/protocol";
import type { DiskCounters, InterfaceCounters } from "@fastdfs-ts/runtime";

import type { Measurement } from "./load-meter.ts";

/** What a report says of the time between two measurements. */
export type Load = Omit<LoadReport, "tasks">;

const UNKNOWN_LOAD: Load = {
  intervalMs: 0,
  cpuPermille: UNKNOWN_SHARE,
  memoryPermille: UNKNOWN_SHARE,
  diskPermille: UNKNOWN_SHARE,
  networkPermille: UNKNOWN_SHARE,
  diskBytesPerSecond: 0,
  networkBytesPerSecond: 0,
  finishedTasks: 0,
  latencyMicros: 0,
};

/**
 * The load between two measurements, of which the first is missing before the first report. Shares are in thousandths or
 * UNKNOWN_SHARE, rates count what is known.
 */
export function loadBetween(before: Measurement | undefined, after: Measurement): Load {
  const intervalMs = before === undefined ? 0 : Math.round(after.atMs - before.atMs);
  if (before === undefined || intervalMs <= 0) return UNKNOWN_LOAD;
  const { processors, memory } = after.system;
  const timed = growth(before.tasks.timed, after.tasks.timed) ?? 0;
  const timedMs = growth(before.tasks.timedMs, after.tasks.timedMs) ?? 0;
  return {
    intervalMs,
    cpuPermille: permille(
      growth(before.system.processors?.used, processors?.used),
      growth(before.system.processors?.total, processors?.total),
    ),
    memoryPermille: permille(growth(memory?.availableBytes, memory?.totalBytes), memory?.totalBytes),
    ...diskLoad(before.system.disks, after.system.disks, intervalMs),
    ...networkLoad(before.system.interfaces, after.system.interfaces, intervalMs),
    finishedTasks: growth(before.tasks.finished, after.tasks.finished) ?? 0,
    // 0 says that there was none.
    latencyMicros: timed === 0 ? 0 : Math.max(1, Math.round((timedMs * 1000) / timed)),
  };
}

/** Both of one disk, so that they tell what it moves while it is busy. Most requests wait for the busiest. */
function diskLoad(before: readonly DiskCounters[], after: readonly DiskCounters[], intervalMs: number) {
  let busiest = { diskPermille: UNKNOWN_SHARE, diskBytesPerSecond: 0 };
  for (const disk of after) {
    const earlier = before.find(({ device }) => device === disk.device);
    const diskPermille = permille(growth(earlier?.busyMs, disk.busyMs), intervalMs);
    if (diskPermille <= busiest.diskPermille) continue;
    busiest = { diskPermille, diskBytesPerSecond: perSecond(growth(earlier?.bytes, disk.bytes) ?? 0, intervalMs) };
  }
  return busiest;
}

/** A link carries its speed in each direction, so the busier direction is what it is busy with. */
function networkLoad(before: readonly InterfaceCounters[], after: readonly InterfaceCounters[], intervalMs: number) {
  let bytes = 0;
  let busiest = UNKNOWN_SHARE;
  for (const link of after) {
    const earlier = before.find(({ name }) => name === link.name);
    const received = growth(earlier?.receivedBytes, link.receivedBytes);
    const sent = growth(earlier?.sentBytes, link.sentBytes);
    if (received === undefined || sent === undefined) continue;
    bytes += received + sent;
    const { bitsPerSecond } = link;
    const possible = bitsPerSecond === undefined ? undefined : (bitsPerSecond / 8 / 1000) * intervalMs;
    busiest = Math.max(busiest, permille(Math.max(received, sent), possible));
  }
  return { networkPermille: busiest, networkBytesPerSecond: perSecond(bytes, intervalMs) };
}

/** By how much a counter grew; undefined if it is unknown at either time, or went backwards. */
function growth(before: number | undefined, after: number | undefined): number | undefined {
  if (before === undefined || after === undefined) return undefined;
  const grown = after - before;
  return Number.isFinite(grown) && grown >= 0 ? grown : undefined;
}

/** 0 to 1000, or UNKNOWN_SHARE. The two are not read in the same instant, so a bit more than all is all. */
function permille(part: number | undefined, whole: number | undefined): number {
  if (part === undefined || whole === undefined || !(whole > 0)) return UNKNOWN_SHARE;
  return Math.min(1000, Math.round((part / whole) * 1000));
}

function perSecond(amount: number, intervalMs: number): number {
  return Math.min(Number.MAX_SAFE_INTEGER, Math.round((amount * 1000) / intervalMs));
}
