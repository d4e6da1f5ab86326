// What a leader knows of the trackers that follow it: from 58 and from their pings (wire-protocol.md §7.3, §7.4).
import type { ConnectionCounts } from "@fastdfs-ts/rpc";
import type { ServerAddress } from "@fastdfs-ts/runtime";

export interface Follower {
  readonly version: string;
  /** Unix time of its start. */
  readonly upTimeSeconds: number;
  readonly connections: ConnectionCounts;
  /** Unix time. */
  readonly lastPingSeconds: number;
}

const noConnections: ConnectionCounts = { allocated: 0, current: 0, maximum: 0 };

/** Has at most as many entries as there are trackers. */
export class Followers {
  private readonly byTracker = new Map<ServerAddress, Follower>();

  get(tracker: ServerAddress): Follower | undefined {
    return this.byTracker.get(tracker);
  }

  /** 58 */
  noteJoin(tracker: ServerAddress, facts: { version: string; upTimeSeconds: number }, nowSeconds: number): void {
    const { version, upTimeSeconds } = facts;
    this.byTracker.set(tracker, { version, upTimeSeconds, connections: noConnections, lastPingSeconds: nowSeconds });
  }

  /** 65 */
  notePing(tracker: ServerAddress, connections: ConnectionCounts, nowSeconds: number): void {
    const known = this.byTracker.get(tracker);
    if (known !== undefined) this.byTracker.set(tracker, { ...known, connections, lastPingSeconds: nowSeconds });
  }
}
