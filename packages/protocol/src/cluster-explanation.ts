// What the JSON in the answer to 121 says: why every storage is in the state it is in, and how far each source has fed each
// peer. The one place that knows the shape: trackers print it, clients parse it. Within a version keys are only added, and a
// reader ignores what it does not know; a shape that old readers would misunderstand gets a new version.
import {
  jsonFlag,
  jsonList,
  jsonMaybe,
  jsonNumber,
  jsonOneOf,
  jsonRecord,
  jsonText,
  jsonVersion,
  parseJson,
} from "./json-reading.ts";
import type { ReplicatorState } from "./messages/extensions.ts";
import { replicatorStates } from "./messages/extensions.ts";
import { type StorageStatus, storageStatuses } from "./storage-statuses.ts";

export const EXPLANATION_VERSION = 1;

/** How much of a copy is done; both in bytes of the operation log of the source. */
export interface Progress {
  readonly doneBytes: number;
  readonly totalBytes: number;
}

export interface StorageExplanation {
  readonly storageId: string;
  readonly address: string;
  readonly port: number;
  readonly status: StorageStatus;
  /** In words, why it is in this status. */
  readonly reason: string;
  /** Unix time since when; 0 unknown. */
  readonly sinceSeconds: number;
  /** Who copies old files to it, or "". */
  readonly sourceId: string;
  /** Files up to this Unix time come from the source. */
  readonly untilSeconds: number;
  /** Of the copy of old files to it, while one is going on and its source tells. */
  readonly progress: Progress | undefined;
  /** Unix time at which the copy ends at its present speed. */
  readonly estimatedEndSeconds: number | undefined;
  /** Age of its last report; undefined if there was none since the tracker started. */
  readonly lastBeatSecondsAgo: number | undefined;
  readonly isReadable: boolean;
  readonly isWritable: boolean;
  /** It tells how far it has fed its peers (120), as C storages do not. */
  readonly reportsReplication: boolean;
}

/** How far a source has fed a peer. */
export interface ReplicationLink {
  readonly sourceId: string;
  readonly peerId: string;
  /** What the source's replicator is doing; undefined if the source does not tell. */
  readonly state: ReplicatorState | undefined;
  readonly reason: string;
  /** Unix time since when; 0 unknown. */
  readonly sinceSeconds: number;
  /** By how much the peer is behind; undefined if nobody has told. */
  readonly lagSeconds: number | undefined;
  /** Bytes of the source's operation log that the peer has not confirmed; undefined if the source does not tell. */
  readonly lagBytes: number | undefined;
  /** Records that the peer refuses. */
  readonly parkedRecords: number;
}

/** A member that was removed and has not joined again. */
export interface RemovedStorage {
  readonly storageId: string;
  readonly removedSeconds: number;
}

export interface GroupExplanation {
  readonly groupName: string;
  readonly storages: readonly StorageExplanation[];
  readonly replication: readonly ReplicationLink[];
  readonly removed: readonly RemovedStorage[];
}

export interface ClusterExplanation {
  readonly version: number;
  /** Unix time, by the tracker's clock. */
  readonly takenSeconds: number;
  readonly groups: readonly GroupExplanation[];
}

export function printExplanation(explanation: ClusterExplanation): Buffer {
  return Buffer.from(JSON.stringify(explanation), "utf8");
}

/** Throws FdfsError BAD_ANSWER for what is no explanation of a version that this code understands. */
export function parseExplanation(json: Buffer): ClusterExplanation {
  return parseJson(json, "explanation of the cluster", (root) => readExplanation(root, "the explanation"));
}

const readStorage = jsonRecord<StorageExplanation>({
  storageId: jsonText,
  address: jsonText,
  port: jsonNumber,
  status: jsonOneOf(storageStatuses),
  reason: jsonText,
  sinceSeconds: jsonNumber,
  sourceId: jsonText,
  untilSeconds: jsonNumber,
  progress: jsonMaybe(jsonRecord<Progress>({ doneBytes: jsonNumber, totalBytes: jsonNumber })),
  estimatedEndSeconds: jsonMaybe(jsonNumber),
  lastBeatSecondsAgo: jsonMaybe(jsonNumber),
  isReadable: jsonFlag,
  isWritable: jsonFlag,
  reportsReplication: jsonFlag,
});

const readLink = jsonRecord<ReplicationLink>({
  sourceId: jsonText,
  peerId: jsonText,
  state: jsonMaybe(jsonOneOf(replicatorStates)),
  reason: jsonText,
  sinceSeconds: jsonNumber,
  lagSeconds: jsonMaybe(jsonNumber),
  lagBytes: jsonMaybe(jsonNumber),
  parkedRecords: jsonNumber,
});

const readExplanation = jsonRecord<ClusterExplanation>({
  version: jsonVersion(EXPLANATION_VERSION),
  takenSeconds: jsonNumber,
  groups: jsonList(
    jsonRecord<GroupExplanation>({
      groupName: jsonText,
      storages: jsonList(readStorage),
      replication: jsonList(readLink),
      removed: jsonList(jsonRecord<RemovedStorage>({ storageId: jsonText, removedSeconds: jsonNumber })),
    }),
  ),
});
