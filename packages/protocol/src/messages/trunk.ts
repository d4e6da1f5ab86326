// Trunk files: what members ask the trunk server of their group, what it tells them, and what trackers ask about it
// (wire-protocol.md §4.6, §6.11, §9.12).
import { i32, i64, i8, nested, text, u8, variableBytes } from "../wire/fields.ts";
import { message, type MessageOf } from "../wire/message.ts";

/** A place inside a trunk file. */
export const TrunkSlot = message("TrunkSlot", {
  storePathIndex: u8("store path"),
  subdirHigh: u8("first directory"),
  subdirLow: u8("second directory"),
  trunkFileId: i32("number of the trunk file"),
  offset: i32("first byte of the slot, its header included"),
  slotBytes: i32("size of the slot, its header included"),
});
export type TrunkSlot = MessageOf<typeof TrunkSlot>;

/** Request of 27. */
export const TrunkAllocRequest = message("TrunkAllocRequest", {
  groupName: text(16, "group name"),
  slotBytes: i32("size of the file plus 24"),
  storePathIndex: i8("store path"),
});
export type TrunkAllocRequest = MessageOf<typeof TrunkAllocRequest>;

/** Request of 28 and 29. In 28 the status byte of the header is the result of the write. */
export const TrunkSlotRequest = message("TrunkSlotRequest", {
  groupName: text(16, "group name"),
  slot: nested(TrunkSlot, "the slot"),
});
export type TrunkSlotRequest = MessageOf<typeof TrunkSlotRequest>;

/** Request of 30. */
export const TrunkBinlogChunk = message("TrunkBinlogChunk", {
  records: variableBytes("lines of the trunk binlog", 1),
});
export type TrunkBinlogChunk = MessageOf<typeof TrunkBinlogChunk>;

/** Answer to 31. */
export const TrunkBinlogSize = message("TrunkBinlogSize", {
  binlogBytes: i64("size of the trunk binlog"),
});
export type TrunkBinlogSize = MessageOf<typeof TrunkBinlogSize>;

/** Answer to 72, request of 73. */
export const TrunkFileId = message("TrunkFileId", {
  trunkFileId: i32("newest trunk file of the group"),
});
export type TrunkFileId = MessageOf<typeof TrunkFileId>;

/** Request of 74. */
export const TrunkFreeSpace = message("TrunkFreeSpace", {
  freeMib: i64("free space inside trunk files"),
});
export type TrunkFreeSpace = MessageOf<typeof TrunkFreeSpace>;
