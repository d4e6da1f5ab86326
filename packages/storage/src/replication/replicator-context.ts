// What all replicators of a storage share, made by replication.ts.
import type { Deadlines, Logger, Network, StorageConfig, World } from "@fastdfs-ts/runtime";

import type { BinlogPosition } from "../binlog/binlog-position.ts";
import type { BinlogRecord } from "../binlog/binlog-record.ts";
import type { FileStore } from "../files/file-store.ts";
import type { TrackerDialogue } from "./tracker-dialogue.ts";

export type ReplicationConfig = Pick<
  StorageConfig,
  | "connectTimeoutMs"
  | "networkTimeoutMs"
  | "heartBeatIntervalMs"
  | "syncThreadsMax"
  | "syncWaitMs"
  | "syncIntervalMs"
  | "syncStartTime"
  | "syncEndTime"
  | "markWriteFrequency"
>;

export interface ReplicatorContext {
  readonly store: FileStore;
  readonly world: World;
  readonly network: Network;
  readonly deadlines: Deadlines;
  readonly log: Logger;
  readonly config: ReplicationConfig;
  readonly localAddress: string | undefined;
  readonly ownId: string;
  readonly trackers: TrackerDialogue;
  /** How far another peer has confirmed our log. */
  readonly confirmedBy: (storageId: string) => BinlogPosition;
  /** What another peer refuses. */
  readonly refusedBy: (storageId: string) => readonly BinlogRecord[];
  /** Something was reached that trackers should hear of at once. */
  readonly onMilestone: () => void;
  readonly mayMissFiles: () => boolean;
  readonly isRepairOwedTo: (storageId: string) => boolean;
}
