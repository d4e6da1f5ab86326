// What a reporting storage has to be told: the answer to 83, 84 and 89 (wire-protocol.md §6.4). Each part is told once per
// change: the leader once per connection, trunk server and members once per storage. Only a leader tells anything.
import { type ChangeList, type StorageBrief } from "@fastdfs-ts/protocol";

import { briefOf, type Cluster } from "./cluster.ts";
import type { StorageNode } from "./storage-node.ts";
import { suitedAddress } from "./suited-address.ts";

/** A joined connection. */
export interface JoinedConnection {
  readonly node: StorageNode;
  readonly peer: string;
  /** `Leadership.changes` as of the last answer. */
  seenLeaderChanges: number;
}

const nothing: ChangeList = Object.freeze({ leader: undefined, trunkServer: undefined, storages: undefined });
const nobody: StorageBrief = { status: 0, storagePort: 0, storageId: "", storageIp: "" };
const ID_CHARS = 15;

/** The changes this connection has not been told, and notes that it has been. */
export function changesFor(cluster: Cluster, joined: JoinedConnection): ChangeList {
  const { leadership } = cluster;
  const { node, peer } = joined;
  const { group } = node;
  if (!leadership.isLeader) return nothing;
  const isLeaderNews = joined.seenLeaderChanges !== leadership.changes;
  const isTrunkNews = node.seenTrunkServer !== group.trunkServerVersion;
  const isMemberNews =
    node.seenMembership !== group.membershipVersion || node.seenMembershipOfLead !== leadership.changes;
  if (!isLeaderNews && !isTrunkNews && !isMemberNews) return nothing;
  joined.seenLeaderChanges = leadership.changes;
  node.seenTrunkServer = group.trunkServerVersion;
  node.seenMembership = group.membershipVersion;
  node.seenMembershipOfLead = leadership.changes;
  return {
    leader: isLeaderNews ? leaderBrief(cluster, peer) : undefined,
    trunkServer: isTrunkNews ? briefFor(group.trunkServer, peer) : undefined,
    storages: isMemberNews ? group.sorted.map((member) => briefFor(member, peer)) : undefined,
  };
}

function leaderBrief(cluster: Cluster, peer: string): StorageBrief {
  const { leader } = cluster.leadership;
  if (leader === undefined) return nobody;
  const address = suitedAddress(leader.hosts, peer);
  return { status: 0, storagePort: leader.port, storageId: address.slice(0, ID_CHARS), storageIp: address };
}

function briefFor(node: StorageNode | undefined, peer: string): StorageBrief {
  return node === undefined ? nobody : briefOf(node, suitedAddress(node.addresses, peer));
}
