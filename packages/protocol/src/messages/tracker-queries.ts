// What clients ask a tracker before they talk to a storage server: where to upload, where to read, where to change
// (wire-protocol.md §5.2, §5.3). Answers exist in two widths; a reader tells them apart by their length, the IPv4 form
// is tried first.
import { MAX_STORAGES_PER_GROUP } from "../limits.ts";
import { i64, listOf, text, u8, variableText } from "../wire/fields.ts";
import { message, type MessageOf } from "../wire/message.ts";

/** A request that names a group and nothing else (90, 104, 107, 108). */
export const GroupRequest = message("GroupRequest", {
  groupName: text(16, "group name"),
});
export type GroupRequest = MessageOf<typeof GroupRequest>;

/** Answer to 101 and 104, addresses in 15 bytes: where to upload (wire-protocol.md §5.2). */
export const StoreTarget = message("StoreTarget", {
  groupName: text(16, "group that will keep the file"),
  storageIp: text(15, "address of the chosen storage server"),
  storagePort: i64("its TCP port"),
  storePathIndex: u8("disk to write to; 0 is spelled M00"),
});
export type StoreTarget = MessageOf<typeof StoreTarget>;

/** Answer to 101 and 104, addresses in 45 bytes: where to upload (wire-protocol.md §5.2). */
export const StoreTargetIpv6 = message("StoreTargetIpv6", {
  groupName: text(16, "group that will keep the file"),
  storageIp: text(45, "address of the chosen storage server"),
  storagePort: i64("its TCP port"),
  storePathIndex: u8("disk to write to; 0 is spelled M00"),
});
export type StoreTargetIpv6 = MessageOf<typeof StoreTargetIpv6>;

/** One server in the answers to 105, 106 and 107, address in 15 bytes. */
export const StorageAddress = message("StorageAddress", {
  storageIp: text(15, "address of a storage server"),
  storagePort: i64("its TCP port"),
});
export type StorageAddress = MessageOf<typeof StorageAddress>;

/** One server in the answers to 105, 106 and 107, address in 45 bytes. */
export const StorageAddressIpv6 = message("StorageAddressIpv6", {
  storageIp: text(45, "address of a storage server"),
  storagePort: i64("its TCP port"),
});
export type StorageAddressIpv6 = MessageOf<typeof StorageAddressIpv6>;

/** Answer to 106 and 107, addresses in 15 bytes: all servers of the group that can be written to. */
export const StoreTargets = message("StoreTargets", {
  groupName: text(16, "group that will keep the file"),
  storages: listOf(StorageAddress, "writable servers in id order", 1, MAX_STORAGES_PER_GROUP),
  storePathIndex: u8("disk to write to at the first server"),
});
export type StoreTargets = MessageOf<typeof StoreTargets>;

/** Answer to 106 and 107, addresses in 45 bytes: all servers of the group that can be written to. */
export const StoreTargetsIpv6 = message("StoreTargetsIpv6", {
  groupName: text(16, "group that will keep the file"),
  storages: listOf(StorageAddressIpv6, "writable servers in id order", 1, MAX_STORAGES_PER_GROUP),
  storePathIndex: u8("disk to write to at the first server"),
});
export type StoreTargetsIpv6 = MessageOf<typeof StoreTargetsIpv6>;

/** Request of 102, 103 and 105. The name is not validated: the tracker only decodes what it can (wire-protocol.md §12 no. 21). */
export const FileQuery = message("FileQuery", {
  groupName: text(16, "group of the file"),
  logicalName: variableText("name without the group", 22, 127),
});
export type FileQuery = MessageOf<typeof FileQuery>;

/** Answer to 102 and 103, address in 15 bytes: which server to ask (wire-protocol.md §5.3). */
export const FileLocation = message("FileLocation", {
  groupName: text(16, "group of the file"),
  storageIp: text(15, "address of a storage server that has the file"),
  storagePort: i64("its TCP port"),
});
export type FileLocation = MessageOf<typeof FileLocation>;

/** Answer to 102 and 103, address in 45 bytes: which server to ask (wire-protocol.md §5.3). */
export const FileLocationIpv6 = message("FileLocationIpv6", {
  groupName: text(16, "group of the file"),
  storageIp: text(45, "address of a storage server that has the file"),
  storagePort: i64("its TCP port"),
});
export type FileLocationIpv6 = MessageOf<typeof FileLocationIpv6>;

/** Answer to 105, addresses in 15 bytes: all servers that have the file (wire-protocol.md §5.3). */
export const FileLocations = message("FileLocations", {
  groupName: text(16, "group of the file"),
  storages: listOf(StorageAddress, "servers that have the file", 1, MAX_STORAGES_PER_GROUP),
});
export type FileLocations = MessageOf<typeof FileLocations>;

/** Answer to 105, addresses in 45 bytes: all servers that have the file (wire-protocol.md §5.3). */
export const FileLocationsIpv6 = message("FileLocationsIpv6", {
  groupName: text(16, "group of the file"),
  storages: listOf(StorageAddressIpv6, "servers that have the file", 1, MAX_STORAGES_PER_GROUP),
});
export type FileLocationsIpv6 = MessageOf<typeof FileLocationsIpv6>;
