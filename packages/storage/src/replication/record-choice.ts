// Which records a peer is given (cluster-behaviour.md §4.1, §4.4, §4.5).
import type { StorageStatus } from "@fastdfs-ts/protocol";

import type { BinlogRecord } from "../binlog/binlog-record.ts";
import { isOwn } from "./push-task.ts";
import { permissions } from "./replicator-states.ts";

/** What this storage owes one peer. */
export interface PeerRole {
  /** We are the source of its old files. */
  readonly needsBackfill: boolean;
  readonly backfillUntilSeconds: number;
}

/**
 * Own records always. What others pushed here only to a peer whose source we are: everything while it is being filled, because
 * the others wait until it is ACTIVE, and one of them may be lost before; then only what happened up to the time at which it
 * joined, as what came later it gets from where it was done. Unlike with C that holds for as long as the peer lives, and for
 * appends, modifications and truncations too: some arrive here when the backfill has already passed their file, and nobody
 * else would give them to the peer (cluster-behaviour.md §11.1, W4).
 */
export function isPushed(record: BinlogRecord, role: PeerRole, status: StorageStatus): boolean {
  if (isOwn(record)) return true;
  return role.needsBackfill && (permissions[status] === "backfill" || record.seconds <= role.backfillUntilSeconds);
}
