// Which records a peer is given (cluster-behaviour.md §4.1, §4.4, §4.5).
import type { BinlogRecord } from "../binlog/binlog-record.ts";
import { isOwn } from "./push-task.ts";

/** What this storage owes one peer. */
export interface PeerRole {
  /** We are the source of its old files. */
  readonly needsBackfill: boolean;
  readonly backfillUntilSeconds: number;
}

/**
 * Own records always. What others pushed here only to a peer whose source we are, and only what happened up to the time
 * at which it joined: what came later it gets from where it was done. Unlike with C that holds for as long as the peer
 * lives, and for appends, modifications and truncations too: some arrive here when the backfill has already passed their
 * file, and nobody else would give them to the peer (cluster-behaviour.md §11.1, W4).
 */
export function isPushed(record: BinlogRecord, role: PeerRole): boolean {
  return isOwn(record) || (role.needsBackfill && record.seconds <= role.backfillUntilSeconds);
}
