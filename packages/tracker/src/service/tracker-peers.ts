// What other trackers say: 58, 61 to 63, 65 to 68 (wire-protocol.md §7). This tracker leads alone or not at all, so it
// answers as a C tracker does whose list does not name the asker, and refuses with 95 what it does not do.
import { FdfsError, trackerCommands } from "@fastdfs-ts/protocol";
import { answer, type Route } from "@fastdfs-ts/rpc";

import type { Cluster } from "../cluster/cluster.ts";
import { printHostPort } from "../cluster/leadership.ts";

export function trackerPeerRoutes(cluster: Cluster): Route[] {
  const { leadership } = cluster;
  return [
    answer(trackerCommands.joinLeader, ({ trackerPort }, session) => {
      requireLead(cluster);
      const peer = printHostPort(session.remote.host, trackerPort);
      if (!leadership.knows(peer)) throw new FdfsError("NOT_FOUND", { peer, reason: "unknown tracker" });
      throw unsupported("this tracker leads alone");
    }),
    answer(trackerCommands.pingLeader, () => {
      requireLead(cluster);
      throw new FdfsError("BAD_REQUEST", { reason: "ping without 58 before it" });
    }),
    answer(trackerCommands.announceLeader, ({ leader }) => takeNotice(cluster, leader)),
    answer(trackerCommands.commitLeader, ({ leader }) => takeNotice(cluster, leader)),
    answer(trackerCommands.reselectLeader, () => {
      requireLead(cluster);
      leadership.resign();
      return {};
    }),
    answer(trackerCommands.systemFilesStart, () => {
      if (cluster.groups.length === 0) throw new FdfsError("NOT_FOUND", { reason: "this tracker knows no group yet" });
      throw unsupported("this tracker does not hand over its state files");
    }),
    answer(trackerCommands.systemFilePiece, () => {
      throw unsupported("this tracker does not hand over its state files");
    }),
    // Releasing a lock that is not held is fine, as in C.
    answer(trackerCommands.systemFilesEnd, () => ({})),
  ];
}

/** 66 and 67: fine if it is about this tracker, which leads already; another leader is not followed. */
function takeNotice({ leadership }: Cluster, leader: string): Record<string, never> {
  if (!leadership.knows(leader)) throw new FdfsError("NOT_FOUND", { peer: leader, reason: "unknown tracker" });
  if (!leadership.isSelf(leader)) throw unsupported("this tracker leads alone and follows no other");
  return {};
}

function requireLead({ leadership }: Cluster): void {
  if (!leadership.isLeader) throw unsupported("this tracker is not the leader");
}

function unsupported(reason: string): FdfsError {
  return new FdfsError("NOT_SUPPORTED", { reason });
}
