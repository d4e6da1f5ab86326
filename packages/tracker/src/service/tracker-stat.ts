// The trackers and how they are: 96, answered by the leader, who hears from all of them (wire-protocol.md §5.9).
import {
  FdfsError,
  PROTOCOL_VERSION,
  type TrackerStat,
  trackerStatFilters,
  type TrackerStatRequest,
} from "@fastdfs-ts/protocol";
import type { ConnectionCounts } from "@fastdfs-ts/rpc";
import type { ServerAddress } from "@fastdfs-ts/runtime";

import type { Cluster } from "../cluster/cluster.ts";
import { trackerName } from "../cluster/tracker-list.ts";
import { FOLLOWER_ACTIVE_SECONDS } from "../limits.ts";
import type { TrackerFacts } from "./cluster-views.ts";

/** All trackers that pass the filter, in the order of the list. Throws NOT_SUPPORTED if this tracker does not lead. */
export function trackerStats(
  cluster: Cluster,
  facts: TrackerFacts,
  { filter, isActive, isLeader }: TrackerStatRequest,
): TrackerStat[] {
  const { leadership } = cluster;
  if (!leadership.isLeader) {
    throw new FdfsError("NOT_SUPPORTED", { reason: "only the leader knows the other trackers" });
  }
  const { all, self } = leadership.trackers;
  return all
    .map((tracker) => {
      const address = trackerName(tracker);
      return tracker === self ? ownStat(address, facts) : followerStat(cluster, address, tracker);
    })
    .filter(
      (stat) =>
        ((filter & trackerStatFilters.isActive) === 0 || stat.isActive === isActive) &&
        ((filter & trackerStatFilters.isLeader) === 0 || stat.isLeader === isLeader),
    );
}

function ownStat(address: string, facts: TrackerFacts): TrackerStat {
  return {
    address,
    isLeader: true,
    isActive: true,
    ...countersOf(facts.connections()),
    version: PROTOCOL_VERSION,
    upTimeSeconds: facts.startedAt,
    lastHeartbeatSeconds: 0,
  };
}

function followerStat(cluster: Cluster, address: string, tracker: ServerAddress): TrackerStat {
  const known = cluster.leadership.followers.get(tracker);
  const silentSeconds = cluster.now() - (known?.lastPingSeconds ?? -Infinity);
  return {
    address,
    isLeader: false,
    isActive: silentSeconds <= FOLLOWER_ACTIVE_SECONDS,
    ...countersOf(known?.connections ?? { allocated: 0, current: 0, maximum: 0 }),
    version: known?.version ?? "",
    upTimeSeconds: known?.upTimeSeconds ?? 0,
    lastHeartbeatSeconds: known?.lastPingSeconds ?? 0,
  };
}

function countersOf({ allocated, current, maximum }: ConnectionCounts) {
  return { connectionsAllocated: allocated, connectionsCurrent: current, connectionsMaximum: maximum };
}
