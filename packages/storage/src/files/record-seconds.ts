// Times of records. Names of slaves and metadata can be given anew, and there the times decide what came last, at members that
// get the records in another order. So a record of such a name is later than what it follows, also if that has the time of
// another member, whose clock is ahead. Names that are given once need no order, and have the time of our clock.
import type { FileStat } from "@fastdfs-ts/runtime";

import { changeSeconds, type FileStore } from "./file-store.ts";
import { isGivenOnce } from "./given-once.ts";

/** The clocks of members are not further apart than this, Unix seconds; a file that is later still has a time that is none. */
export const AHEAD_SECONDS_MAX = 3600;

/**
 * Unix time of a file that is being stored: not before the deletion of its forerunner, or the file that it replaces. Within a
 * second the order counts (recent-deletions.ts).
 */
export function storingSeconds(store: FileStore, logicalName: string, replaced?: FileStat): number {
  const now = changeSeconds(store);
  if (isGivenOnce(logicalName)) return now;
  const before = replaced === undefined ? deletedSeconds(store, logicalName) : secondsOf(store, logicalName, replaced);
  return notBefore(now, before);
}

/** Unix time of a deletion that is being made: later than the file, if that is ahead of our clock. */
export function deletionSeconds(store: FileStore, logicalName: string, deleted: FileStat): number {
  const now = changeSeconds(store);
  if (isGivenOnce(logicalName)) return now;
  const seconds = secondsOf(store, logicalName, deleted);
  return seconds <= now ? now : notBefore(now, seconds + 1);
}

function deletedSeconds({ deletions }: FileStore, logicalName: string): number {
  return deletions.deletedSeconds(logicalName) ?? 0;
}

/** A link has a time of its own on each disk, so what the log says counts as well. */
function secondsOf({ deletions }: FileStore, logicalName: string, { modifiedMs }: FileStat): number {
  return Math.max(Math.floor(modifiedMs / 1000), deletions.storedSeconds(logicalName) ?? 0);
}

function notBefore(now: number, seconds: number): number {
  return Math.max(now, Math.min(seconds, now + AHEAD_SECONDS_MAX));
}

/** Whether the time of a record may be ahead of the clock of its member: then it says nothing of that member's other records. */
export function mayBeAhead(logicalName: string): boolean {
  return !isGivenOnce(logicalName);
}
