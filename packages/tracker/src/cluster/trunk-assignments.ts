// Who is trunk server of each group, as a leader tells its followers with every ping (wire-protocol.md §7.4).
import type { TrunkAssignment } from "@fastdfs-ts/protocol";

import type { Cluster } from "./cluster.ts";

export function trunkAssignments(cluster: Cluster): TrunkAssignment[] {
  return cluster.groups.map((group) => ({ groupName: group.name, storageId: group.trunkServer?.id ?? "" }));
}

/** What the leader told; groups and members that are not known here are left for later. */
export function takeTrunkAssignments(cluster: Cluster, assignments: readonly TrunkAssignment[]): void {
  for (const { groupName, storageId } of assignments) {
    const group = cluster.findGroup(groupName);
    const trunkServer = group?.find(storageId);
    if (group === undefined || group.trunkServer === trunkServer) continue;
    group.trunkServer = trunkServer;
    group.trunkServerVersion++;
    cluster.changed("membership");
    cluster.log("info", "trunk-server.told", group, { storage: storageId });
  }
}
