// An administrator removes a member (93) or an empty group (108): wire-protocol.md §5.6, cluster-behaviour.md §3.6.
import { FdfsError } from "@fastdfs-ts/protocol";

import type { Cluster } from "./cluster.ts";
import { noStatistics } from "./no-statistics.ts";
import { forgetAsSource } from "./sync-source.ts";

/**
 * Deletes a member. Its record stays, DELETED, until the tracker restarts. Throws NOT_FOUND for unknown ones and for the
 * record of an old address, BUSY while it is in service, ALREADY_DONE if it is deleted, the disk's error if the changelog
 * cannot be written (nothing has changed then).
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
  cluster.changelog.add({ atSeconds: cluster.now(), groupName, id, status: 4, newId: "" });
  node.statistics = noStatistics;
  node.lastSyncedTimestamp = 0;
  node.syncSource = undefined;
  node.syncUntil = 0;
  forgetAsSource(cluster, node);
  group.sync.forget(id);
  if (group.trunkServer === node) {
    group.trunkServer = undefined;
    group.trunkServerVersion++;
  }
  cluster.apply(node, "removed", "deleted by an administrator");
}

/** Deletes a group without members. Throws NOT_FOUND, or BUSY while it has any record, DELETED ones included. */
export function deleteGroup(cluster: Cluster, groupName: string): void {
  const group = cluster.group(groupName);
  if (group.members.length > 0) {
    throw new FdfsError("BUSY", {
      groupName,
      reason: `the group has ${group.members.length} storage records; deleted ones vanish when the tracker restarts`,
    });
  }
  cluster.removeGroup(group);
  cluster.log("info", "group.deleted", group, { reason: "deleted by an administrator" });
}
