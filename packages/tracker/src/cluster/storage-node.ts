// The tracker's record of one storage. Only the functions of this folder change it; everybody else reads.
import { rwModes, type StatisticsBlock } from "@fastdfs-ts/protocol";

import type { MemberPicture, PathPicture } from "../scheduling/cluster-picture.ts";
import type { Group } from "./group.ts";
import { noStatistics } from "./no-statistics.ts";
import type { MemberStatus } from "./storage-status.ts";

export class StorageNode implements MemberPicture {
  readonly group: Group;
  /** At most 15 characters. In ip mode it is the address, so command 78 changes it. */
  id: string;
  /** One or two addresses; never empty. */
  addresses: readonly string[];
  /** 0 while no join has told it. */
  port = 0;
  status: MemberStatus = "INIT";
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

  /** Who copies the group's old files to it, and up to which second. */
  syncSource: StorageNode | undefined;
  syncUntil = 0;
  /** Bytes of the changelog it has been told. */
  changelogOffset = 0;

  /** Joined connections that are open now. */
  connections = 0;
  /** Which state of the group's members and trunk server it has been told (wire-protocol.md §6.4). */
  seenMembership = 0;
  seenTrunkServer = 0;

  /** ACTIVE, and the rw mode allows it. Kept by `Group.refresh`. */
  isReadable = false;
  isWritable = false;
  /** Advances when addresses or port change, so that encoded answers can be kept until then. */
  addressVersion = 0;

  constructor(group: Group, id: string, addresses: readonly string[]) {
    this.group = group;
    this.id = id;
    this.addresses = addresses;
  }

  get isTrunkServer(): boolean {
    return this.group.trunkServer === this;
  }
}
