// What a storage tells the tracker regularly: that it lives, its counters, its disks (wire-protocol.md §6.5, §6.6). The
// answer to both is the change list (change-list.ts).
import { MAX_STORE_PATHS } from "../limits.ts";
import { i64, listOf, optional } from "../wire/fields.ts";
import { message, type MessageOf } from "../wire/message.ts";
import { StatisticsBlock } from "./statistics.ts";

/** Request of 83. */
export const Heartbeat = message("Heartbeat", {
  statistics: optional(StatisticsBlock, "nothing: no counter has changed"),
});
export type Heartbeat = MessageOf<typeof Heartbeat>;

/** Space of one store path. */
export const StorePathSpace = message("StorePathSpace", {
  totalMib: i64("size of the file system"),
  freeMib: i64("free space"),
});
export type StorePathSpace = MessageOf<typeof StorePathSpace>;

/** Request of 84. There must be one entry for each store path of the group. */
export const DiskReport = message("DiskReport", {
  storePaths: listOf(StorePathSpace, "in the order of their index", 0, MAX_STORE_PATHS),
});
export type DiskReport = MessageOf<typeof DiskReport>;
