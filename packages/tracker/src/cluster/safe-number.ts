// Numbers that peers send in 64 bits and that are only kept and shown. Beyond 2^53 they could not be written to a state
// file or a list again, and one odd report would break every list; nothing real is that large.
import type { StatisticsBlock } from "@fastdfs-ts/protocol";

/** `value`, or the nearest number that is exact. */
export function safeNumber(value: number): number {
  return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, value));
}

/** The counters of a report; the same object if they are sound, as they always are. */
export function safeStatistics(statistics: StatisticsBlock): StatisticsBlock {
  const values = Object.values(statistics);
  if (values.every((value) => Number.isSafeInteger(value))) return statistics;
  const entries = Object.entries(statistics).map(([counter, value]) => [counter, safeNumber(value)]);
  return Object.fromEntries(entries) as StatisticsBlock;
}
