// What the trunk server of a group reports of its trunk files: 73, 74 (wire-protocol.md §6.11).
import { FdfsError } from "@fastdfs-ts/protocol";

import type { Cluster } from "./cluster.ts";
import { safeNumber } from "./safe-number.ts";
import type { StorageNode } from "./storage-node.ts";

/** 73: the newest trunk file; smaller numbers are old news. */
export function takeTrunkFileId(cluster: Cluster, node: StorageNode, trunkFileId: number): void {
  if (!isFromTrunkServer(cluster, node, trunkFileId) || trunkFileId <= node.group.currentTrunkFileId) return;
  node.group.currentTrunkFileId = trunkFileId;
  cluster.changed("membership");
}

/** 74: free space inside the trunk files of the group. */
export function takeTrunkFreeSpace(cluster: Cluster, node: StorageNode, freeMib: number): void {
  if (!isFromTrunkServer(cluster, node, freeMib)) return;
  node.group.trunkFreeMib = safeNumber(freeMib);
  cluster.spaceChanged();
}

/**
 * Throws BAD_REQUEST for a negative number and for a storage that is not the trunk server. A follower that has not heard
 * yet who is takes the report and forgets it: C refuses, and the storage rejoins every second (wire-protocol.md §12 no. 15).
 */
function isFromTrunkServer(cluster: Cluster, node: StorageNode, value: number): boolean {
  const { group } = node;
  if (value < 0) throw new FdfsError("BAD_REQUEST", { groupName: group.name, reason: `${value} is negative` });
  if (node.isTrunkServer) return true;
  if (group.trunkServer === undefined && !cluster.leadership.isLeader) return false;
  throw new FdfsError("BAD_REQUEST", { groupName: group.name, reason: `${node.id} is not the trunk server` });
}
