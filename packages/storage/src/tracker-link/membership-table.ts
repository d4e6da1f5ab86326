// What a member list from the leader does to what this storage knows of its peers (cluster-behaviour.md §3.4): every
// status the tracker may say × every status known here.
import type { StorageStatus } from "@fastdfs-ts/protocol";

/**
 * add     unknown so far: remember it, start feeding it
 * ignore  unknown, and no reason to know it
 * keep    nothing changes
 * take    the tracker's status is taken over
 * start   taken over, and feeding starts (again)
 * differ  ours is kept, and the tracker is told with 85
 */
export type MergeAction = "add" | "ignore" | "keep" | "take" | "start" | "differ";

export type KnownStatus = StorageStatus | "unknown";

// prettier-ignore
const columns: readonly KnownStatus[] = [
  "unknown", "INIT", "WAIT_SYNC", "SYNCING", "IP_CHANGED", "DELETED", "OFFLINE", "ONLINE", "ACTIVE", "RECOVERY", "NONE",
];

const ADD = "add";
const IGN = "ignore";
const ___ = "keep";
const TAKE = "take";
const STRT = "start";
const DIFF = "differ";

// A member that comes back after it was deleted or moved is fed again at once. C keeps its tombstone for a while, and the
// member may hang in WAIT_SYNC (cluster-behaviour.md §3.6, weakness W14): there the columns IP_CH and DELETED differ from C.
//
// C also keeps what it knows when a leader says that a member is further behind. But then that member has lost its files
// since, and nobody would copy them to it again; or a new leader missed that it was filled, and the member, which believes
// the leader, would wait for ever. Taken over, the first is filled anew and of the second its source says so once more.
// prettier-ignore
const rows: Readonly<Record<StorageStatus, readonly MergeAction[]>> = {
  // known:   unknown INIT  WAIT  SYNC  IP_CH DELET OFFL  ONLI  ACTI  RECO  NONE
  INIT:       [ADD,   ___,  TAKE, TAKE, STRT, STRT, TAKE, TAKE, TAKE, TAKE, STRT],
  WAIT_SYNC:  [ADD,   TAKE, ___,  TAKE, STRT, STRT, TAKE, TAKE, TAKE, TAKE, STRT],
  SYNCING:    [ADD,   TAKE, TAKE, ___,  STRT, STRT, TAKE, TAKE, TAKE, TAKE, STRT],
  IP_CHANGED: [IGN,   TAKE, TAKE, TAKE, ___,  TAKE, TAKE, TAKE, TAKE, TAKE, ___],
  DELETED:    [IGN,   TAKE, TAKE, TAKE, TAKE, ___,  TAKE, TAKE, TAKE, TAKE, ___],
  OFFLINE:    [ADD,   ___,  DIFF, DIFF, DIFF, DIFF, ___,  TAKE, TAKE, DIFF, ___],
  ONLINE:     [ADD,   TAKE, TAKE, TAKE, STRT, STRT, TAKE, ___,  TAKE, TAKE, STRT],
  ACTIVE:     [ADD,   TAKE, TAKE, TAKE, STRT, STRT, TAKE, TAKE, ___,  TAKE, STRT],
  RECOVERY:   [ADD,   TAKE, TAKE, TAKE, STRT, STRT, TAKE, TAKE, TAKE, ___,  STRT],
  // A placeholder inside storages; a tracker that sends it means nothing by it.
  NONE:       [IGN,   ___,  ___,  ___,  ___,  ___,  ___,  ___,  ___,  ___,  ___],
};

/** What to do when a tracker says `told` of a member that is `known` here. */
export function mergeAction(told: StorageStatus, known: KnownStatus): MergeAction {
  return rows[told][columns.indexOf(known)]!;
}
