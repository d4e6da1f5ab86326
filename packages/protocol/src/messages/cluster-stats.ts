// What monitoring tools ask a tracker: groups, storages, trackers, volumes, the leader; and the commands with which an
// administrator changes the cluster (wire-protocol.md §5.4 to §5.12).
import { MAX_GROUPS, MAX_STORAGES_PER_GROUP, MAX_TRACKERS } from "../limits.ts";
import { countOf, flag, i32, i64, letter, listOf, nested, padding, text, u8, variableText } from "../wire/fields.ts";
import { message, type MessageOf } from "../wire/message.ts";
import { StatisticsBlock } from "./statistics.ts";

/** One group in the answers to 90 and 91 (wire-protocol.md §4.3). */
export const GroupRecord = message("GroupRecord", {
  groupName: text(17, "group name"),
  totalMib: i64("space of the writable server with the least free space"),
  freeMib: i64("free space of that server"),
  reservedMib: i64("space that is kept free"),
  trunkFreeMib: i64("free space inside trunk files"),
  storageCount: i64("all servers, also offline and deleted ones"),
  storagePort: i64("their port, -1 if they differ"),
  readableStorageCount: i64("servers that can be read from"),
  writableStorageCount: i64("servers that can be written to"),
  currentWriteServer: i64("round-robin index of the next upload"),
  storePathCount: i64("store paths per server"),
  subdirCountPerPath: i64("sub directories per level"),
  currentTrunkFileId: i64("newest trunk file, -1 if trunk files are off"),
});
export type GroupRecord = MessageOf<typeof GroupRecord>;

/** Answer to 91. */
export const GroupList = message("GroupList", {
  groups: listOf(GroupRecord, "groups in name order", 0, MAX_GROUPS),
});
export type GroupList = MessageOf<typeof GroupList>;

/** One server in the answer to 92. */
const storageRecordFields = (addressBytes: number) => ({
  status: u8("storage status"),
  rwMode: u8("0 none, 2 write only, 4 read only, 6 both"),
  storageId: text(16, "storage id"),
  storageIp: text(addressBytes, "its address, chosen for the asking peer"),
  sourceStorageId: text(16, "id of the server it gets old files from, may be empty"),
  version: text(8, "its version"),
  joinTimeSeconds: i64("Unix time of its first start"),
  upTimeSeconds: i64("Unix time of its last start, 0 while not connected"),
  totalMib: i64("space of all store paths"),
  freeMib: i64("free space of all store paths"),
  reservedMib: i64("space that is kept free"),
  uploadPriority: i64("lower is preferred"),
  storePathCount: i64("number of store paths"),
  subdirCountPerPath: i64("sub directories per level"),
  currentWritePath: i64("store path the next upload goes to"),
  storagePort: i64("its TCP port"),
  statistics: nested(StatisticsBlock, "its counters"),
  isTrunkServer: flag("1 if it is the trunk server of its group"),
});

/** One server in the answer to 92, address in 16 bytes (wire-protocol.md §4.4). */
export const StorageRecord = message("StorageRecord", storageRecordFields(16));
export type StorageRecord = MessageOf<typeof StorageRecord>;

/** One server in the answer to 92, address in 46 bytes (wire-protocol.md §4.4). */
export const StorageRecordIpv6 = message("StorageRecordIpv6", storageRecordFields(46));
export type StorageRecordIpv6 = MessageOf<typeof StorageRecordIpv6>;

/** Request of 92. */
export const ListStoragesRequest = message("ListStoragesRequest", {
  groupName: text(16, "group name"),
  storageId: variableText("empty: all servers of the group", 0, 15),
});
export type ListStoragesRequest = MessageOf<typeof ListStoragesRequest>;

/** Answer to 92. */
export const StorageList = message("StorageList", {
  storages: listOf(StorageRecord, "servers in id order", 0, MAX_STORAGES_PER_GROUP),
});
export type StorageList = MessageOf<typeof StorageList>;

/** Answer to 92 with wide addresses. */
export const StorageListIpv6 = message("StorageListIpv6", {
  storages: listOf(StorageRecordIpv6, "servers in id order", 0, MAX_STORAGES_PER_GROUP),
});
export type StorageListIpv6 = MessageOf<typeof StorageListIpv6>;

/** Request of 93. */
export const DeleteStorageRequest = message("DeleteStorageRequest", {
  groupName: text(16, "group name"),
  storageId: variableText("the server to delete", 1, 15),
});
export type DeleteStorageRequest = MessageOf<typeof DeleteStorageRequest>;

/** Request of 94. */
export const SetTrunkServerRequest = message("SetTrunkServerRequest", {
  groupName: text(16, "group name"),
  storageId: variableText("the server that shall be trunk server; empty: the tracker chooses", 0, 15),
});
export type SetTrunkServerRequest = MessageOf<typeof SetTrunkServerRequest>;

/** Answer to 94 (wire-protocol.md §5.7). */
export const TrunkServerId = message("TrunkServerId", {
  storageId: variableText("the trunk server now", 0, 15),
  terminator: padding(1, "a NUL"),
});
export type TrunkServerId = MessageOf<typeof TrunkServerId>;

