// What keeps this storage from feeding a peer now: the peer's status, another source of its old files, the time of day. Pure.
import type { StorageStatus } from "@fastdfs-ts/protocol";

import type { ReplicationConfig } from "./replicator-context.ts";
import { permissions } from "./replicator-states.ts";
import type { StartPosition } from "./start-position.ts";
import { millisecondsUntilWindow, printWindow } from "./sync-window.ts";

/** The clock may be set, so the beginning of the sync window is never waited for longer at once. */
const WINDOW_WAIT_MS = 60_000;

export interface FeedingObstacle {
  readonly reason: string;
  /** After that time, or if something changes, it is looked again. */
  readonly waitMs: number;
  /** The source of the peer's old files is then asked for anew. */
  readonly asksAgain: boolean;
}

/** `start`: undefined before it is settled. Answers undefined if the peer may be fed. */
export function feedingObstacle(
  status: StorageStatus,
  start: Pick<StartPosition, "needsBackfill"> | undefined,
  nowMs: number,
  config: Pick<ReplicationConfig, "heartBeatIntervalMs" | "syncStartTime" | "syncEndTime">,
): FeedingObstacle | undefined {
  const permission = permissions[status];
  const waitMs = config.heartBeatIntervalMs;
  if (permission === "never" || permission === "wait") {
    return { reason: `the peer is ${status}`, waitMs, asksAgain: false };
  }
  if (permission === "backfill" && start?.needsBackfill === false) {
    // Its source may be lost, and we may be the next one.
    return { reason: "another member gives the peer its old files first", waitMs, asksAgain: true };
  }
  const untilWindowMs = millisecondsUntilWindow(nowMs, config);
  if (untilWindowMs > 0) {
    const reason = `outside of the sync window ${printWindow(config)}`;
    return { reason, waitMs: Math.min(untilWindowMs, WINDOW_WAIT_MS), asksAgain: false };
  }
  return undefined;
}
