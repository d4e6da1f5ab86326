// What storages say about the status of others (76, 85) and of themselves (59): wire-protocol.md §6.9.
import { FdfsError, isAvailable, type StorageBrief, storageStatusOf } from "@fastdfs-ts/protocol";

import { parseIpAddress } from "@fastdfs-ts/runtime";

import type { Cluster } from "./cluster.ts";
import type { Group } from "./group.ts";
import type { StorageNode } from "./storage-node.ts";
import { correctedStatus, isTombstone, memberStatusOf, reportedStatusTable } from "./storage-status.ts";

/** 76 and, at a tracker that does not lead, 85. Throws BAD_REQUEST for a number that is no status. */
export function takeStatusReport(cluster: Cluster, group: Group, brief: StorageBrief, reporter: string): void {
  const reported = storageStatusOf(brief.status);
  if (reported === undefined) {
    throw new FdfsError("BAD_REQUEST", { groupName: group.name, reason: `${brief.status} is not a storage status` });
  }
  if (reported === "NONE") return;
  const node = group.find(brief.storageId);
  if (node !== undefined) {
    const next = reportedStatusTable.next(node.status, reported);
    if (next !== undefined) cluster.setStatus(node, next, `${reporter} reported ${reported}`);
    return;
  }
  if (isTombstone(reported) || isAvailable(reported) || !mayExist(cluster, group, brief)) return;
  if (!cluster.hasRoom(group)) return;
  const added = cluster.addMember(group, brief.storageId, brief.storageIp);
  added.port = isPort(brief.storagePort) ? brief.storagePort : Math.max(0, group.port);
  cluster.setStatus(added, reported, `${reporter} reported an unknown storage`);
}

/** 59: the storage tells what the leader thinks of it. Throws BAD_REQUEST for a number that is no status of a member. */
export function takeCorrection(cluster: Cluster, node: StorageNode, number: number): void {
  const told = memberStatusOf(number);
  if (told === undefined) {
    throw new FdfsError("BAD_REQUEST", { groupName: node.group.name, reason: `${number} is not a storage status` });
  }
  cluster.setStatus(node, correctedStatus(node.status, told), `the leader says ${told}`);
}

/** C storages send 0. */
function isPort(port: number): boolean {
  return port > 0 && port <= 65_535;
}

/** In id mode a member has to be in the id list; in ip mode it needs an address that can be its id. */
function mayExist(cluster: Cluster, group: Group, brief: StorageBrief): boolean {
  const { ids } = cluster.settings;
  if (ids !== undefined) return ids.get(brief.storageId)?.groupName === group.name;
  return brief.storageIp === brief.storageId && parseIpAddress(brief.storageId)?.version === 4;
}