/** Answer to 95. */
export const LeaderAddress = message("LeaderAddress", {
  leader: variableText("ip:port, IPv6 as [ip]:port", 1, 52),
});
export type LeaderAddress = MessageOf<typeof LeaderAddress>;

/** Request of 96 (wire-protocol.md §5.9). */
export const TrackerStatRequest = message("TrackerStatRequest", {
  filter: u8("bits: 1 compare isActive, 2 compare isLeader"),
  isActive: flag("wanted value"),
  isLeader: flag("wanted value"),
});
export type TrackerStatRequest = MessageOf<typeof TrackerStatRequest>;

/** One tracker in the answer to 96. */
export const TrackerStat = message("TrackerStat", {
  address: text(52, "ip:port"),
  isLeader: flag("1 if it is the leader"),
  isActive: flag("1 if it is the leader or pinged within the last 3 seconds"),
  connectionsAllocated: i32("connection objects allocated"),
  connectionsCurrent: i32("connections open now"),
  connectionsMaximum: i32("most connections open at once"),
  version: text(8, "its version"),
  upTimeSeconds: i64("Unix time of its start"),
  lastHeartbeatSeconds: i64("Unix time of its last ping, 0 for the leader"),
});
export type TrackerStat = MessageOf<typeof TrackerStat>;

/** Answer to 96. */
export const TrackerStatList = message("TrackerStatList", {
  count: countOf("trackers", 1, "number of trackers"),
  trackers: listOf(TrackerStat, "the trackers that match", 0, MAX_TRACKERS),
});
export type TrackerStatList = MessageOf<typeof TrackerStatList>;

/** Request of 97 (wire-protocol.md §5.10). */
export const StorageStatRequest = message("StorageStatRequest", {
  filter: u8("bits: 1 compare isTrunkServer, 2 compare status"),
  statusOperator: letter("= or !; anything else matches nothing"),
  status: u8("storage status to compare with"),
  isTrunkServer: flag("wanted value"),
});
export type StorageStatRequest = MessageOf<typeof StorageStatRequest>;

/** One server in the answer to 97. */
export const StorageStat = message("StorageStat", {
  storageId: text(16, "storage id"),
  address: text(52, "ip:port"),
  isTrunkServer: flag("1 if it is the trunk server of its group"),
  status: u8("storage status"),
  connectionsAllocated: i32("connection objects allocated"),
  connectionsCurrent: i32("connections open now"),
  connectionsMaximum: i32("most connections open at once"),
  version: text(8, "its version"),
  upTimeSeconds: i64("Unix time of its start"),
  lastHeartbeatSeconds: i64("Unix time of its last heartbeat"),
});
export type StorageStat = MessageOf<typeof StorageStat>;

/** Answer to 97. */
export const StorageStatList = message("StorageStatList", {
  useStorageId: flag("1 if storages have ids of their own"),
  useTrunkFile: flag("1 if trunk files are on"),
  count: countOf("storages", 4, "number of servers"),
  storages: listOf(StorageStat, "the servers that match", 0, MAX_GROUPS * MAX_STORAGES_PER_GROUP),
});
export type StorageStatList = MessageOf<typeof StorageStatList>;

/** Request of 98 (wire-protocol.md §5.11). */
export const VolumeStatRequest = message("VolumeStatRequest", {
  filter: u8("bits: 1 compare isDiskAvailable, 2 isTrunkAvailable, 4 isSpaceAvailable"),
  isDiskAvailable: flag("wanted value"),
  isTrunkAvailable: flag("wanted value"),
  isSpaceAvailable: flag("wanted value: disk or trunk"),
});
export type VolumeStatRequest = MessageOf<typeof VolumeStatRequest>;

/** One group in the answer to 98. */
export const VolumeStat = message("VolumeStat", {
  groupName: text(17, "group name"),
  totalMib: i64("space"),
  freeMib: i64("free space"),
  reservedMib: i64("space that is kept free"),
  availableMib: i64("free minus reserved if the disk is available, else 0"),
  trunkFreeMib: i64("free space inside trunk files, 0 unless available"),
  isDiskAvailable: flag("1 if free space is above the reserve"),
  isTrunkAvailable: flag("1 if trunk files have space"),
});
export type VolumeStat = MessageOf<typeof VolumeStat>;

/** Answer to 98. */
export const VolumeStatList = message("VolumeStatList", {
  useTrunkFile: flag("1 if trunk files are on"),
  count: countOf("groups", 4, "number of groups"),
  groups: listOf(VolumeStat, "the groups that match", 0, MAX_GROUPS),
});
export type VolumeStatList = MessageOf<typeof VolumeStatList>;

/** Answer to 64: what leader election compares (wire-protocol.md §5.12). */
export const TrackerStatus = message("TrackerStatus", {
  isLeader: flag("1 if leader"),
  runningSeconds: i64("time since the start, rounded down to a multiple of 300"),
  restartIntervalSeconds: i64("how long it was down before, rounded down to a multiple of 300"),
});
export type TrackerStatus = MessageOf<typeof TrackerStatus>;
