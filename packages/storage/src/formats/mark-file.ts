// `data/sync/<peer>.mark`: how far one peer has been fed from the binlog (storage-formats.md §2.7). Pure.
import { parseKeyValues, parseWhole, printKeyValues } from "./key-values.ts";

export interface SyncMark {
  /** Part of the binlog. */
  readonly binlogIndex: number;
  /** Byte offset in that part of the first record that was not delivered. */
  readonly binlogOffset: number;
  /** Whether we give this peer the old files too: replica records up to `backfillUntilSeconds`. */
  readonly needsBackfill: boolean;
  readonly isBackfillDone: boolean;
  readonly backfillUntilSeconds: number;
  /** Statistics only. */
  readonly scannedRows: number;
  readonly syncedRows: number;
}

const keys = [
  "binlog_index",
  "binlog_offset",
  "need_sync_old",
  "sync_old_done",
  "until_timestamp",
  "scan_row_count",
  "sync_row_count",
] as const;

/** The mark, or what is wrong with the text: all seven keys must be there. */
export function parseSyncMark(text: string): SyncMark | string {
  const values = parseKeyValues(text);
  const numbers = {} as Record<(typeof keys)[number], number>;
  for (const key of keys) {
    const value = values.get(key);
    const number = parseWhole(value);
    if (number === undefined || number < 0) return value === undefined ? `${key} is missing` : `${key} is no number`;
    numbers[key] = number;
  }
  return {
    binlogIndex: numbers.binlog_index,
    binlogOffset: numbers.binlog_offset,
    needsBackfill: numbers.need_sync_old !== 0,
    isBackfillDone: numbers.sync_old_done !== 0,
    backfillUntilSeconds: numbers.until_timestamp,
    scannedRows: numbers.scan_row_count,
    syncedRows: numbers.sync_row_count,
  };
}

/** The text as C writes it. */
export function printSyncMark(mark: SyncMark): string {
  return printKeyValues([
    ["binlog_index", mark.binlogIndex],
    ["binlog_offset", mark.binlogOffset],
    ["need_sync_old", mark.needsBackfill ? 1 : 0],
    ["sync_old_done", mark.isBackfillDone ? 1 : 0],
    ["until_timestamp", mark.backfillUntilSeconds],
    ["scan_row_count", mark.scannedRows],
    ["sync_row_count", mark.syncedRows],
  ]);
}

/** The name of a peer's mark file: its id with storage ids, else address and port. */
export function syncMarkFileName(peer: { mode: "ip" | "id"; storageId: string; port: number }): string {
  return peer.mode === "id" ? `${peer.storageId}.mark` : `${peer.storageId}_${peer.port}.mark`;
}
