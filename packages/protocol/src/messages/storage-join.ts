// What a storage asks before and while it joins a tracker: its own address, its id, the other servers' status, the
// join itself and the negotiation of who copies old files to it (wire-protocol.md §5.13 to §5.15, §6.3, §6.8).
import { ID_BYTES, MAX_TRACKERS } from "../limits.ts";
import {
  countOf,
  flag,
  i32,
  i64,
  i8,
  lines,
  optional,
  optionalFlag,
  padding,
  text,
  u8,
  variableText,
} from "../wire/fields.ts";
import { message, type MessageOf } from "../wire/message.ts";

/** The part of 60 that 6.16 added. */
export const MyIpPort = message("MyIpPort", {
  groupEnd: padding(1, "17th byte of the group field"),
  storagePort: i32("the storage's TCP port"),
});
export type MyIpPort = MessageOf<typeof MyIpPort>;

/** Request of 60 (wire-protocol.md §5.13). Servers before 6.16 sent only the group. */
export const MyIpRequest = message("MyIpRequest", {
  groupName: text(16, "group name"),
  port: optional(MyIpPort, "without it the answer is the peer's address"),
});
export type MyIpRequest = MessageOf<typeof MyIpRequest>;

/** Answer to 60. */
export const MyIp = message("MyIp", {
  addresses: variableText("ip or ip1,ip2", 1, 100),
});
export type MyIp = MessageOf<typeof MyIp>;

/** Request of 70 and 71: a storage by its address (wire-protocol.md §5.14). */
export const StorageAddressRequest = message("StorageAddressRequest", {
  groupName: text(16, "group name"),
  address: variableText("ip:port, IPv6 as [ip]:port; before 6.16 an ip or nothing", 0, 52),
});
export type StorageAddressRequest = MessageOf<typeof StorageAddressRequest>;

/** Answer to 70. */
export const StorageIdText = message("StorageIdText", {
  storageId: variableText("storage id", 1, 15),
});
export type StorageIdText = MessageOf<typeof StorageIdText>;

/** Request of 109: a storage by its port and address. */
export const GroupNameRequest = message("GroupNameRequest", {
  storageIp: variableText("its address; empty: the peer's address", 0, 255),
  storagePort: i32("its TCP port"),
});
export type GroupNameRequest = MessageOf<typeof GroupNameRequest>;

/** Answer to 109. */
export const GroupNameAnswer = message("GroupNameAnswer", {
  groupName: text(16, "group name"),
});
export type GroupNameAnswer = MessageOf<typeof GroupNameAnswer>;

/** Request of 69 (wire-protocol.md §5.15). Before 6.11 without the flag. */
export const StorageIdsRequest = message("StorageIdsRequest", {
  startIndex: i32("index of the first entry wanted"),
  allowEmpty: optionalFlag("1: an empty answer instead of status 95 when storage ids are off"),
});
export type StorageIdsRequest = MessageOf<typeof StorageIdsRequest>;

/** Answer to 69: one page of the id list; ask again from startIndex + the number of lines. */
export const StorageIdsPage = message("StorageIdsPage", {
  totalCount: i32("entries in the whole list"),
  count: countOf("lines", 4, "entries in this answer"),
  lines: lines("one entry each: id group host[,host2][:port][ rw=mode]"),
});
export type StorageIdsPage = MessageOf<typeof StorageIdsPage>;

/** Request of 81 (wire-protocol.md §6.3). */
export const JoinRequest = message("JoinRequest", {
  groupName: text(17, "group name"),
  storagePort: i64("its TCP port, above 0"),
  storePathCount: i64("1 to 256"),
  subdirCountPerPath: i64("1 to 256"),
  uploadPriority: i64("lower is preferred"),
  joinTimeSeconds: i64("Unix time of the first start ever"),
  upTimeSeconds: i64("Unix time of this start"),
  version: text(8, "version of the storage"),
  isInitialSyncPending: flag("1: who copies old files to it is not negotiated yet (87)"),
  status: i8("what the storage believes it is, -1 unknown"),
  storageId: text(16, "its id; filled only when storage ids are on"),
  trackerIp: text(46, "address of this tracker as the storage dialled it"),
  trackerCount: countOf("trackers", 8, "1 to 16"),
  trackers: lines("one tracker each: ip:port or ip1,ip2:port", 100 * MAX_TRACKERS),
});
export type JoinRequest = MessageOf<typeof JoinRequest>;

/** Answer to 81. */
export const JoinAnswer = message("JoinAnswer", {
  status: u8("status of this storage at this tracker"),
  sourceStorageId: text(16, "id of the server it gets old files from, or empty"),
});
export type JoinAnswer = MessageOf<typeof JoinAnswer>;

/** Who pushes old files to a new member, and up to when (wire-protocol.md §4.5). */
export const SyncDescriptor = message("SyncDescriptor", {
  sourceStorageId: text(16, "id of the source; empty in 88: there is none"),
  untilSeconds: i64("Unix time up to which the source must push its old records"),
});
export type SyncDescriptor = MessageOf<typeof SyncDescriptor>;

/** Answer to 79, 86 and 87: a descriptor, or nothing if there is no source. */
export const SyncDescriptorAnswer = message("SyncDescriptorAnswer", {
  source: optional(SyncDescriptor, "nothing: there is no source"),
});
export type SyncDescriptorAnswer = MessageOf<typeof SyncDescriptorAnswer>;

/** Request of 86: shall I push old files to this server? */
export const SyncSourceRequest = message("SyncSourceRequest", {
  groupName: text(16, "group name"),
  destinationStorageId: text(ID_BYTES, "the new member"),
});
export type SyncSourceRequest = MessageOf<typeof SyncSourceRequest>;
