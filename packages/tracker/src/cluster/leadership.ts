// Which tracker leads. Trackers learn of each other, and of their own address, from the joins of storages
// (wire-protocol.md §6.3, §7.2). A tracker that knows no other elects itself.
import { FdfsError, MAX_TRACKERS } from "@fastdfs-ts/protocol";
import { parseServerAddress, printServerAddress, type ServerAddress } from "@fastdfs-ts/runtime";

import { TRACKER_PORT_DEFAULT } from "../limits.ts";

/** "ip:port" of an address list's first address; IPv6 in brackets. */
export function printHostPort(host: string, port: number): string {
  return printServerAddress({ hosts: [host], port });
}

export class Leadership {
  private trackers: readonly ServerAddress[] = [];
  private me: ServerAddress | undefined;
  private isLeading = false;
  /** Advances when the leader changes; connections compare it with what they were told. */
  changes = 0;
  private readonly ownPort: () => number;
  private readonly ownAddresses: () => readonly string[];

  constructor(ownPort: () => number, ownAddresses: () => readonly string[]) {
    this.ownPort = ownPort;
    this.ownAddresses = ownAddresses;
  }

  get isLeader(): boolean {
    return this.isLeading;
  }

  /** This tracker's entry in the list of trackers, once a storage has joined. */
  get self(): ServerAddress | undefined {
    return this.me;
  }

  /** The leading tracker, if one is known. */
  get leader(): ServerAddress | undefined {
    return this.isLeading ? this.me : undefined;
  }

  get knownTrackers(): readonly ServerAddress[] {
    return this.trackers;
  }

  /**
   * Checks the tracker list of a join and returns a function that takes it over. Throws BAD_REQUEST for a line that is no
   * address, NO_SPACE if more than 16 trackers would be known, NOT_FOUND if this tracker is not among them. `addresses`
   * are further addresses of this tracker: the one the storage dialled and the local one of its connection.
   */
  checkTrackerList(lines: readonly string[], addresses: readonly string[]): () => void {
    const merged = [...this.trackers];
    for (const line of lines) {
      const tracker = parseServerAddress(line, TRACKER_PORT_DEFAULT);
      if (typeof tracker === "string") {
        throw new FdfsError("BAD_REQUEST", { reason: `the join lists the tracker "${line}": ${tracker}` });
      }
      if (!merged.some((known) => isSame(known, tracker))) merged.push(tracker);
    }
    if (merged.length > MAX_TRACKERS) {
      throw new FdfsError("NO_SPACE", {
        reason: `storages name ${merged.length} different trackers, ${MAX_TRACKERS} are possible; give all storages the same list`,
      });
    }
    const own = new Set([...this.ownAddresses(), ...addresses]);
    const port = this.ownPort();
    const me = merged.find((tracker) => tracker.port === port && tracker.hosts.some((host) => own.has(host)));
    if (me === undefined) {
      throw new FdfsError("NOT_FOUND", {
        reason: `none of the trackers ${lines.join(", ")} is this one (port ${port}); correct tracker_server in the storage's configuration`,
      });
    }
    return () => {
      this.trackers = merged;
      this.me = me;
    };
  }

  /** Whether `address` ("ip:port") is a known tracker. */
  knows(address: string): boolean {
    const tracker = parseServerAddress(address, TRACKER_PORT_DEFAULT);
    return typeof tracker !== "string" && this.trackers.some((known) => isSame(known, tracker));
  }

  /** Whether `address` ("ip:port") is this tracker. */
  isSelf(address: string): boolean {
    const tracker = parseServerAddress(address, TRACKER_PORT_DEFAULT);
    return typeof tracker !== "string" && this.me !== undefined && isSame(this.me, tracker);
  }

  /** Takes the lead if nobody does and there is no other tracker to ask. Tells whether that happened. */
  electIfAlone(): boolean {
    if (this.isLeading || this.me === undefined || this.trackers.length !== 1) return false;
    this.isLeading = true;
    this.changes++;
    return true;
  }

  /** Stops leading (command 68). */
  resign(): void {
    this.isLeading = false;
    this.changes++;
  }
}

/** Two spellings of one tracker share an address and the port. */
function isSame(a: ServerAddress, b: ServerAddress): boolean {
  return a.port === b.port && a.hosts.some((host) => b.hosts.includes(host));
}
