// What the JSON in the answer to 121 says: why every storage is in the state it is in, and how far each source has fed each
// peer. The one place that knows the shape: trackers print it, clients parse it. Within a version keys are only added, and a
// reader ignores what it does not know; a shape that old readers would misunderstand gets a new version.
import { FdfsError } from "./errors.ts";
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
  let value: unknown;
  try {
    value = JSON.parse(json.toString("utf8"));
  } catch {
    throw badExplanation("it is not JSON");
  }
  const root = asRecord(value, "the explanation");
  const version = numberOf(root, "version");
  if (version !== EXPLANATION_VERSION) throw badExplanation(`version ${version}, this client understands 1`);
  return { version, takenSeconds: numberOf(root, "takenSeconds"), groups: listOf(root, "groups", parseGroup) };
}

function parseGroup(value: unknown): GroupExplanation {
  const group = asRecord(value, "a group");
  return {
    groupName: textOf(group, "groupName"),
    storages: listOf(group, "storages", parseStorage),
    replication: listOf(group, "replication", parseLink),
    removed: listOf(group, "removed", (removed) => {
      const record = asRecord(removed, "a removed storage");
      return { storageId: textOf(record, "storageId"), removedSeconds: numberOf(record, "removedSeconds") };
    }),
  };
}

function parseStorage(value: unknown): StorageExplanation {
  const storage = asRecord(value, "a storage");
  const progress = storage.progress === undefined ? undefined : asRecord(storage.progress, "progress");
  return {
    storageId: textOf(storage, "storageId"),
    address: textOf(storage, "address"),
    port: numberOf(storage, "port"),
    status: oneOf(storage, "status", storageStatuses),
    reason: textOf(storage, "reason"),
    sinceSeconds: numberOf(storage, "sinceSeconds"),
    sourceId: textOf(storage, "sourceId"),
    untilSeconds: numberOf(storage, "untilSeconds"),
    progress: progress && { doneBytes: numberOf(progress, "doneBytes"), totalBytes: numberOf(progress, "totalBytes") },
    estimatedEndSeconds: optionalNumberOf(storage, "estimatedEndSeconds"),
    lastBeatSecondsAgo: optionalNumberOf(storage, "lastBeatSecondsAgo"),
    isReadable: storage.isReadable === true,
    isWritable: storage.isWritable === true,
    reportsReplication: storage.reportsReplication === true,
  };
}

function parseLink(value: unknown): ReplicationLink {
  const link = asRecord(value, "a link");
  return {
    sourceId: textOf(link, "sourceId"),
    peerId: textOf(link, "peerId"),
    state: link.state === undefined ? undefined : oneOf(link, "state", replicatorStates),
    reason: textOf(link, "reason"),
    sinceSeconds: numberOf(link, "sinceSeconds"),
    lagSeconds: optionalNumberOf(link, "lagSeconds"),
    lagBytes: optionalNumberOf(link, "lagBytes"),
    parkedRecords: numberOf(link, "parkedRecords"),
  };
}

type JsonRecord = Readonly<Record<string, unknown>>;

function asRecord(value: unknown, what: string): JsonRecord {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw badExplanation(`${what} is no object`);
  return value as JsonRecord;
}

function textOf(record: JsonRecord, key: string): string {
  const value = record[key];
  if (typeof value !== "string") throw badExplanation(`${key} is no text`);
  return value;
}

function numberOf(record: JsonRecord, key: string): number {
  const value = record[key];
  if (typeof value !== "number" || !Number.isFinite(value)) throw badExplanation(`${key} is no number`);
  return value;
}

function optionalNumberOf(record: JsonRecord, key: string): number | undefined {
  return record[key] === undefined ? undefined : numberOf(record, key);
}

function oneOf<Name extends string>(record: JsonRecord, key: string, names: Readonly<Record<Name, unknown>>): Name {
  const value = textOf(record, key);
  if (!Object.hasOwn(names, value)) throw badExplanation(`${key} is ${JSON.stringify(value)}`);
  return value as Name;
}

function listOf<T>(record: JsonRecord, key: string, parse: (value: unknown) => T): T[] {
  const value = record[key];
  if (!Array.isArray(value)) throw badExplanation(`${key} is no list`);
  return value.map(parse);
}

function badExplanation(reason: string): FdfsError {
  return new FdfsError("BAD_ANSWER", { reason: `explanation of the cluster: ${reason}` });
}
