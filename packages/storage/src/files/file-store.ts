// Everything the file services share: whose files they are, where they lie, the log of what happened to them.
import { FdfsError } from "@fastdfs-ts/protocol";
import type { Slab } from "@fastdfs-ts/rpc";
import type { Clock, Disk, Logger, Random } from "@fastdfs-ts/runtime";

import type { BinlogWriter } from "../binlog/binlog-writer.ts";
import type { StorageStatistics } from "../stats.ts";
import type { StorePaths } from "../store/store-paths.ts";
import type { FileLocks } from "./file-locks.ts";
import type { NameIssuer } from "./name-issuer.ts";
import type { RecentDeletions } from "./recent-deletions.ts";

export interface FileStore {
  readonly groupName: string;
  /** The group name as answers carry it: 16 bytes, filled with NULs. */
  readonly groupField: Buffer;
  /** The source word of every name made here: its first 4 bytes. */
  readonly source: number;
  readonly paths: StorePaths;
  readonly binlog: BinlogWriter;
  readonly names: NameIssuer;
  readonly statistics: StorageStatistics;
  readonly locks: FileLocks;
  readonly deletions: RecentDeletions;
  readonly slab: Slab;
  /** For what lies under `base_path`; each store path has a disk of its own. */
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Address of the storage with a numeric id, for file info; empty if unknown. */
  addressOfStorageId(storageId: string): string;
  /** 16 or 46: the width of addresses in answers, set by the tracker. */
  addressBytes(): number;
}

/** Refuses a request that names another group. */
export function requireOwnGroup(store: FileStore, groupName: string): void {
  if (groupName !== store.groupName) {
    throw new FdfsError("BAD_REQUEST", {
      reason: `this server belongs to group ${store.groupName}, not to "${groupName}"`,
    });
  }
}

/** Unix time of a change that is being made. */
export function changeSeconds(store: FileStore): number {
  return Math.floor(store.clock.now() / 1000);
}

/** A change for a client is made. */
export function noteChange(store: FileStore, seconds: number): void {
  store.statistics.lastSourceUpdateSeconds = seconds;
}
