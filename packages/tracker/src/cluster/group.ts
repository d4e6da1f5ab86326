// One group: its members, and what is derived from them (who may be read from and written to, how much space there is).
// Changed only by the functions of this folder.
import { FdfsError, MAX_STORAGES_PER_GROUP, rwModes, sourceOfIp, sourceOfStorageId } from "@fastdfs-ts/protocol";
import { invariant } from "@fastdfs-ts/runtime";

import type { GroupPicture, SchedulingPolicy, TypicalMember } from "../scheduling/cluster-picture.ts";
import { DecayingMean } from "../scheduling/decaying-mean.ts";
import { pickStoreServer } from "../scheduling/pick-upload-storage.ts";
import { fullestMember } from "../scheduling/space-reserve.ts";
import type { AddressMove } from "./changelog.ts";
import type { StorageNode } from "./storage-node.ts";
import { isTombstone } from "./storage-status.ts";
import { SyncMatrix } from "./sync-matrix.ts";

const BYTES_PER_MIB = 1024 * 1024;
/** While nobody in a group has measured it. Then all are alike, so what disks move does not matter. */
const TYPICAL_UNKNOWN: TypicalMember = { latencyMicros: 1000, diskSpeed: 1e8 };
/** Tasks of a group are counted anew so often; those handed out meanwhile are added. Hundreds of groups then cost nothing. */
const COUNT_EVERY_MS = 5;
const WRITE_BIT = rwModes.writeOnly;
const READ_BIT = rwModes.readOnly;

export class Group implements GroupPicture<StorageNode> {
  readonly name: string;
  /** 0 until the first join; -1 when members use different ports (id mode). */
  port = 0;
  /** 0 until the first join. */
  storePathCount = 0;
  subdirCount = 0;

  /** In join order, which is the order of the state files. */
  readonly members: StorageNode[] = [];
  /** In string order of their ids, which is the order of every list on the wire. */
  sorted: readonly StorageNode[] = [];
  readable: readonly StorageNode[] = [];
  writable: readonly StorageNode[] = [];
  storeServer: StorageNode | undefined;
  readCursor = 0;
  writeCursor = 0;

  totalMib = 0;
  freeMib = 0;
  trunkFreeMib = 0;
  promisedMib = 0;
  currentTrunkFileId = 0;
  trunkServer: StorageNode | undefined;
  lastTrunkServerId = "";

  readonly sync = new SyncMatrix();
  typical = TYPICAL_UNKNOWN;
  private countedTasks = 0;
  private countedMs = -Infinity;
  /** Advances with every change that the members have to hear of. */
  membershipVersion = 0;
  trunkServerVersion = 0;

  private bySource = new Map<number, StorageNode>();
  private byId = new Map<string, StorageNode>();
  private readonly moves: () => readonly AddressMove[];

  /** `moves`: where members went, as the changelog tells now. */
  constructor(name: string, moves: () => readonly AddressMove[]) {
    this.name = name;
    this.moves = moves;
  }

  find(id: string): StorageNode | undefined {
    return this.byId.get(id);
  }

  /** The member whose files carry this source word in their names, of now or of an address that it had. */
  findSource(word: number): StorageNode | undefined {
    return this.bySource.get(word);
  }

  /** Row and column of `sync` for a new member. */
  freeSlot(): number {
    let slot = 0;
    while (this.members.some((member) => member.slot === slot)) slot++;
    invariant(slot < MAX_STORAGES_PER_GROUP, "a member is added only where there is room");
    return slot;
  }

  /** To be called after members came, went, or changed their id or addresses. */
  reindex(): void {
    this.sorted = [...this.members].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
    this.byId = new Map(this.members.map((member) => [member.id, member]));
    this.bySource = new Map();
    for (const member of this.members) {
      if (!isTombstone(member.status)) for (const word of sourceWords(member)) this.bySource.set(word, member);
    }
    for (const [left, address] of whereMovesEnd(this.moves())) {
      const member = this.members.find(({ status, addresses }) => !isTombstone(status) && addresses[0] === address);
      const word = wordOrNot(() => sourceOfIp(left));
      // Whoever has the address now may have files of its own.
      if (member !== undefined && word !== undefined && !this.bySource.has(word)) this.bySource.set(word, member);
    }
  }

