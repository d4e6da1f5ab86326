// What members of a group send each other to stay equal (wire-protocol.md §9.2 to §9.11). Timestamps are those of the
// sender's binlog record; the receiver writes them unchanged into its own.
import { MAX_NAME_BYTES, MIN_NAME_BYTES } from "../limits.ts";
import { i32, i8, lengthOf, size64, text, variableBytes, variableText } from "../wire/fields.ts";
import { message, type MessageOf } from "../wire/message.ts";

/** Request of 9: who the sender is. */
export const ReportServerId = message("ReportServerId", {
  storageId: text(16, "storage id, not empty"),
});
export type ReportServerId = MessageOf<typeof ReportServerId>;

/** Head of 16 and 18. No content follows if the status byte of the header is not 0. */
export const SyncFileRequest = message("SyncFileRequest", {
  logicalNameBytes: lengthOf("logicalName", "length of the name", 1, MAX_NAME_BYTES),
  contentBytes: size64("size of the file"),
  timestampSeconds: i32("Unix time of the binlog record"),
  groupName: text(16, "group name"),
  logicalName: variableText("name without the group"),
});
export type SyncFileRequest = MessageOf<typeof SyncFileRequest>;

/** Request of 17. */
export const SyncDeleteRequest = message("SyncDeleteRequest", {
  timestampSeconds: i32("Unix time of the binlog record"),
  groupName: text(16, "group name"),
  logicalName: variableText("name without the group", MIN_NAME_BYTES, MAX_NAME_BYTES),
});
export type SyncDeleteRequest = MessageOf<typeof SyncDeleteRequest>;

/** Head of 25 (append) and 35 (modify). */
export const SyncWriteRequest = message("SyncWriteRequest", {
  logicalNameBytes: lengthOf("logicalName", "length of the name", 1, MAX_NAME_BYTES),
  offset: size64("where the bytes go"),
  contentBytes: size64("number of bytes that follow"),
  timestampSeconds: i32("Unix time of the binlog record"),
  groupName: text(16, "group name"),
  logicalName: variableText("name without the group"),
});
export type SyncWriteRequest = MessageOf<typeof SyncWriteRequest>;

/** Request of 37. */
export const SyncTruncateRequest = message("SyncTruncateRequest", {
  logicalNameBytes: lengthOf("logicalName", "length of the name", 1, MAX_NAME_BYTES),
  oldBytes: size64("size before"),
  newBytes: size64("size after"),
  timestampSeconds: i32("Unix time of the binlog record"),
  groupName: text(16, "group name"),
  logicalName: variableText("name without the group"),
});
export type SyncTruncateRequest = MessageOf<typeof SyncTruncateRequest>;

/** Request of 19. */
export const SyncLinkRequest = message("SyncLinkRequest", {
  linkNameBytes: lengthOf("linkName", "length of the link's name", 1, MAX_NAME_BYTES),
  targetNameBytes: lengthOf("targetName", "length of the target's name", 1, MAX_NAME_BYTES),
  timestampSeconds: i32("Unix time of the binlog record"),
  groupName: text(16, "group name"),
  linkName: variableText("the link, without the group"),
  targetName: variableText("what it points to, without the group"),
});
export type SyncLinkRequest = MessageOf<typeof SyncLinkRequest>;

/** Request of 40. */
export const SyncRenameRequest = message("SyncRenameRequest", {
  newNameBytes: lengthOf("newName", "length of the new name", 1, MAX_NAME_BYTES),
  oldNameBytes: lengthOf("oldName", "length of the old name", 1, MAX_NAME_BYTES),
  timestampSeconds: i32("Unix time of the binlog record"),
  groupName: text(16, "group name"),
  newName: variableText("name after, without the group"),
  oldName: variableText("name before, without the group"),
});
export type SyncRenameRequest = MessageOf<typeof SyncRenameRequest>;

/** Request of 26: the records of one store path, for a member that lost the disk. */
export const FetchBinlogRequest = message("FetchBinlogRequest", {
  groupName: text(16, "group name"),
  storePathIndex: i8("the store path"),
});
export type FetchBinlogRequest = MessageOf<typeof FetchBinlogRequest>;

/** Answer to 26. Its header names 2^58 bytes; the server closes the connection behind it (wire-protocol.md §9.11). */
export const FetchedBinlog = message("FetchedBinlog", {
  records: variableBytes("binlog lines", 0, Infinity),
  recordsBytes: size64("how many bytes of lines there were"),
});
export type FetchedBinlog = MessageOf<typeof FetchedBinlog>;
