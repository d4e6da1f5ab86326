// What a tracker knows of who leads, and everything that can change it (cluster-behaviour.md §7.2).
import { REFUSED as XX, stateTable, STAYS as __ } from "@fastdfs-ts/runtime";

/**
 * UNINTRODUCED knows no tracker, not even itself: no storage has joined · LOOKING knows of no leader · FOLLOWING follows
 * another tracker · LEADING leads, as long as its lease holds (lease.ts).
 *
 * The events:
 *
 * introduced   a storage joined and told which trackers there are
 * leaderFound  another tracker leads: it said so itself (64), or it was elected (67)
 * elected      this tracker was elected
 * leaderLost   the leader does not answer any more, or says that it does not lead
 * steppedDown  another one is to lead (66), a storage saw two leaders (68), or another leader ranks higher
 * leaseLost    no majority of the trackers can be told that this one leads
 */
// prettier-ignore
export const leaderStates = stateTable(
  ["introduced", "leaderFound", "elected", "leaderLost", "steppedDown", "leaseLost"],
  {
    //             introduced  leaderFound   elected    leaderLost  steppedDown  leaseLost
    UNINTRODUCED: ["LOOKING",  XX,           XX,        XX,         XX,          XX],
    LOOKING:      [__,         "FOLLOWING",  "LEADING", __,         __,          __],
    FOLLOWING:    [__,         __,           "LEADING", "LOOKING",  XX,          XX],
    LEADING:      [__,         XX,           __,        XX,         "LOOKING",   "LOOKING"],
  },
);

export type LeaderState = (typeof leaderStates.states)[number];
export type LeaderEvent = (typeof leaderStates.events)[number];
