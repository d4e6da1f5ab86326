// The tracker's record of one storage. Only the functions of this folder change it; everybody else reads.
import { type PeerReplication, rwModes, type StatisticsBlock } from "@fastdfs-ts/protocol";

import type { MemberPicture, PathPicture } from "../scheduling/cluster-picture.ts";
import { ServerLoad } from "../scheduling/server-load.ts";
import type { Group } from "./group.ts";
import { noStatistics } from "./no-statistics.ts";
import type { MemberStatus } from "./storage-status.ts";

/** What a source told of one of its peers (120). */
export interface PeerFeed {
  readonly report: PeerReplication;
  /** Unix time at which it was told. */
  readonly takenSeconds: number;
  /** Where the copy of old files stood when it was first heard of, for its speed; undefined while none is going on. */
  readonly backfillBegin: { readonly monotonicSeconds: number; readonly doneBytes: number } | undefined;
}

export class StorageNode implements MemberPicture {
  readonly group: Group;
  /** At most 15 characters. In ip mode it is the address, so command 78 changes it. */
  id: string;
  /** One or two addresses; never empty. */
  addresses: readonly string[];
  /** 0 while no join has told it. */
  port = 0;
  readonly slot: number;
  status: MemberStatus = "INIT";
  /** In words, why it is in this status, and since when (Unix seconds). */
  reason = "new";
  statusSince = 0;
  /** It was a complete member in an earlier life, so others may have files that it needs, whatever it says itself. */
  isReturning = false;
  /** What storage_ids.conf allows clients to do: bit 2 write, bit 4 read. */
  rwMode: number = rwModes.readWrite;

  version = "";
  /** Unix seconds of its first start ever, and of this start (0 while not connected). */
  joinTime = 0;
  upTime = 0;
  uploadPriority = 0;
  storePathCount = 0;
  subdirCount = 0;

  paths: readonly PathPicture[] = [];
  totalMib = 0;
  freeMib = 0;
  writePathCursor = 0;
  statistics: StatisticsBlock = noStatistics;
  /** Unix seconds. The tracker keeps both itself (wire-protocol.md §4.2). */
  lastSyncedTimestamp = 0;
  lastHeartbeat = 0;
  /** When it last reported anything in this run of the tracker (`Cluster.monotonicSeconds`). */
  lastAlive = 0;

  /** The pause between its beats in seconds, the longest of late; 0 until it has sent two on one connection. */
  beatPause = 0;
  /** When its last beat came, by `Cluster.monotonicSeconds`; 0 none on this connection. */
  lastBeat = 0;
  /** A probe of this tracker has reached it since its last join (storage-probe.ts). */
  wasReached = false;

  /** A new one whenever it has left: what was known of it is worth nothing then. */
  load = new ServerLoad();

  /** It has told how far it has fed its peers since its last join; `feeds` is what it said, by peer id. */
  reportsReplication = false;
  readonly feeds = new Map<string, PeerFeed>();

  /** Who copies the group's old files to it, and up to which second. */
  syncSource: StorageNode | undefined;
  syncUntil = 0;
  /** Bytes of the changelog it has been told. */
  changelogOffset = 0;

  /** Joined connections that are open now. */
  connections = 0;
  /** Which state of the group's members and trunk server it has been told (wire-protocol.md §6.4). */
  seenMembership = 0;
  /** `Leadership.changes` when it was told them: another leader may have told otherwise in between. */
  seenMembershipOfLead = 0;
  seenTrunkServer = 0;

  /** ACTIVE, and the rw mode allows it. Kept by `Group.refresh`. */
  isReadable = false;
  isWritable = false;
  /** Advances when addresses or port change, so that encoded answers can be kept until then. */
  addressVersion = 0;

  constructor(group: Group, slot: number, id: string, addresses: readonly string[]) {
    this.group = group;
    this.slot = slot;
    this.id = id;
    this.addresses = addresses;
  }

  get isTrunkServer(): boolean {
    return this.group.trunkServer === this;
  }
}
