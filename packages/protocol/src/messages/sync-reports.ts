// What storages tell trackers about each other: how far replication has come, who changed its status, who changed its
// address; and the changelog that trackers give back (wire-protocol.md §6.7, §6.9, §6.10).
import { ID_BYTES, MAX_STORAGES_PER_GROUP } from "../limits.ts";
import { i32, listOf, nested, optional, text, u8, variableText } from "../wire/fields.ts";
import { message, type MessageOf } from "../wire/message.ts";
import { StorageBrief } from "./storage-brief.ts";

/** How far one source has pushed its records to the sender. */
export const SyncStamp = message("SyncStamp", {
  sourceStorageId: text(16, "the source"),
  untilSeconds: i32("everything up to this Unix time has arrived, 0 nothing"),
});
export type SyncStamp = MessageOf<typeof SyncStamp>;

/** Request of 89. */
export const SyncReport = message("SyncReport", {
  stamps: listOf(SyncStamp, "one per known storage", 1),
});
export type SyncReport = MessageOf<typeof SyncReport>;

/** Request of 85: what I know about these servers. */
export const ReplicaChange = message("ReplicaChange", {
  storages: listOf(StorageBrief, "the servers", 1, MAX_STORAGES_PER_GROUP),
});
export type ReplicaChange = MessageOf<typeof ReplicaChange>;

/** Request of 76: a source moves its destination on (wire-protocol.md §6.9). */
export const StatusReport = message("StatusReport", {
  groupName: text(16, "group name"),
  storage: nested(StorageBrief, "the server and its new status"),
});
export type StatusReport = MessageOf<typeof StatusReport>;

/** Request of 59. */
export const StatusChange = message("StatusChange", {
  status: u8("my new status"),
});
export type StatusChange = MessageOf<typeof StatusChange>;

/** Who reads the changelog. */
export const ChangelogReader = message("ChangelogReader", {
  groupName: text(16, "group name"),
  storageId: text(ID_BYTES, "storage id"),
});
export type ChangelogReader = MessageOf<typeof ChangelogReader>;

/** Request of 77. */
export const ChangelogRequest = message("ChangelogRequest", {
  reader: optional(ChangelogReader, "nothing on a joined connection"),
});
export type ChangelogRequest = MessageOf<typeof ChangelogRequest>;

/** Answer to 77: what this storage has not read yet. A line may be cut and continue in the next answer. */
export const ChangelogPage = message("ChangelogPage", {
  text: variableText("lines: timestamp group id status newId"),
});
export type ChangelogPage = MessageOf<typeof ChangelogPage>;

/** Request of 78. */
export const IpChanged = message("IpChanged", {
  groupName: text(16, "group name"),
  oldIp: text(46, "address before"),
  newIp: text(46, "address now"),
});
export type IpChanged = MessageOf<typeof IpChanged>;
