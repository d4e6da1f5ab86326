// Where the log of this server begins for one peer, and whether the peer gets the old files from here (cluster-behaviour.md
// §4.4, §4.5).
import { type StorageStatus, storageStatusValue } from "@fastdfs-ts/protocol";
import type { Clock, Disk } from "@fastdfs-ts/runtime";

import { type BinlogPosition, comparePositions, logStart } from "../binlog/binlog-position.ts";
import { BinlogReader } from "../binlog/binlog-reader.ts";
import type { SyncMark } from "../formats/mark-file.ts";
import { isOwn } from "./push-task.ts";
import type { PeerRole } from "./record-choice.ts";

/** What the trackers say of a peer's old files: who gives them, and up to when. */
export interface BackfillSource {
  readonly sourceStorageId: string;
  readonly untilSeconds: number;
}

export interface StartPosition extends PeerRole {
  readonly position: BinlogPosition;
  readonly isBackfillDone: boolean;
}

/** Whether the trackers have to be asked: there is no mark, or the peer is so new that it means nothing. */
export function mustAskForSource(mark: SyncMark | undefined, status: StorageStatus): boolean {
  return mark === undefined || storageStatusValue(status) <= storageStatusValue("SYNCING");
}

/**
 * The start where the mark decides it, else undefined. `source`: the trackers' answer, undefined if they name nobody or were
 * not asked. While the peer gets its old files, a mark counts if it was made for the same join and the same task; C ignores
 * it while the peer is WAIT_SYNC, and does everything again.
 */
export function startFromMark(
  mark: SyncMark | undefined,
  status: StorageStatus,
  source: BackfillSource | undefined,
  ownId: string,
): StartPosition | undefined {
  if (mark === undefined) return undefined;
  if (storageStatusValue(status) <= storageStatusValue("SYNCING")) {
    if (source === undefined && status !== "SYNCING") return undefined;
    const isSameTask = source === undefined || (source.sourceStorageId === ownId) === mark.needsBackfill;
    const isSameJoin = source === undefined || source.untilSeconds === mark.backfillUntilSeconds;
    if (!isSameTask || !isSameJoin) return undefined;
  }
  return {
    position: { part: mark.binlogIndex, offset: mark.binlogOffset },
    needsBackfill: mark.needsBackfill,
    isBackfillDone: mark.isBackfillDone,
    backfillUntilSeconds: mark.backfillUntilSeconds,
  };
}

export interface FreshStartOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  /** Of the log. */
  readonly folder: string;
  readonly end: BinlogPosition;
  readonly ownId: string;
  readonly source: BackfillSource | undefined;
  /** How far another peer, the source of this one, has confirmed our log. */
  readonly confirmedBy: (storageId: string) => BinlogPosition;
}

/**
 * The start for a peer of which the trackers say who gives it old files:
 * - we do: everything from the beginning
 * - nobody does: our own records, from the beginning
 * - another member does: our own records from when the peer joined. What that member had not got from us by then it cannot
 *   give, so we begin where it stood, if that is earlier: C leaves those files out for ever (§11.1, W4).
 */
export async function freshStart(options: FreshStartOptions): Promise<StartPosition> {
  const { source, ownId, confirmedBy } = options;
  if (source === undefined) return ownRecords(logStart, 0);
  const { sourceStorageId, untilSeconds } = source;
  if (sourceStorageId === ownId) {
    return { position: logStart, needsBackfill: true, isBackfillDone: false, backfillUntilSeconds: untilSeconds };
  }
  const confirmed = confirmedBy(sourceStorageId);
  const joined = await firstOwnRecord(options, untilSeconds, confirmed);
  return ownRecords(joined, untilSeconds);
}

function ownRecords(position: BinlogPosition, backfillUntilSeconds: number): StartPosition {
  return { position, needsBackfill: false, isBackfillDone: false, backfillUntilSeconds };
}

/** Log entries looked at before others have their turn, about 2 ms. */
const ENTRIES_PER_TURN = 2000;

/** Where the first own record of this Unix time or a later one stands, at most `limit`. */
async function firstOwnRecord(
  { disk, clock, folder, end }: FreshStartOptions,
  fromSeconds: number,
  limit: BinlogPosition,
): Promise<BinlogPosition> {
  const last = comparePositions(limit, end) < 0 ? limit : end;
  const reader = BinlogReader.open(disk, folder, logStart);
  try {
    for (let looked = 1; ; looked++) {
      const entry = reader.next();
      if (entry === undefined || comparePositions(entry.at, last) >= 0) return last;
      if (entry.kind === "record" && isOwn(entry.record) && entry.record.seconds >= fromSeconds) return entry.at;
      if (looked % ENTRIES_PER_TURN === 0) await new Promise<void>((resolve) => clock.after(0, resolve));
    }
  } finally {
    reader.close();
  }
}
