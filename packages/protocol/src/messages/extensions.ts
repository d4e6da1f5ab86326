// Messages that C servers do not know. They are sent only to a peer that is known to understand them: a tracker that offers
// `x_fastdfs_ts` among its parameters (75), a storage that answered the hello.
import { REMOVALS_PER_GROUP } from "../limits.ts";
import { listOf, i64, size64, text, u8, variableBytes, variableText } from "../wire/fields.ts";
import { message, type MessageOf } from "../wire/message.ts";

/** Key in the answer to 75 by which a tracker offers these commands, and the version that this code speaks. */
export const EXTENSION_KEY = "x_fastdfs_ts";
/** 2: storages take several new files together (125). 3: trackers take load reports (126) and explain choices (127). */
export const EXTENSION_VERSION = 3;

/** What a replicator is doing; the numbers are on the wire. */
export const replicatorStates = {
  /** The peer takes nothing now: not there, not ready, or outside of the sync window. */
  waiting: 0,
  connecting: 1,
  /** Old files are being given to a new member. */
  backfilling: 2,
  replicating: 3,
  /** Everything is confirmed. */
  caughtUp: 4,
  /** Trouble: pausing before the next try. */
  resting: 5,
} as const;
export type ReplicatorState = keyof typeof replicatorStates;

/** The state with this number; `undefined` if this version knows none. */
export function replicatorStateOf(number: number): ReplicatorState | undefined {
  return (Object.keys(replicatorStates) as ReplicatorState[]).find((state) => replicatorStates[state] === number);
}

/** How far a source has fed one peer. */
export const PeerReplication = message("PeerReplication", {
  storageId: text(16, "the peer"),
  state: u8("number of the replicator's state"),
  confirmedSeconds: i64("the peer has confirmed every own record of the source up to this Unix time; 0 unknown"),
  pendingBytes: i64("bytes of the source's binlog that are not confirmed"),
  backfillBytes: i64("size of the binlog that a new member is given, 0 if none is"),
  backfillDoneBytes: i64("how much of it is confirmed"),
  parkedRecords: i64("records that the peer refuses; they are tried again from time to time"),
  sinceSeconds: i64("Unix time of the last change of state"),
  reason: text(128, "in words, cut to fit"),
});
export type PeerReplication = MessageOf<typeof PeerReplication>;

/** Request of 120, on a joined connection: what this storage does for its peers. */
export const ReplicationReport = message("ReplicationReport", {
  peers: listOf(PeerReplication, "one per peer", 0, 32),
});
export type ReplicationReport = MessageOf<typeof ReplicationReport>;

/** Trackers that offer this version or a later one take 126. */
export const LOAD_REPORT_VERSION = 3;

/** A share that the system does not tell. */
export const UNKNOWN_SHARE = -1;

/**
 * Request of 126, on a joined connection: how busy this storage is. Shares are in thousandths, -1 where the system does not
 * tell; all that is not "now" is about the time since the report before.
 */
export const LoadReport = message("LoadReport", {
  intervalMs: i64("milliseconds since the report before; 0 in the first one on a connection, which tells tasks only"),
  cpuPermille: i64("processor time that was used, of all processors of the machine"),
  memoryPermille: i64("memory that is not available, now"),
  diskPermille: i64("time in which a disk of store paths had something to do, of the busiest one"),
  networkPermille: i64("traffic of the busiest network interface, of its speed"),
  diskBytesPerSecond: i64("read and written by the same disk: what it moves while it is busy tells how quick it is"),
  networkBytesPerSecond: i64("received and sent"),
  tasks: i64("requests of clients that are being handled, now"),
  finishedTasks: i64("requests of clients that were answered"),
  latencyMicros: i64("mean time from request to answer of those that came whole, without waiting for bytes; 0 if none"),
});
export type LoadReport = MessageOf<typeof LoadReport>;

/** Request of 121. */
export const ExplainRequest = message("ExplainRequest", {
  groupName: text(16, "only this group; empty: all"),
});
export type ExplainRequest = MessageOf<typeof ExplainRequest>;

