// What state a storage is in at this tracker, and every event that can change it: the only place that knows. Each tracker
// has its own opinion; nothing is agreed between trackers (cluster-behaviour.md §2.2).
import { isAvailable, type StorageStatus, storageStatusOf } from "@fastdfs-ts/protocol";
import { REFUSED as XX, STAYS as __, stateTable } from "@fastdfs-ts/runtime";

/** The states a tracker keeps; NONE exists only inside storages. */
export type MemberStatus = Exclude<StorageStatus, "NONE">;

/** The state with this wire number, or `undefined` (8, 99, nonsense). */
export function memberStatusOf(number: number): MemberStatus | undefined {
  const status = storageStatusOf(number);
  return status === "NONE" ? undefined : status;
}

/**
 * The life of a storage at this tracker (cluster-behaviour.md §2.3, wire-protocol.md §6.12). The events:
 *
 * joined         81
 * joinedAnew     81 of another life than the one in the record: it came with empty directories and needs all files. C lets
 *                it turn ACTIVE at every tracker that it does not ask for a source
 * beat           83 or 84 on a joined connection. A DELETED member stays deleted; C makes it ACTIVE (§11.1 W27)
 * disconnected   its last joined connection closed
 * silent         no beat for check_active_interval
 * sourceAssigned 87, and a member was found that gives it the old files
 * aloneInGroup   87, and nobody in the group has files
 * sourceTold     88 with the source another tracker assigned
 * noSourceTold   88 with an empty source
 * unresponsive   probes of this tracker are not answered (§11.1 W12)
 * removed        93
 * removedElsewhere  93 at another tracker, told by a storage (124); also while it serves
 * moved          78: this is the record that stays behind under the old address
 * trackerRestart read from the state file
 */
// prettier-ignore
export const storageStatusTable = stateTable(
  [
    "joined",
    "joinedAnew",
    "beat",
    "disconnected",
    "silent",
    "unresponsive",
    "sourceAssigned",
    "aloneInGroup",
    "sourceTold",
    "noSourceTold",
    "removed",
    "removedElsewhere",
    "moved",
    "trackerRestart",
  ],
  {
    //           joined    anew    beat      disconn.   silent     unresp.    assigned     alone     told         noSource  removed    elsewhere  moved         restart
    INIT:       [__,       __,     __,       __,        __,        __,        "WAIT_SYNC", "ONLINE", "WAIT_SYNC", "ONLINE", "DELETED", "DELETED", "IP_CHANGED", __],
    WAIT_SYNC:  [__,       "INIT", __,       __,        __,        __,        __,          "ONLINE", __,          "ONLINE", "DELETED", "DELETED", "IP_CHANGED", __],
    SYNCING:    [__,       "INIT", __,       __,        __,        __,        "WAIT_SYNC", "ONLINE", __,          "ONLINE", "DELETED", "DELETED", "IP_CHANGED", __],
    IP_CHANGED: ["INIT",   "INIT", __,       __,        __,        __,        XX,          XX,       XX,          XX,       XX,        XX,        XX,           "OFFLINE"],
    DELETED:    ["INIT",   "INIT", __,       __,        __,        __,        XX,          XX,       XX,          XX,       XX,        XX,        XX,           "OFFLINE"],
    OFFLINE:    ["ONLINE", "INIT", "ACTIVE", __,        __,        __,        "WAIT_SYNC", "ONLINE", __,          __,       "DELETED", "DELETED", "IP_CHANGED", __],
    ONLINE:     [__,       "INIT", "ACTIVE", "OFFLINE", __,        __,        "WAIT_SYNC", __,       __,          __,       XX,        "DELETED", XX,           "OFFLINE"],
    ACTIVE:     [__,       "INIT", __,       "OFFLINE", "OFFLINE", "OFFLINE", "WAIT_SYNC", __,       __,          __,       XX,        "DELETED", XX,           "OFFLINE"],
    RECOVERY:   ["ONLINE", "INIT", "ACTIVE", __,        __,        __,        "WAIT_SYNC", "ONLINE", __,          __,       XX,        "DELETED", XX,           "OFFLINE"],
  },
);

export type StorageEvent = (typeof storageStatusTable.events)[number];

/**
 * What another storage says about a member (76, and 85 at a tracker that is not leader): status merges only move upward,
 * and what this tracker sees itself (INIT, ONLINE, ACTIVE, RECOVERY) is never overruled (wire-protocol.md §6.9).
 *
 * Two choices of our own. ONLINE and ACTIVE are what beats on a connection of our own mean, so a report of them is kept
 * as OFFLINE, as command 59 does; the next beat does the rest. And only a join brings a DELETED or IP_CHANGED member
 * back: C lets the late "copied everything" of its source make it OFFLINE again.
 */
// prettier-ignore
export const reportedStatusTable = stateTable(
  ["INIT", "WAIT_SYNC", "SYNCING", "IP_CHANGED", "DELETED", "OFFLINE", "ONLINE", "ACTIVE", "RECOVERY"],
  {
    //           INIT  WAIT  SYNCING    IP_CHANGED    DELETED    OFFLINE    ONLINE     ACTIVE     RECOVERY
    INIT:       [__,   __,   __,        __,           __,        __,        __,        __,        __],
    WAIT_SYNC:  [__,   __,   "SYNCING", "IP_CHANGED", "DELETED", "OFFLINE", "OFFLINE", "OFFLINE", "RECOVERY"],
    SYNCING:    [__,   __,   __,        "IP_CHANGED", "DELETED", "OFFLINE", "OFFLINE", "OFFLINE", "RECOVERY"],
    IP_CHANGED: [__,   __,   __,        __,           __,        __,        __,        __,        __],
    DELETED:    [__,   __,   __,        __,           __,        __,        __,        __,        __],
    OFFLINE:    [__,   __,   __,        "IP_CHANGED", "DELETED", __,        __,        __,        "RECOVERY"],
    ONLINE:     [__,   __,   __,        __,           __,        __,        __,        __,        __],
    ACTIVE:     [__,   __,   __,        __,           __,        __,        __,        __,        __],
    RECOVERY:   [__,   __,   __,        __,           __,        __,        __,        __,        __],
  },
);

/**
 * The state after a storage told us the leader's opinion of it (59): as told, except that ONLINE and ACTIVE are earned
 * by beats, so they are stored as OFFLINE; nothing changes if both opinions mean "available" (wire-protocol.md §6.9).
 * A deleted member stays deleted until it joins.
 */
export function correctedStatus(current: MemberStatus, told: MemberStatus): MemberStatus {
  if (current === told || (isAvailable(current) && isAvailable(told))) return current;
  if (isTombstone(current)) return current;
  return isAvailable(told) ? "OFFLINE" : told;
}

/** DELETED or IP_CHANGED: listed until the tracker restarts; not among the members in the state files. */
export function isTombstone(status: MemberStatus): boolean {
  return status === "DELETED" || status === "IP_CHANGED";
}

/** Whether a member in this state is known to hold the group's files: OFFLINE, ONLINE or ACTIVE. */
export function hasFiles(status: MemberStatus): boolean {
  return status === "OFFLINE" || isAvailable(status);
}
