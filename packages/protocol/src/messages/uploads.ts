// New files: upload, appender upload, slave upload, link (wire-protocol.md §8.2, §8.3, §8.13). Upload messages are the
// head only; the content follows it.
import { MAX_NAME_BYTES } from "../limits.ts";
import { i8, lengthOf, size64, text, variableBytes, variableText } from "../wire/fields.ts";
import { message, type MessageOf } from "../wire/message.ts";

/** Head of 11 and 23. */
export const UploadRequest = message("UploadRequest", {
  storePathIndex: i8("disk to write to, -1: the server chooses"),
  contentBytes: size64("size of the file"),
  extension: text(6, "without the dot, may be empty"),
});
export type UploadRequest = MessageOf<typeof UploadRequest>;

/** Answer to every command that makes a file (11, 20, 21, 23, 38). */
export const StoredName = message("StoredName", {
  groupName: text(16, "group that keeps the file"),
  logicalName: variableText("its name without the group", 1, MAX_NAME_BYTES),
});
export type StoredName = MessageOf<typeof StoredName>;

/** Head of 21. */
export const UploadSlaveRequest = message("UploadSlaveRequest", {
  masterNameBytes: lengthOf("masterName", "11 to 127", 11, MAX_NAME_BYTES),
  contentBytes: size64("size of the file"),
  slavePrefix: text(16, "what the name gets behind the master's, not empty"),
  extension: text(6, "without the dot, may be empty"),
  masterName: variableText("name of the master without the group"),
});
export type UploadSlaveRequest = MessageOf<typeof UploadSlaveRequest>;

/** Request of 20. The three variable parts together may have 256 bytes. */
export const CreateLinkRequest = message("CreateLinkRequest", {
  masterNameBytes: lengthOf("masterName", "0 to 127", 0, MAX_NAME_BYTES),
  sourceNameBytes: lengthOf("sourceName", "1 to 127", 1, MAX_NAME_BYTES),
  signatureBytes: lengthOf("signature", "1 or more", 1, 255),
  groupName: text(16, "group name"),
  slavePrefix: text(16, "for a link named like a slave of the master"),
  extension: text(6, "without the dot, may be empty"),
  masterName: variableText("the master, or nothing: the link gets a fresh name"),
  sourceName: variableText("the file that the link points to"),
  signature: variableBytes("opaque"),
});
export type CreateLinkRequest = MessageOf<typeof CreateLinkRequest>;