/** Request of 127: whom would a client be sent to? */
export const ChoiceRequest = message("ChoiceRequest", {
  purpose: u8("0 upload, 1 download, 2 change"),
  groupName: text(16, "group of the file, or for the upload; empty: the tracker chooses"),
  logicalName: variableText("name without the group; empty for an upload", 0, 127),
});
export type ChoiceRequest = MessageOf<typeof ChoiceRequest>;

/** Answer to 121 and 127: JSON in UTF-8. */
export const Explanation = message("Explanation", {
  json: variableBytes("the explanation"),
});
export type Explanation = MessageOf<typeof Explanation>;

/**
 * The end of one life of a member: an administrator removed it (93). A life begins with the first start on empty
 * directories and is known by the time of it, in the clock of the storage itself; `removed` and `returned` are in the
 * clocks of trackers. Of two records about one storage the later time counts, one by one, so that trackers and storages can
 * tell each other in any order and all end with the same.
 */
export const Removal = message("Removal", {
  storageId: text(16, "the member"),
  joinSeconds: i64("the life that is over began at this Unix time, or before"),
  removedSeconds: i64("Unix time of the removal"),
  returnedSeconds: i64("Unix time at which it joined again after that, 0 never"),
});
export type Removal = MessageOf<typeof Removal>;

/** Request of 124: what a storage knows of removals in its group. */
export const RemovalNotice = message("RemovalNotice", {
  groupName: text(16, "group name"),
  removals: listOf(Removal, "news since the last time", 0, REMOVALS_PER_GROUP),
});
export type RemovalNotice = MessageOf<typeof RemovalNotice>;

/** Answer to 124: what the tracker knows now. */
export const RemovalList = message("RemovalList", {
  removals: listOf(Removal, "all of the group that it remembers", 0, REMOVALS_PER_GROUP),
});
export type RemovalList = MessageOf<typeof RemovalList>;

/** Request of 122: a storage introduces itself to another one; replaces 9 between servers of ours. */
export const PeerHello = message("PeerHello", {
  storageId: text(16, "storage id of the sender, not empty"),
  extensionVersion: u8("highest version the sender speaks"),
});
export type PeerHello = MessageOf<typeof PeerHello>;

/** Answer to 122. */
export const PeerHelloAnswer = message("PeerHelloAnswer", {
  extensionVersion: u8("version both speak"),
  powerLossMs: i64(
    "start that found that the machine had lost its power, Unix milliseconds, 0 if none: another one means that what was pushed last may be lost there",
  ),
});
export type PeerHelloAnswer = MessageOf<typeof PeerHelloAnswer>;

/** Storages that answer the hello with this version or a later one take 125. */
export const TOGETHER_VERSION = 2;
/** Most bytes of requests in one of 125, and most requests: a storage handles them in one turn. */
export const TOGETHER_BYTES_MAX = 20 * 1024;
export const TOGETHER_REQUESTS_MAX = 64;

/** Head of 125. */
export const TogetherRequest = message("TogetherRequest", {
  contentBytes: size64("how many bytes of requests follow"),
});
export type TogetherRequest = MessageOf<typeof TogetherRequest>;

/** Answer to 125. */
export const TogetherAnswer = message("TogetherAnswer", {
  statuses: variableBytes("the status byte that each request would have been answered with, in order"),
});
export type TogetherAnswer = MessageOf<typeof TogetherAnswer>;

/** Request of 123: the operation log from a time on, all store paths. */
export const BinlogSinceRequest = message("BinlogSinceRequest", {
  groupName: text(16, "group name"),
  sinceSeconds: i64("records with this Unix time or a later one"),
});
export type BinlogSinceRequest = MessageOf<typeof BinlogSinceRequest>;

/**
 * In the header's status byte of 14, 15 and 22: the sender is a storage that has not got the file and asks for a client of
 * its own. Whoever has not got it either says so, and asks nobody else. C servers do not look at this bit.
 */
export const READ_THROUGH_FLAG = 0x40;
