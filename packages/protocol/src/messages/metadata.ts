// Names and values kept beside a file (wire-protocol.md §8.5, §8.6). What the bytes mean is in metadata-records.ts.
import { MAX_NAME_BYTES } from "../limits.ts";
import { lengthOf, letter, text, variableBytes, variableText } from "../wire/fields.ts";
import { message, type MessageOf } from "../wire/message.ts";

/** Request of 13. */
export const SetMetadataRequest = message("SetMetadataRequest", {
  logicalNameBytes: lengthOf("logicalName", "1 to 127", 1, MAX_NAME_BYTES),
  metadataBytes: lengthOf("metadata", "0 or more"),
  operation: letter("O overwrite, M merge"),
  groupName: text(16, "group name"),
  logicalName: variableText("name without the group"),
  metadata: variableBytes("name 0x02 value, joined by 0x01"),
});
export type SetMetadataRequest = MessageOf<typeof SetMetadataRequest>;

/** Answer to 15. */
export const Metadata = message("Metadata", {
  metadata: variableBytes("name 0x02 value, joined by 0x01"),
});
export type Metadata = MessageOf<typeof Metadata>;
