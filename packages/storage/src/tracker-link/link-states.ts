// The life of the connection to one tracker, and what its states and the status there mean to an operator.
import type { StorageStatus } from "@fastdfs-ts/protocol";
import { REFUSED as XX, stateTable, STAYS as __ } from "@fastdfs-ts/runtime";

/**
 * RESTING waits before the next try · CONNECTING dials · JOINING has sent 81 · NEGOTIATING settles who gives old files (87,
 * 88) · REPORTING sends beats · STOPPED for good.
 */
// prettier-ignore
export const linkStates = stateTable(["dial", "connected", "joined", "negotiated", "failed", "stopped"], {
  //            dial          connected  joined         negotiated   failed     stopped
  RESTING:     ["CONNECTING", XX,        XX,            XX,          XX,        "STOPPED"],
  CONNECTING:  [XX,           "JOINING", XX,            XX,          "RESTING", "STOPPED"],
  JOINING:     [XX,           XX,        "NEGOTIATING", XX,          "RESTING", "STOPPED"],
  NEGOTIATING: [XX,           XX,        XX,            "REPORTING", "RESTING", "STOPPED"],
  REPORTING:   [XX,           XX,        XX,            XX,          "RESTING", "STOPPED"],
  STOPPED:     [XX,           XX,        XX,            XX,          __,        __],
});

export type LinkState = (typeof linkStates.states)[number];
export type LinkEvent = (typeof linkStates.events)[number];

/** What the status of this storage at a tracker means. `source` is who gives it old files, or "". */
export function statusMeaning(status: StorageStatus, source: string): string {
  const from = source === "" ? "a source that is not known here" : source;
  switch (status) {
    case "INIT":
      return "joined; who copies old files to this server is not settled yet";
    case "WAIT_SYNC":
      return `waits until ${from} begins to copy old files to this server`;
    case "SYNCING":
      return `${from} is copying old files to this server`;
    case "IP_CHANGED":
      return "the tracker knows this server under another address";
    case "DELETED":
      return "an administrator removed this server";
    case "OFFLINE":
    case "ONLINE":
      return "complete; the next report puts it in service";
    case "ACTIVE":
      return "in service";
    case "RECOVERY":
      return "rebuilding a disk";
    case "NONE":
      return "unknown to the tracker";
  }
}
