// Whether the source of a new member has itself what the others took before the new member joined: what it has not got it
// cannot give, and C makes such a member ACTIVE without these files (cluster-behaviour.md §4.5, §11.1 W4).
import { isAvailable } from "@fastdfs-ts/protocol";

import type { Cluster } from "./cluster.ts";
import type { StorageNode } from "./storage-node.ts";

/**
 * Members in service that still owe the source of `node` something from before it joined, as far as they tell. C storages do
 * not tell how far they have fed others, and as sources say only once that they are done.
 */
export function owingToSource(cluster: Cluster, node: StorageNode): StorageNode[] {
  const { group, syncSource: source, syncUntil } = node;
  if (source?.reportsReplication !== true) return [];
  return group.members.filter(
    (member) =>
      member !== node &&
      member !== source &&
      member.reportsReplication &&
      isExpected(cluster, member) &&
      !hasGiven(member, source, syncUntil),
  );
}

/**
 * A member that is out of service is waited for as long as it may just be restarted. After that not: what it alone has nobody
 * can read, and it gives it to the new member itself when it is back.
 */
function isExpected(cluster: Cluster, { status, statusSince }: StorageNode): boolean {
  const isBriefly = cluster.now() - statusSince < cluster.settings.checkActiveSeconds;
  return isAvailable(status) || (status === "OFFLINE" && isBriefly);
}

/**
 * By time, or because nothing was left to give when it told, whatever its clock says. A record that the source refuses is
 * parked and does not count: `member` gives that to the new member too.
 */
function hasGiven(member: StorageNode, source: StorageNode, untilSeconds: number): boolean {
  if (member.group.sync.get(member.slot, source.slot) > untilSeconds) return true;
  const feed = member.feeds.get(source.id);
  return feed !== undefined && feed.report.pendingBytes <= 0 && feed.takenSeconds > untilSeconds + 1;
}
