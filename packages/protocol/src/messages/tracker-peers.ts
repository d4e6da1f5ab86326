// What trackers say to each other: joining and pinging the leader, election, and handing over the state files to a new
// tracker (wire-protocol.md §7).
import { MAX_GROUPS } from "../limits.ts";
import { i32, i64, listOf, optional, size64, text, u8, variableBytes, variableText } from "../wire/fields.ts";
import { message, type MessageOf } from "../wire/message.ts";

/** Request of 58. */
export const JoinLeaderRequest = message("JoinLeaderRequest", {
  upTimeSeconds: i64("Unix time of my start"),
  version: text(8, "my version"),
  trackerPort: i64("my TCP port"),
});
export type JoinLeaderRequest = MessageOf<typeof JoinLeaderRequest>;

/** Connection counters of a tracker. */
export const ConnectionCounts = message("ConnectionCounts", {
  connectionsAllocated: i32("connection objects allocated"),
  connectionsCurrent: i32("connections open now"),
  connectionsMaximum: i32("most connections open at once"),
});
export type ConnectionCounts = MessageOf<typeof ConnectionCounts>;

/** Request of 65. Empty up to 6.15.4. */
export const PingLeaderRequest = message("PingLeaderRequest", {
  connections: optional(ConnectionCounts, "counters of the follower"),
});
export type PingLeaderRequest = MessageOf<typeof PingLeaderRequest>;

/** Which storage is trunk server of a group. */
export const TrunkAssignment = message("TrunkAssignment", {
  groupName: text(16, "group name"),
  storageId: text(16, "its trunk server, empty if none"),
});
export type TrunkAssignment = MessageOf<typeof TrunkAssignment>;

/** Answer to 65: all groups, or nothing if this connection has seen them already. */
export const PingLeaderAnswer = message("PingLeaderAnswer", {
  groups: listOf(TrunkAssignment, "groups in name order", 0, MAX_GROUPS),
});
export type PingLeaderAnswer = MessageOf<typeof PingLeaderAnswer>;

/** Request of 66 and 67: who the next leader is. */
export const LeaderNotice = message("LeaderNotice", {
  leader: variableText("ip:port, IPv6 as [ip]:port", 1, 52),
});
export type LeaderNotice = MessageOf<typeof LeaderNotice>;

/** Request of 63: a piece of a state file. */
export const SystemFileRequest = message("SystemFileRequest", {
  fileIndex: u8("0 groups, 1 storages, 2 sync timestamps, 3 changelog"),
  offset: size64("first byte wanted"),
});
export type SystemFileRequest = MessageOf<typeof SystemFileRequest>;

/** Answer to 63. */
export const SystemFilePiece = message("SystemFilePiece", {
  fileBytes: size64("size of the file"),
  content: variableBytes("what is there from the offset on", 0, 8173),
});
export type SystemFilePiece = MessageOf<typeof SystemFilePiece>;
