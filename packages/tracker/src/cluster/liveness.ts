// Who fell silent: members that count as ACTIVE but have not reported for check_active_interval (cluster-behaviour.md §2.6).
import type { Cluster } from "./cluster.ts";

/**
 * Takes silent members out of service, and repeats the list of members to groups in which one waits for its source: a C
 * storage that has not yet let go of a member that was removed and came back takes no notice of the first list (W14).
 * Called every `checkActiveSeconds`, so silence is noticed after one to two of them.
 */
export function checkLiveness(cluster: Cluster): void {
  const now = cluster.monotonicSeconds();
  const { checkActiveSeconds } = cluster.settings;
  for (const group of cluster.groups) {
    if (group.members.some(({ status }) => status === "WAIT_SYNC")) cluster.tellMembersAgain(group);
    for (const member of group.members) {
      if (member.status !== "ACTIVE" || now - member.lastAlive <= checkActiveSeconds) continue;
      cluster.apply(
        member,
        "silent",
        `no report for ${Math.floor(now - member.lastAlive)} s (check_active_interval ${checkActiveSeconds})`,
      );
    }
  }
}
