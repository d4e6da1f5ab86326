// An administrator removes a member (93) or a group whose members are all removed (108): wire-protocol.md §5.6,
// cluster-behaviour.md §3.6. And what storages tell of removals at other trackers (124).
import { FdfsError, isStanding, type Removal } from "@fastdfs-ts/protocol";

import type { Cluster } from "./cluster.ts";
import { noStatistics } from "./no-statistics.ts";
import type { StorageNode } from "./storage-node.ts";
import { isTombstone } from "./storage-status.ts";
import { forgetAsSource, forgetWhatItHolds } from "./sync-source.ts";

/**
 * Deletes a member. Its record stays, DELETED, until the tracker restarts or its group is deleted; that it was removed is
 * remembered beyond that. Throws NOT_FOUND for unknown ones and for the record of an old address, BUSY while it is in
 * service, ALREADY_DONE if it is deleted, the disk's error if the changelog cannot be written (nothing has changed then).
 */
export function deleteStorage(cluster: Cluster, groupName: string, id: string): void {
  const group = cluster.group(groupName);
  const node = cluster.member(group, id);
  if (node.status === "DELETED") {
    throw new FdfsError("ALREADY_DONE", { groupName, reason: `${id} is deleted already` });
  }
  if (node.status === "IP_CHANGED") {
    throw new FdfsError("NOT_FOUND", { groupName, reason: `${id} is the old address of a storage that moved` });
  }
  if (node.status === "ONLINE" || node.status === "ACTIVE" || node.status === "RECOVERY") {
    throw new FdfsError("BUSY", { groupName, reason: `${id} is ${node.status}: stop it first` });
  }
  const now = cluster.now();
  const before = cluster.removals.get(groupName, id);
  const removal = {
    storageId: id,
    // A member that was only heard of has not told when its life began: then every life up to now is over.
    joinSeconds: node.joinTime > 0 ? node.joinTime : now,
    // Also if it was removed, came back and is removed again within one second.
    removedSeconds: Math.max(now, (before?.returnedSeconds ?? 0) + 1),
    returnedSeconds: 0,
  };
  remove(cluster, node, removal.removedSeconds, "removed", "removed by an administrator");
  cluster.removals.merge(groupName, removal);
}

/** Deletes a group without members. Throws NOT_FOUND, or BUSY while it has a member that is not deleted. */
export function deleteGroup(cluster: Cluster, groupName: string): void {
  const group = cluster.group(groupName);
  const left = group.members.filter(({ status }) => !isTombstone(status));
  if (left.length > 0) {
    throw new FdfsError("BUSY", {
      groupName,
      reason: `the group has ${left.length} storages, ${left[0]!.id} among them; delete them first`,
    });
  }
  cluster.removeGroup(group);
  cluster.log("info", "group.deleted", group, { reason: "deleted by an administrator" });
}

/** 124: merges what a storage knows, removes those of whom this tracker had not heard, and tells what is known now. */
export function takeRemovals(cluster: Cluster, groupName: string, told: readonly Removal[]): readonly Removal[] {
  const group = cluster.findGroup(groupName);
  for (const news of told) {
    const removal = cluster.removals.merge(groupName, news);
    if (removal === undefined) continue;
    cluster.changed("membership");
    const node = group?.find(removal.storageId);
    // A later life of it is not meant.
    if (node === undefined || isTombstone(node.status) || node.joinTime > removal.joinSeconds) continue;
    if (isStanding(removal)) {
      remove(
        cluster,
        node,
        removal.removedSeconds,
        "removedElsewhere",
        "removed by an administrator at another tracker",
      );
    }
  }
  return cluster.removals.of(groupName);
}

/** A member that was removed has joined again: the removal is over. */
export function noteReturn(cluster: Cluster, groupName: string, id: string): void {
  const removal = cluster.removals.get(groupName, id);
  if (!isStanding(removal)) return;
  const returnedSeconds = Math.max(cluster.now(), removal.removedSeconds);
  cluster.removals.merge(groupName, { ...removal, returnedSeconds });
  cluster.changed("membership");
}

function remove(
  cluster: Cluster,
  node: StorageNode,
  atSeconds: number,
  event: "removed" | "removedElsewhere",
  reason: string,
): void {
  const { group, id } = node;
  cluster.changelog.add({ atSeconds, groupName: group.name, id, status: 4, newId: "" });
  node.statistics = noStatistics;
  node.syncSource = undefined;
  node.syncUntil = 0;
  node.feeds.clear();
  forgetAsSource(cluster, node);
  forgetWhatItHolds(node);
  group.sync.forget(node.slot);
  if (group.trunkServer === node) {
    group.trunkServer = undefined;
    group.trunkServerVersion++;
  }
  cluster.apply(node, event, reason);
}
