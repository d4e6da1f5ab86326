// What storages say about the status of others (76, 85) and of themselves (59): wire-protocol.md §6.9.
import { FdfsError, isAvailable, isStanding, type StorageBrief, storageStatusOf } from "@fastdfs-ts/protocol";
import { parseIpAddress } from "@fastdfs-ts/runtime";

import type { Cluster } from "./cluster.ts";
import type { Group } from "./group.ts";
import { owingToSource } from "./source-backlog.ts";
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
    if (next === undefined) return;
    const wasFilled = next === "OFFLINE" && next !== node.status;
    if (wasFilled && reported === "OFFLINE") {
      const owing = owingToSource(cluster, node);
      // The source says so again with every beat.
      if (owing.length > 0) {
        cluster.setReason(node, `has all that ${reporter} has, which waits for older files of ${idsOf(owing)}`);
        return;
      }
    }
    cluster.setStatus(
      node,
      next,
      wasFilled ? `${reporter} has copied all files to it` : `${reporter} reported ${reported}`,
    );
    if (wasFilled) noteCopied(node);
    return;
  }
  if (isTombstone(reported) || isAvailable(reported) || !mayExist(cluster, group, brief)) return;
  // Whoever says so has not heard of the removal yet.
  if (isStanding(cluster.removals.get(group.name, brief.storageId))) return;
  if (!cluster.hasRoom(group)) return;
  const added = cluster.addMember(group, brief.storageId, brief.storageIp);
  added.port = isPort(brief.storagePort) ? brief.storagePort : Math.max(0, group.port);
  cluster.setStatus(added, reported, `${reporter} reported an unknown storage`);
}

/**
 * A new member has got everything up to `syncUntil` from its source. What the source itself had not got then, other sources
 * of ours go on to report as missing; of C sources nothing more will be heard, so it counts as there, as with C.
 */
function noteCopied(node: StorageNode): void {
  for (const source of node.group.members) {
    if (source !== node && !source.reportsReplication) node.group.sync.raise(source.slot, node.slot, node.syncUntil);
  }
}

/** 59: the storage tells what the leader thinks of it. Throws BAD_REQUEST for a number that is no status of a member. */
export function takeCorrection(cluster: Cluster, node: StorageNode, number: number): void {
  const told = memberStatusOf(number);
  if (told === undefined) {
    throw new FdfsError("BAD_REQUEST", { groupName: node.group.name, reason: `${number} is not a storage status` });
  }
  cluster.setStatus(node, correctedStatus(node.status, told), `the leader says ${told}`);
}

function idsOf(nodes: readonly StorageNode[]): string {
  return nodes.map(({ id }) => id).join(", ");
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