  /** To be called after a status, an rw mode or a priority changed. */
  refresh(policy: SchedulingPolicy): void {
    for (const member of this.members) {
      member.isReadable = member.status === "ACTIVE" && (member.rwMode & READ_BIT) !== 0;
      member.isWritable = member.status === "ACTIVE" && (member.rwMode & WRITE_BIT) !== 0;
    }
    this.readable = this.sorted.filter((member) => member.isReadable);
    this.writable = this.sorted.filter((member) => member.isWritable);
    this.storeServer = pickStoreServer(this.writable, policy);
    if (this.writeCursor >= this.writable.length) this.writeCursor = 0;
    if (this.readCursor >= this.readable.length) this.readCursor = 0;
    this.refreshSpace();
  }

  /** To be called after a member reported its load. */
  refreshLoad(nowMs: number): void {
    const typicalOf = (key: keyof TypicalMember) =>
      DecayingMean.typical(
        this.members.map(({ load }) => load.measured[key]),
        nowMs,
      ) ?? this.typical[key];
    this.typical = { latencyMicros: typicalOf("latencyMicros"), diskSpeed: typicalOf("diskSpeed") };
    this.countedMs = -Infinity;
  }

  /** A client is sent to a member, with a new file or for something else. */
  handedOut(member: StorageNode, isUpload: boolean, nowMs: number): void {
    member.load.handedOut(nowMs);
    this.countedTasks++;
    if (!isUpload) return;
    const { successUploadBytes, successUploadCount } = member.statistics;
    if (successUploadCount > 0) this.promisedMib += successUploadBytes / successUploadCount / BYTES_PER_MIB;
  }

  tasks(nowMs: number): number {
    this.countedTasks = this.peekTasks(nowMs);
    if (nowMs - this.countedMs >= COUNT_EVERY_MS) this.countedMs = nowMs;
    return this.countedTasks;
  }

  /** As `tasks` would say, without leaving a trace. */
  peekTasks(nowMs: number): number {
    if (nowMs - this.countedMs < COUNT_EVERY_MS) return this.countedTasks;
    return this.writable.reduce((sum, { load }) => sum + load.tasks(nowMs), 0);
  }

  /**
   * Space of the group: that of the writable member with least free space. While nobody is writable the last numbers
   * stay. (C keeps the minimum of a member that has left until somebody's free space grows, cluster-behaviour.md §11.1 W24.)
   */
  refreshSpace(): void {
    const least = fullestMember(this.writable);
    if (least === undefined) return;
    // Reports of the others say nothing of the one with the least.
    if (least.freeMib !== this.freeMib || least.totalMib !== this.totalMib) this.promisedMib = 0;
    this.totalMib = least.totalMib;
    this.freeMib = least.freeMib;
  }
}

/** By each address that was left: where the first storage that left it is now. */
function whereMovesEnd(moves: readonly AddressMove[]): Map<string, string> {
  const ends = new Map<string, string>();
  // From the last one, so that what is known of `to` came after it.
  for (const { from, to } of [...moves].reverse()) ends.set(from, ends.get(to) ?? to);
  return ends;
}

/**
 * The source words that names of this storage can carry: its numeric id, or its first address. Both are looked for, since
 * id_type_in_filename may have been changed. An IPv6 address has no word.
 */
function sourceWords(member: StorageNode): number[] {
  return [() => sourceOfIp(member.addresses[0]!), () => sourceOfStorageId(member.id)].flatMap(
    (word) => wordOrNot(word) ?? [],
  );
}

function wordOrNot(word: () => number): number | undefined {
  try {
    return word();
  } catch (error) {
    if (error instanceof FdfsError) return undefined;
    throw error;
  }
}
