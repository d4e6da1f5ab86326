// What storages report: joins, heartbeats, disks, replication, each other's status (wire-protocol.md §6).
import { FdfsError, type JoinRequest, storageStatusValue, trackerCommands } from "@fastdfs-ts/protocol";
import { answer, answerRaw, type Route, type Session } from "@fastdfs-ts/rpc";

import { changesFor, type JoinedConnection } from "../cluster/changes-for.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { moveStorage } from "../cluster/ip-change.ts";
import { join, type JoinOrigin, trackersOf } from "../cluster/join.ts";
import { takeRemovals } from "../cluster/removal.ts";
import {
  takeDiskReport,
  takeHeartbeat,
  takeLoadReport,
  takeReplicationReport,
  takeSyncReport,
} from "../cluster/reports.ts";
import { takeCorrection, takeStatusReport } from "../cluster/status-reports.ts";
import type { StorageNode } from "../cluster/storage-node.ts";
import { notifySource, repeatSource, requestSource, sourceOfDestination } from "../cluster/sync-source.ts";
import { takeTrunkFileId, takeTrunkFreeSpace } from "../cluster/trunk-reports.ts";
import type { Handover } from "../handover/handover.ts";
import { CHANGELOG_PIECE_BYTES } from "../limits.ts";
import type { JoinedConnections } from "./joined-connections.ts";

/** `save` resolves when the present state is on the disk. */
export function storageReportRoutes(
  cluster: Cluster,
  joined: JoinedConnections,
  handover: Pick<Handover, "isDue" | "take">,
  save: () => Promise<void>,
): Route[] {
  const node = (session: Session): StorageNode => joined.require(session).node;
  return [
    joinRoute(cluster, joined, handover),
    ...regularReports(cluster, joined),
    answer(trackerCommands.reportReplication, (report, session) => {
      takeReplicationReport(cluster, node(session), report);
      return {};
    }),
    answer(trackerCommands.reportLoad, (report, session) => {
      takeLoadReport(cluster, node(session), report);
      return {};
    }),
    // Also asked before a join: one that was removed must not join.
    answer(trackerCommands.shareRemovals, ({ groupName, removals }) => ({
      removals: [...takeRemovals(cluster, groupName, removals)],
    })),
    answer(trackerCommands.replicaChange, ({ storages }, session) => {
      const { group, id } = node(session);
      // A leader is where such news comes from, so it ignores them.
      if (cluster.leadership.isLeader) return {};
      for (const brief of storages) takeStatusReport(cluster, group, brief, id);
      return {};
    }),
    answer(trackerCommands.reportStatus, ({ groupName, storage }, session) => {
      takeStatusReport(cluster, cluster.group(groupName), storage, session.remote.host);
      return {};
    }),
    answer(trackerCommands.changeStatus, ({ status }, session) => {
      takeCorrection(cluster, node(session), status);
      return {};
    }),
    answer(trackerCommands.syncSourceRequest, ({ groupName, destinationStorageId }) => ({
      source: sourceOfDestination(cluster, groupName, destinationStorageId),
    })),
    answer(trackerCommands.syncDestinationRequest, (_request, session) => ({
      source: requestSource(cluster, node(session)),
    })),
    answer(trackerCommands.syncDestinationQuery, (_request, session) => ({ source: repeatSource(node(session)) })),
    answer(trackerCommands.syncNotify, (told, session) => {
      notifySource(cluster, node(session), told);
      return {};
    }),
    answerRaw(trackerCommands.changelog, ({ reader }, session) => {
      const member = reader === undefined ? joined.find(session)?.node : memberOf(cluster, reader);
      // An unjoined connection has to say who it is (wire-protocol.md §6.1).
      if (member === undefined)
        throw new FdfsError("BAD_REQUEST", { reason: "whose changelog? join or name a storage" });
      return readChangelog(cluster, member);
    }),
    answer(trackerCommands.ipChanged, async ({ groupName, oldIp, newIp }, session) => {
      moveStorage(cluster, { groupName, oldIp, newIp, peer: session.remote.host });
      await save();
      return {};
    }),
    answer(trackerCommands.fetchTrunkFileId, (_request, session) => ({
      trunkFileId: node(session).group.currentTrunkFileId,
    })),
    answer(trackerCommands.reportTrunkFileId, ({ trunkFileId }, session) => {
      takeTrunkFileId(cluster, node(session), trunkFileId);
      return {};
    }),
    answer(trackerCommands.reportTrunkFreeSpace, ({ freeMib }, session) => {
      takeTrunkFreeSpace(cluster, node(session), freeMib);
      return {};
    }),
  ];
}

/** 81. Whoever joins a tracker that is new waits until it has the picture of the cluster from another one, if there is one. */
function joinRoute(cluster: Cluster, joined: JoinedConnections, handover: Pick<Handover, "isDue" | "take">): Route {
  const joinNow = (request: JoinRequest, session: Session) => {
    const member = explained(cluster, "join.refused", session, () => join(cluster, request, originOf(session)));
    joined.bind(session, member);
    return { status: storageStatusValue(member.status), sourceStorageId: member.syncSource?.id ?? "" };
  };
  const joinLater = async (request: JoinRequest, session: Session) => {
    const gone = new AbortController();
    session.onClosed(() => gone.abort());
    const trackers = explained(cluster, "join.refused", session, () => trackersOf(cluster, request, originOf(session)));
    await handover.take(trackers);
    if (gone.signal.aborted)
      throw new FdfsError("CONNECTION_LOST", { peer: session.remote.host, reason: "gone before it joined" });
    return joinNow(request, session);
  };
  return answer(trackerCommands.join, (request, session) =>
    handover.isDue ? joinLater(request, session) : joinNow(request, session),
  );
}

function originOf(session: Session): JoinOrigin {
  return { peer: session.remote.host, local: session.local.host };
}

/** 83, 84 and 89 are answered with what has changed. */
function regularReports(cluster: Cluster, joined: JoinedConnections): Route[] {
  const answered = (session: Session, take: (connection: JoinedConnection) => void) => {
    const connection = joined.require(session);
    take(connection);
    return changesFor(cluster, connection);
  };
  return [
    answer(trackerCommands.heartbeat, (beat, session) =>
      answered(session, ({ node }) => takeHeartbeat(cluster, node, beat)),
    ),
    answer(trackerCommands.diskReport, (report, session) =>
      answered(session, ({ node }) =>
        explained(cluster, "disk-report.refused", session, () => takeDiskReport(cluster, node, report)),
      ),
    ),
    answer(trackerCommands.syncReport, (report, session) =>
      answered(session, ({ node }) => takeSyncReport(cluster, node, report)),
    ),
  ];
}

function memberOf(cluster: Cluster, reader: { groupName: string; storageId: string }): StorageNode {
  return cluster.member(cluster.group(reader.groupName), reader.storageId);
}

function readChangelog(cluster: Cluster, member: StorageNode): Buffer {
  const piece = cluster.changelog.read(member.changelogOffset, CHANGELOG_PIECE_BYTES);
  if (piece.length > 0) {
    member.changelogOffset += piece.length;
    cluster.changed("membership");
  }
  return piece;
}

/** A storage that is refused tries again and again and tells nobody why, so the reason has to stand in our log. */
function explained<T>(cluster: Cluster, event: string, session: Session, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof FdfsError) {
      cluster.note("warn", event, { peer: session.remote.host, reason: error.message });
    }
    throw error;
  }
}
