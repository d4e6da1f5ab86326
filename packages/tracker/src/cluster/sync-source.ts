// Who copies a group's old files to a new member (wire-protocol.md §6.8): 87 asks, 88 tells other trackers, 79 repeats the
// answer, and every possible source asks with 86 whether it is the one.
import { FdfsError, type SyncDescriptor } from "@fastdfs-ts/protocol";

import type { Cluster } from "./cluster.ts";
import { safeNumber } from "./safe-number.ts";
import type { StorageNode } from "./storage-node.ts";
import { hasFiles, isTombstone } from "./storage-status.ts";

/**
 * 87. `undefined`: nobody in the group has files, the member is complete. Throws NOT_FOUND if there are members with files
 * but none that is ACTIVE and writable now: the storage asks again.
 */
export function requestSource(cluster: Cluster, node: StorageNode): SyncDescriptor | undefined {
  if (othersHaveFiles(node)) return assignSource(cluster, node);
  if (!cluster.apply(node, "aloneInGroup", "no other member of the group has files")) refuseTombstone(node);
  return undefined;
}

/** Throws NOT_FOUND if nobody can copy files now. */
function assignSource(cluster: Cluster, node: StorageNode): SyncDescriptor {
  // C's order, so that several trackers name the same one: the first in id order.
  const source = node.group.writable.find((member) => member !== node);
  if (source === undefined) {
    throw new FdfsError("NOT_FOUND", {
      groupName: node.group.name,
      reason: `no active and writable member can copy the old files to ${node.id} now`,
    });
  }
  if (!cluster.apply(node, "sourceAssigned", `${source.id} copies the old files to it`)) refuseTombstone(node);
  node.syncSource = source;
  node.syncUntil = cluster.now();
  forgetWhatItHolds(node);
  // Also when the status is the same as before: a new source has to hear of it.
  cluster.membersChanged(node.group);
  return describe(source, node.syncUntil);
}

/** 79: what 87 was answered. */
export function repeatSource(node: StorageNode): SyncDescriptor | undefined {
  return node.syncSource === undefined ? undefined : describe(node.syncSource, node.syncUntil);
}

/**
 * 88: another tracker's answer to 87. Throws NOT_FOUND for a source that is unknown or gone, and for a member that is
 * being filled and has lost its source: a C storage then starts over with 87. (A C tracker lets it turn ACTIVE without
 * the files, cluster-behaviour.md §11.1 W5.)
 */
export function notifySource(cluster: Cluster, node: StorageNode, told: SyncDescriptor): void {
  if (told.sourceStorageId === "") {
    const isBeingFilled = node.status === "WAIT_SYNC" || node.status === "SYNCING";
    if (isBeingFilled && othersHaveFiles(node)) {
      throw new FdfsError("NOT_FOUND", {
        groupName: node.group.name,
        reason: `${node.id} is ${node.status} and names no source, but other members have files: it has to ask for a new one`,
      });
    }
    if (node.status === "INIT" && node.isReturning && othersHaveFiles(node)) {
      // A C storage that was removed and keeps its state: at a C tracker it would be complete at once, without what was
      // stored meanwhile (cluster-behaviour.md §3.6).
      assignSource(cluster, node);
      return;
    }
    if (!cluster.apply(node, "noSourceTold", "another tracker found no source")) refuseTombstone(node);
    return;
  }
  if (node.syncSource === undefined) {
    const source = node.group.find(told.sourceStorageId);
    if (source === undefined || isTombstone(source.status) || source === node) {
      throw new FdfsError("NOT_FOUND", {
        groupName: node.group.name,
        reason: `the source ${told.sourceStorageId} of ${node.id} is ${source === undefined ? "unknown" : source.status}`,
      });
    }
    node.syncSource = source;
    node.syncUntil = safeNumber(told.untilSeconds);
    cluster.changed("membership");
  }
  if (!cluster.apply(node, "sourceTold", `${node.syncSource.id} copies the old files to it`)) refuseTombstone(node);
}

/**
 * 86: the source of a destination, `undefined` if it has none. Throws NOT_FOUND for unknown ones and for destinations in
 * INIT, IP_CHANGED or DELETED. A source that cannot copy any more is forgotten.
 */
export function sourceOfDestination(cluster: Cluster, groupName: string, id: string): SyncDescriptor | undefined {
  const node = cluster.member(cluster.group(groupName), id);
  if (node.status === "INIT" || isTombstone(node.status)) {
    throw new FdfsError("NOT_FOUND", { groupName, reason: `${id} is ${node.status}: nobody may copy files to it` });
  }
  const source = node.syncSource;
  if (source === undefined) return undefined;
  if (hasFiles(source.status) || source.status === "RECOVERY") return describe(source, node.syncUntil);
  forgetSource(cluster, node);
  return undefined;
}

/** The member is filled anew, or gone: nothing that was known of its files holds any more. */
export function forgetWhatItHolds(node: StorageNode): void {
  node.group.sync.forgetDestination(node.slot);
  node.lastSyncedTimestamp = 0;
}

/** Removes `source` as source of all others (it was deleted). */
export function forgetAsSource(cluster: Cluster, source: StorageNode): void {
  for (const member of source.group.members) {
    if (member.syncSource === source) forgetSource(cluster, member);
  }
}

function forgetSource(cluster: Cluster, node: StorageNode): void {
  node.syncSource = undefined;
  node.syncUntil = 0;
  cluster.changed("membership");
}

function othersHaveFiles(node: StorageNode): boolean {
  return node.group.members.some((member) => member !== node && hasFiles(member.status));
}

function describe(source: StorageNode, untilSeconds: number): SyncDescriptor {
  return { sourceStorageId: source.id, untilSeconds };
}

function refuseTombstone(node: StorageNode): never {
  throw new FdfsError("NOT_FOUND", {
    groupName: node.group.name,
    reason: `${node.id} is ${node.status}: it has to join again`,
  });
}
