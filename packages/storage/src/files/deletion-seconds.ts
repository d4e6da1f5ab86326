import type { FileStat } from "@fastdfs-ts/runtime";

import { changeSeconds, type FileStore } from "./file-store.ts";
import { isGivenOnce } from "./given-once.ts";

/** How far the clocks of members may be apart; a time that is later still is no time of a record, and would end up in marks. */
const CLOCK_SKEW_SECONDS = 60;

/**
 * Unix time of a deletion that is being made. Names of slaves and metadata can be given anew, and the times of the records
 * decide then: so it is later than that of what is deleted, also if another member made that by a clock that is ahead. Within
 * one second the order counts (recent-deletions.ts).
 */
export function deletionSeconds(store: FileStore, logicalName: string, { modifiedMs }: FileStat): number {
  const now = changeSeconds(store);
  const modifiedSeconds = Math.floor(modifiedMs / 1000);
  if (isGivenOnce(logicalName) || modifiedSeconds <= now) return now;
  return Math.min(modifiedSeconds + 1, now + CLOCK_SKEW_SECONDS);
}
