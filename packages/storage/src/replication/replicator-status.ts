// What a replicator tells of itself, for status displays and for trackers.
import type { ReplicatorState } from "@fastdfs-ts/protocol";
import type { World } from "@fastdfs-ts/runtime";

import { type BinlogPosition, logStart } from "../binlog/binlog-position.ts";
import type { BinlogWriter } from "../binlog/binlog-writer.ts";
import { logBytesBetween } from "./log-bytes.ts";
import type { PeerProgress } from "./peer-progress.ts";
import { reportedState, type ReplicatorPhase } from "./replicator-states.ts";

export interface PeerReplicationStatus {
  readonly storageId: string;
  readonly state: ReplicatorState;
  readonly sinceMs: number;
  /** In words: what is going on, and what it waits for. */
  readonly reason: string;
  readonly confirmed: BinlogPosition | undefined;
  readonly confirmedSeconds: number;
  readonly pendingBytes: number;
  /** What a new member is given, 0 if none is. */
  readonly backfillBytes: number;
  readonly backfillDoneBytes: number;
  readonly parkedRecords: number;
  readonly parkedReason: string | undefined;
}

/** What a replicator is at, and since when (Unix milliseconds). */
export interface ReplicatorMoment {
  readonly storageId: string;
  readonly phase: ReplicatorPhase;
  readonly sinceMs: number;
  readonly reason: string;
}

type Progress = Pick<PeerProgress, "queue" | "isBackfilling">;

export function replicationStatus(
  { storageId, phase, sinceMs, reason }: ReplicatorMoment,
  progress: Progress,
  binlog: BinlogWriter,
  { clock, disk }: World,
): PeerReplicationStatus {
  const { queue, isBackfilling } = progress;
  const end = binlog.position;
  const between = (from: BinlogPosition, to: BinlogPosition) => logBytesBetween(disk, binlog.folder, from, to);
  const confirmed = queue?.confirmed;
  return {
    storageId,
    state: phase === "FEEDING" ? feedingState(progress) : reportedState[phase],
    sinceMs,
    reason,
    confirmed,
    confirmedSeconds: queue?.confirmedSeconds(clock.now()) ?? 0,
    pendingBytes: between(confirmed ?? logStart, end),
    backfillBytes: isBackfilling ? between(logStart, end) : 0,
    backfillDoneBytes: isBackfilling && confirmed !== undefined ? between(logStart, confirmed) : 0,
    parkedRecords: queue?.parked.count ?? 0,
    parkedReason: queue?.parked.first?.reason,
  };
}

function feedingState({ queue, isBackfilling }: Progress): ReplicatorState {
  if (isBackfilling) return "backfilling";
  return queue?.isDrained === true ? "caughtUp" : "replicating";
}
