// What other trackers say: who follows, who is to lead, and what a new one fetches: 58, 61 to 63, 65 to 68
// (wire-protocol.md §7).
import { FdfsError, PingLeaderAnswer, trackerCommands } from "@fastdfs-ts/protocol";
import { answer, answerRaw, type ConnectionCounts, type Route, type Session } from "@fastdfs-ts/rpc";
import type { ServerAddress } from "@fastdfs-ts/runtime";

import type { Cluster } from "../cluster/cluster.ts";
import { printHostPort, trackerName } from "../cluster/tracker-list.ts";
import { trunkAssignments } from "../cluster/trunk-assignments.ts";
import type { StateDonor } from "../handover/state-donor.ts";
import { PING_PROMISE_MS, VOTE_PROMISE_MS } from "../limits.ts";

/** A tracker that has introduced itself on this connection (58). */
interface JoinedFollower {
  readonly tracker: ServerAddress;
  /** The trunk servers as this connection was told last. */
  told: Buffer;
}

export function trackerPeerRoutes(cluster: Cluster, donor: StateDonor): Route[] {
  return [
    ...followerRoutes(cluster),
    ...electionRoutes(cluster),
    answer(trackerCommands.systemFilesStart, async (_request, session) => {
      await donor.start(session);
      return {};
    }),
    answer(trackerCommands.systemFilePiece, (request, session) => donor.piece(session, request)),
    answer(trackerCommands.systemFilesEnd, (_request, session) => {
      donor.end(session);
      return {};
    }),
  ];
}

function followerRoutes(cluster: Cluster): Route[] {
  const { leadership } = cluster;
  const followers = new WeakMap<Session, JoinedFollower>();
  return [
    answer(trackerCommands.joinLeader, ({ trackerPort, version, upTimeSeconds }, session) => {
      requireLead(cluster);
      const peer = printHostPort(session.remote.host, trackerPort);
      if (followers.has(session)) throw new FdfsError("ALREADY_EXISTS", { peer, reason: "joined before (58)" });
      const tracker = leadership.trackers.find(peer);
      if (tracker === undefined) throw new FdfsError("NOT_FOUND", { peer, reason: "unknown tracker" });
      followers.set(session, { tracker, told: Buffer.alloc(0) });
      leadership.followers.noteJoin(tracker, { version, upTimeSeconds }, cluster.now());
      return {};
    }),
    answerRaw(trackerCommands.pingLeader, ({ connections }, session) => {
      requireLead(cluster);
      const follower = followers.get(session);
      if (follower === undefined) throw new FdfsError("BAD_REQUEST", { reason: "a ping without 58 before it" });
      if (connections === undefined) throw new FdfsError("BAD_REQUEST", { reason: "a ping without counters" });
      leadership.lease.noteFollower(follower.tracker);
      leadership.followers.notePing(follower.tracker, countsOf(connections), cluster.now());
      const present = PingLeaderAnswer.encode({ groups: trunkAssignments(cluster) });
      if (present.equals(follower.told)) return undefined;
      follower.told = present;
      return present;
    }),
  ];
}

function countsOf(counts: {
  connectionsAllocated: number;
  connectionsCurrent: number;
  connectionsMaximum: number;
}): ConnectionCounts {
  return {
    allocated: counts.connectionsAllocated,
    current: counts.connectionsCurrent,
    maximum: counts.connectionsMaximum,
  };
}

function electionRoutes(cluster: Cluster): Route[] {
  const { leadership } = cluster;
  const { vote, trackers } = leadership;
  return [
    answer(trackerCommands.announceLeader, ({ leader }) => {
      const candidate = namedTracker(cluster, leader);
      if (candidate !== trackers.self && leadership.resign("steppedDown", `${leader} is to lead`)) {
        // As C: the candidate gives up this round, and finds in the next one that we do not lead any more.
        throw new FdfsError("BAD_REQUEST", { peer: leader, reason: "this tracker was leading" });
      }
      const promisedTo = vote.promisedToOtherThan(candidate);
      if (promisedTo !== undefined) {
        throw new FdfsError("BUSY", { peer: leader, reason: `this tracker supports ${trackerName(promisedTo)}` });
      }
      vote.candidate = candidate;
      vote.promise(candidate, VOTE_PROMISE_MS);
      return {};
    }),
    answer(trackerCommands.commitLeader, ({ leader }) => {
      const elected = namedTracker(cluster, leader);
      if (elected !== vote.candidate)
        throw new FdfsError("BAD_REQUEST", { peer: leader, reason: "not announced (66)" });
      const isTaken =
        elected === trackers.self
          ? leadership.elected([], [], "another tracker said so")
          : leadership.follow(elected, "it was elected");
      if (!isTaken) throw new FdfsError("BAD_REQUEST", { peer: leader, reason: "this tracker leads" });
      if (elected !== trackers.self) vote.promise(elected, PING_PROMISE_MS);
      return {};
    }),
    answer(trackerCommands.reselectLeader, (_request, session) => {
      requireLead(cluster);
      leadership.resign("steppedDown", `${session.remote.host} sees two leaders`);
      return {};
    }),
  ];
}

/** Throws BAD_REQUEST if it is not ip:port, NOT_FOUND if there is no such tracker in the list. */
function namedTracker({ leadership }: Cluster, address: string): ServerAddress {
  if (!/:\d+$/.test(address)) throw new FdfsError("BAD_REQUEST", { peer: address, reason: "not ip:port" });
  const tracker = leadership.trackers.find(address);
  if (tracker === undefined) throw new FdfsError("NOT_FOUND", { peer: address, reason: "unknown tracker" });
  return tracker;
}

function requireLead({ leadership }: Cluster): void {
  if (!leadership.isLeader) throw new FdfsError("NOT_SUPPORTED", { reason: "this tracker is not the leader" });
}
