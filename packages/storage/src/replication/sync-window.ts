// The daily time in which replication is allowed (cluster-behaviour.md §4.8). Pure.
import { nextDaily, printTimeOfDay, type TimeOfDay } from "@fastdfs-ts/runtime";

export interface SyncWindow {
  readonly syncStartTime: TimeOfDay;
  readonly syncEndTime: TimeOfDay;
}

function secondOfDay({ hour, minute, second }: TimeOfDay): number {
  return hour * 3600 + minute * 60 + second;
}

/** From 00:00 to 23:59 means always, the last minute included. */
function isAlways(start: number, end: number): boolean {
  return start === end || (start === 0 && end >= 23 * 3600 + 59 * 60);
}

/**
 * For how many milliseconds replication has to wait, 0 inside the window. The window begins with its first second and is
 * over with its last; it may cross midnight.
 */
export function millisecondsUntilWindow(nowMs: number, { syncStartTime, syncEndTime }: SyncWindow): number {
  const start = secondOfDay(syncStartTime);
  const end = secondOfDay(syncEndTime);
  if (isAlways(start, end)) return 0;
  const date = new Date(nowMs);
  const now = date.getHours() * 3600 + date.getMinutes() * 60 + date.getSeconds();
  const isInside = start < end ? now >= start && now < end : now >= start || now < end;
  return isInside ? 0 : nextDaily(nowMs, syncStartTime) - nowMs;
}

export function printWindow({ syncStartTime, syncEndTime }: SyncWindow): string {
  return `${printTimeOfDay(syncStartTime)}-${printTimeOfDay(syncEndTime)}`;
}
