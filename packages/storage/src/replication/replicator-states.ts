// The life of the replication to one peer, and which status of the peer permits what (wire-protocol.md §9.13).
import type { ReplicatorState, StorageStatus } from "@fastdfs-ts/protocol";
import { REFUSED as XX, stateTable, STAYS as __ } from "@fastdfs-ts/runtime";

/**
 * WAITING the peer takes nothing now · CONNECTING settles where to begin, dials, introduces itself · FEEDING · RESTING before
 * the next try, after trouble · STOPPED for good.
 */
// prettier-ignore
export const replicatorTable = stateTable(["hold", "dial", "connected", "failed", "stopped"], {
  //           hold       dial          connected  failed     stopped
  WAITING:    [__,        "CONNECTING", XX,        "RESTING", "STOPPED"],
  CONNECTING: ["WAITING", __,           "FEEDING", "RESTING", "STOPPED"],
  FEEDING:    ["WAITING", "CONNECTING", XX,        "RESTING", "STOPPED"],
  RESTING:    ["WAITING", "CONNECTING", XX,        "RESTING", "STOPPED"],
  STOPPED:    [XX,        XX,           XX,        XX,        __],
});

export type ReplicatorPhase = (typeof replicatorTable.states)[number];
export type ReplicatorEvent = (typeof replicatorTable.events)[number];

/** What is reported while connected depends on what is left to do. */
export const reportedState: Readonly<Record<Exclude<ReplicatorPhase, "FEEDING">, ReplicatorState>> = {
  WAITING: "waiting",
  CONNECTING: "connecting",
  RESTING: "resting",
  STOPPED: "waiting",
};

/**
 * backfill  only from the source of its old files
 * feed      from everybody
 * wait      not now
 * never     it is gone
 */
export type Permission = "backfill" | "feed" | "wait" | "never";

export const permissions: Readonly<Record<StorageStatus, Permission>> = {
  INIT: "wait",
  WAIT_SYNC: "backfill",
  SYNCING: "backfill",
  IP_CHANGED: "never",
  DELETED: "never",
  OFFLINE: "wait",
  ONLINE: "wait",
  ACTIVE: "feed",
  RECOVERY: "wait",
  NONE: "never",
};
