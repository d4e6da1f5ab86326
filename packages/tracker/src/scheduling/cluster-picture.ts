// What the scheduler sees of a cluster. The records of ../cluster satisfy these interfaces; tests write literals.

import type { Candidates } from "./weighted-draw.ts";

/** Time and chance, for choices by load. */
export interface Moment {
  /** Milliseconds of a clock that does not jump. */
  monotonicMs(): number;
  /** The better one of two draws; -1 if nobody may be taken. */
  draw(candidates: Candidates): number;
}

/** A store path as last reported by its storage (command 84), in whole MiB. */
export interface PathPicture {
  readonly totalMib: number;
  readonly freeMib: number;
}

/** How busy a storage is, as far as is known at some moment: monotonic time in milliseconds. */
export interface LoadPicture {
  /** Tasks that are assigned and not finished; fractions come from estimating. */
  tasks(nowMs: number): number;
  /** How much of a task it gets done while one that is idle and typical gets one done; above 0. */
  capacity(nowMs: number, typical: TypicalMember): number;
}

/** What is usual among the members that a choice is between, of those that report it. */
export interface TypicalMember {
  /** Time that a task takes, microseconds. */
  readonly latencyMicros: number;
  /** What the disk moves while it is busy, bytes per second. */
  readonly diskSpeed: number;
}

export interface MemberPicture {
  readonly id: string;
  readonly uploadPriority: number;
  /** Empty until the first disk report. */
  readonly paths: readonly PathPicture[];
  /** The path the next upload goes to, unless it is full. */
  readonly writePathCursor: number;
  /** Its row and column in the group's `sync`. */
  readonly slot: number;
  /** It tells how far it has fed its peers (120), so `sync` holds all that is known of its files. C storages do not. */
  readonly reportsReplication: boolean;
  /** C's one number: up to which second (of the sources' clocks) this member has what others pushed to it. */
  readonly lastSyncedTimestamp: number;
  readonly isReadable: boolean;
  readonly isWritable: boolean;
  readonly load: LoadPicture;
}

/** Entry [source][destination]: the destination has all changes of the source before this second; 0 unknown. */
interface SyncPicture {
  get(sourceSlot: number, destinationSlot: number): number;
}

export interface GroupPicture<Member extends MemberPicture = MemberPicture> {
  readonly name: string;
  /** Space of the writable member with the least of it. */
  readonly totalMib: number;
  readonly freeMib: number;
  readonly trunkFreeMib: number;
  /** What uploads that were handed out since the last disk reports will probably take; fractions. */
  readonly promisedMib: number;
  readonly storePathCount: number;
  /** ACTIVE members whose rw mode allows reading, and writing; both in string order of their ids. */
  readonly readable: readonly Member[];
  readonly writable: readonly Member[];
  readonly readCursor: number;
  readonly writeCursor: number;
  readonly sync: SyncPicture;
  readonly typical: TypicalMember;
  /** Tasks of all writable members. */
  tasks(nowMs: number): number;
  /** The member that takes uploads when no rotation is wanted. */
  readonly storeServer: Member | undefined;
}

export interface SchedulingPolicy {
  /** store_lookup 0, 1, 2, 3 */
  readonly groupChoice: "round-robin" | "fixed-group" | "most-free" | "least-loaded";
  /** store_group, for "fixed-group". */
  readonly fixedGroup: string | undefined;
  /** store_server 0, 1, 2, 3. Trunk mode turns round robin into first-by-address (TrackerConfig has done so). */
  readonly uploadStorageChoice: "round-robin" | "first-by-address" | "lowest-priority" | "least-loaded";
  /** download_server 0, 1, 3 */
  readonly downloadStorageChoice: "round-robin" | "source-first" | "least-loaded";
  /** store_path 0, 2 */
  readonly storePathChoice: "round-robin" | "most-free";
  readonly reserve: SpaceReserve;
  readonly usesTrunkFiles: boolean;
  /** disk_usage_weight: how much of a group's load its disks are, 0 … 1; the rest are its tasks. */
  readonly diskWeight: number;
  /** max_tasks_per_storage: so many tasks are a full load of one storage. */
  readonly tasksMax: number;
  /** storage_sync_file_max_delay: after this many seconds a file counts as replicated everywhere. */
  readonly syncMaxDelaySeconds: number;
  /** storage_sync_file_max_time: the longest time that replicating one file takes. */
  readonly syncMaxTimeSeconds: number;
}

/** reserved_storage_space: no uploads go to what has less than this left. */
export type SpaceReserve =
  { readonly kind: "mib"; readonly mib: number } | { readonly kind: "ratio"; readonly ratio: number };
