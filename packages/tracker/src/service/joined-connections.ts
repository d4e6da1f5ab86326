// Which connection belongs to which storage: command 81 binds it, its end takes it back (wire-protocol.md §6.1).
import { FdfsError } from "@fastdfs-ts/protocol";
import type { Session } from "@fastdfs-ts/rpc";

import type { JoinedConnection } from "../cluster/changes-for.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { StorageNode } from "../cluster/storage-node.ts";

export class JoinedConnections {
  private readonly cluster: Cluster;
  private readonly bySession = new WeakMap<Session, JoinedConnection>();

  constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  /** Binds the connection; a second join of the same storage on it changes nothing here. */
  bind(session: Session, node: StorageNode): void {
    const before = this.bySession.get(session);
    if (before?.node === node) {
      before.seenLeaderChanges = 0;
      return;
    }
    if (before !== undefined) this.cluster.disconnected(before.node);
    else session.onClosed(() => this.unbind(session));
    this.bySession.set(session, { node, peer: session.remote.host, seenLeaderChanges: 0 });
    this.cluster.connected(node);
  }

  find(session: Session): JoinedConnection | undefined {
    return this.bySession.get(session);
  }

  /** Throws ACCESS_DENIED (13) on a connection that has not joined. C trackers crash on 79 and 88 there. */
  require(session: Session): JoinedConnection {
    const joined = this.bySession.get(session);
    if (joined === undefined) {
      throw new FdfsError("ACCESS_DENIED", { peer: session.remote.host, reason: "the connection has not joined (81)" });
    }
    return joined;
  }

  private unbind(session: Session): void {
    const joined = this.bySession.get(session);
    if (joined === undefined) return;
    this.bySession.delete(session);
    this.cluster.disconnected(joined.node);
  }
}
