// A storage has a new address (78, ip mode only): its history moves to the new id, a tombstone keeps the old one
// (wire-protocol.md §6.10, cluster-behaviour.md §3.8).
import { FdfsError, isAvailable } from "@fastdfs-ts/protocol";

import type { Cluster } from "./cluster.ts";
import { noteReturn } from "./removal.ts";
import { isTombstone } from "./storage-status.ts";

export interface AddressChange {
  readonly groupName: string;
  readonly oldIp: string;
  readonly newIp: string;
  /** Address the request came from. */
  readonly peer: string;
}

/**
 * Moves a member to a new address. Throws NOT_SUPPORTED in id mode, BAD_REQUEST if the request does not come from the new
 * address, NOT_FOUND if the old one is unknown or deleted, BUSY while it is in service, ALREADY_DONE if it moved before,
 * ALREADY_EXISTS if the new address is taken. An address that somebody left is free (C says 17 there until it restarts, and
 * the storage that comes back to it begins anew).
 */
export function moveStorage(cluster: Cluster, { groupName, oldIp, newIp, peer }: AddressChange): void {
  if (cluster.settings.ids !== undefined) {
    throw new FdfsError("NOT_SUPPORTED", { reason: "with storage ids an address is changed in storage_ids.conf" });
  }
  if (newIp !== peer) {
    throw new FdfsError("BAD_REQUEST", { peer, reason: `the request names ${newIp} as its new address` });
  }
  const group = cluster.group(groupName);
  const node = group.find(oldIp);
  if (node === undefined || node.status === "DELETED") {
    throw new FdfsError("NOT_FOUND", { groupName, reason: `no storage at ${oldIp}` });
  }
  const present = group.find(newIp);
  if (present !== undefined && !isTombstone(present.status)) {
    throw new FdfsError("ALREADY_EXISTS", { groupName, reason: `there is a storage at ${newIp}` });
  }
  if (isAvailable(node.status) || node.status === "RECOVERY") {
    throw new FdfsError("BUSY", { groupName, reason: `the storage at ${oldIp} is ${node.status}` });
  }
  if (node.status === "IP_CHANGED") {
    throw new FdfsError("ALREADY_DONE", { groupName, reason: `the storage at ${oldIp} has moved already` });
  }

  cluster.changelog.add({ atSeconds: cluster.now(), groupName, id: oldIp, status: 3, newId: newIp });
  if (present !== undefined) group.members.splice(group.members.indexOf(present), 1);
  node.id = newIp;
  node.addresses = [newIp];
  node.addressVersion++;
  // Somebody else may have been removed at this address once; its removal does not concern the one who moves in.
  noteReturn(cluster, groupName, newIp);
  if (group.lastTrunkServerId === oldIp) group.lastTrunkServerId = newIp;
  group.reindex();
  if (cluster.hasRoom(group)) {
    const tombstone = cluster.addMember(group, oldIp, oldIp);
    cluster.apply(tombstone, "moved", `its storage is at ${newIp} now`);
  }
  cluster.log("info", "storage.moved", node, { from: oldIp, to: newIp });
}
