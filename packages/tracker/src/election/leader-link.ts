// A follower's connection to its leader: 58 once, then a ping every second (wire-protocol.md §7.3, §7.4).
import { FdfsError, PROTOCOL_VERSION, type TrunkAssignment, trackerCommands } from "@fastdfs-ts/protocol";
import type { ConnectionCounts, RpcConnection } from "@fastdfs-ts/rpc";
import type { ServerAddress } from "@fastdfs-ts/runtime";

import { PING_PROMISE_MS } from "../limits.ts";
import type { TrackerPeers } from "./tracker-peers.ts";
import type { Vote } from "./vote.ts";

export interface LeaderLinkOptions {
  readonly peers: TrackerPeers;
  readonly vote: Vote;
  readonly ownPort: () => number;
  /** Unix time of this tracker's start. */
  readonly startedAt: number;
  readonly connections: () => ConnectionCounts;
}

export class LeaderLink {
  private readonly options: LeaderLinkOptions;
  private open: { readonly leader: ServerAddress; readonly connection: RpcConnection } | undefined;

  constructor(options: LeaderLinkOptions) {
    this.options = options;
  }

  /**
   * Pings the leader, on a new connection if there is none to it. Returns who is trunk server of each group, empty if
   * nothing has changed. Throws FdfsError: NOT_SUPPORTED if it does not lead, otherwise it was not reached.
   */
  async ping(leader: ServerAddress): Promise<readonly TrunkAssignment[]> {
    const { peers, vote, connections } = this.options;
    try {
      const connection = await this.connectionTo(leader);
      // It may act on this ping, whether or not its answer gets here.
      vote.promise(leader, PING_PROMISE_MS);
      const { allocated, current, maximum } = connections();
      const counts = { connectionsAllocated: allocated, connectionsCurrent: current, connectionsMaximum: maximum };
      return (await peers.call(connection, trackerCommands.pingLeader, { connections: counts })).groups;
    } catch (error) {
      if (error instanceof FdfsError && error.kind === "NOT_SUPPORTED") vote.release(leader);
      this.close();
      throw error;
    }
  }

  close(): void {
    this.open?.connection.end();
    this.open = undefined;
  }

  private async connectionTo(leader: ServerAddress): Promise<RpcConnection> {
    if (this.open?.leader === leader && this.open.connection.isUsable) return this.open.connection;
    this.close();
    const { peers, startedAt, ownPort } = this.options;
    const connection = await peers.dial(leader);
    this.open = { leader, connection };
    const introduction = { upTimeSeconds: startedAt, version: PROTOCOL_VERSION, trackerPort: ownPort() };
    await peers.call(connection, trackerCommands.joinLeader, introduction);
    return connection;
  }
}
