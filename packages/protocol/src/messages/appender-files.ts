// Files that may change: append, modify, truncate, and turning them into normal files (wire-protocol.md §8.9 to §8.12).
// The heads of 24 and 34 are followed by content.
import { MAX_NAME_BYTES, MIN_APPENDER_NAME_BYTES } from "../limits.ts";
import { lengthOf, size64, variableText } from "../wire/fields.ts";
import { message, type MessageOf } from "../wire/message.ts";

/** Head of 24. */
export const AppendRequest = message("AppendRequest", {
  logicalNameBytes: lengthOf("logicalName", "44 to 127", MIN_APPENDER_NAME_BYTES, MAX_NAME_BYTES),
  contentBytes: size64("number of bytes that follow"),
  logicalName: variableText("name of an appender file, without the group"),
});
export type AppendRequest = MessageOf<typeof AppendRequest>;

/** Head of 34. */
export const ModifyRequest = message("ModifyRequest", {
  logicalNameBytes: lengthOf("logicalName", "44 to 127", MIN_APPENDER_NAME_BYTES, MAX_NAME_BYTES),
  offset: size64("where to write, 0 to the size of the file"),
  contentBytes: size64("number of bytes that follow"),
  logicalName: variableText("name of an appender file, without the group"),
});
export type ModifyRequest = MessageOf<typeof ModifyRequest>;

/** Request of 36. */
export const TruncateRequest = message("TruncateRequest", {
  logicalNameBytes: lengthOf("logicalName", "44 to 127", MIN_APPENDER_NAME_BYTES, MAX_NAME_BYTES),
  newBytes: size64("new size; a larger one fills with zeros"),
  logicalName: variableText("name of an appender file, without the group"),
});
export type TruncateRequest = MessageOf<typeof TruncateRequest>;

/** Request of 38. */
export const RegenerateRequest = message("RegenerateRequest", {
  logicalName: variableText("name of an appender file, without the group", MIN_APPENDER_NAME_BYTES, MAX_NAME_BYTES),
});
export type RegenerateRequest = MessageOf<typeof RegenerateRequest>;
