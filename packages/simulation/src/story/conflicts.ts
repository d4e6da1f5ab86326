// Files that were changed at several members. Trackers send a change to the file's source, but to another member while the
// source is not in service (wire-protocol.md §5.3): then two members may change one file without knowing of each other, and
// as with C nothing is promised about what it holds afterwards. Deletions are no conflicts: they win.
import { textBelowBase } from "../disk-view.ts";
import type { SimCluster } from "../sim-cluster.ts";

/** "group/logicalName" of all files that clients created or changed at more than one member. */
export function conflictedFiles(cluster: SimCluster): Set<string> {
  const changedAt = new Map<string, string>();
  const conflicted = new Set<string>();
  const note = (name: string, memberId: string) => {
    const before = changedAt.get(name);
    if (before === undefined) changedAt.set(name, memberId);
    else if (before !== memberId) conflicted.add(name);
  };
  for (const member of cluster.membersEver) {
    const { groupName, id } = member;
    const log = textBelowBase(member, "data/sync/binlog.000") ?? "";
    for (const [, op, name, more] of log.matchAll(/^\d+ ([CUAMTLR]) (\S+)(?: (\S+).*)?$/gm)) {
      note(`${groupName}/${name!}`, id);
      if (op === "R") note(`${groupName}/${more!}`, id);
    }
  }
  // What a file was renamed to is as uncertain as what it was before.
  for (const member of cluster.membersEver) {
    const log = textBelowBase(member, "data/sync/binlog.000") ?? "";
    for (const [, newName, oldName] of log.matchAll(/^\d+ R (\S+) (\S+)$/gm)) {
      if (conflicted.has(`${member.groupName}/${oldName!}`)) conflicted.add(`${member.groupName}/${newName!}`);
    }
  }
  return conflicted;
}
