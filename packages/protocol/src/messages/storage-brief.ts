// The short record of a storage server that trackers and storages exchange (wire-protocol.md §4.1).
import { i32, text, u8 } from "../wire/fields.ts";
import { message, type MessageOf } from "../wire/message.ts";

/** 67 bytes. The address is 46 bytes wide whatever `response_ip_addr_size` says. */
export const StorageBrief = message("StorageBrief", {
  status: u8("storage status"),
  storagePort: i32("its TCP port; C storages send 0 in 76"),
  storageId: text(16, "storage id"),
  storageIp: text(46, "its address"),
});
export type StorageBrief = MessageOf<typeof StorageBrief>;
