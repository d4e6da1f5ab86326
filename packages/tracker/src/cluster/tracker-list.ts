// Which trackers there are, and which of them is this one. A tracker learns both from the joins of storages: nobody
// configures it (wire-protocol.md §6.3, cluster-behaviour.md §3.11). The list never shrinks while the tracker runs.
import { FdfsError, MAX_TRACKERS } from "@fastdfs-ts/protocol";
import { parseServerAddress, printServerAddress, type ServerAddress } from "@fastdfs-ts/runtime";

import { TRACKER_PORT_DEFAULT } from "../limits.ts";

/** "ip:port" of an address list's first address; IPv6 in brackets. */
export function printHostPort(host: string, port: number): string {
  return printServerAddress({ hosts: [host], port });
}

/** How logs and other trackers call a tracker. */
export function trackerName({ hosts, port }: ServerAddress): string {
  return printHostPort(hosts[0]!, port);
}

/** The list of a join that fits. */
export interface CheckedTrackerList {
  /** This tracker's entry. */
  readonly self: ServerAddress;
  /** The trackers of the join that are not this one. */
  readonly others: readonly ServerAddress[];
  /** Takes the list over. */
  take(): void;
}

export class TrackerList {
  /** The same tracker is always the same object, so it can be the key of a map. */
  all: readonly ServerAddress[] = [];
  /** This tracker's entry, once a storage has joined. */
  self: ServerAddress | undefined;
  private readonly ownPort: () => number;
  private readonly ownAddresses: () => readonly string[];

  constructor(ownPort: () => number, ownAddresses: () => readonly string[]) {
    this.ownPort = ownPort;
    this.ownAddresses = ownAddresses;
  }

  /** All but this one. */
  get others(): readonly ServerAddress[] {
    return this.all.filter((tracker) => tracker !== this.self);
  }

  /** The tracker at `address` ("ip:port", IPv6 in brackets), if it is known. */
  find(address: string): ServerAddress | undefined {
    const wanted = parseServerAddress(address, TRACKER_PORT_DEFAULT);
    return typeof wanted === "string" ? undefined : this.all.find((known) => isSame(known, wanted));
  }

  /**
   * Checks the tracker list of a join. Throws BAD_REQUEST for a line that is no address, NO_SPACE if more than 16 trackers
   * would be known, NOT_FOUND if this tracker is not among them. `addresses` are further addresses of this tracker: the
   * one the storage dialled and the local one of its connection.
   */
  check(lines: readonly string[], addresses: readonly string[]): CheckedTrackerList {
    const merged = [...this.all];
    const named = lines.map((line) => {
      const tracker = parseServerAddress(line, TRACKER_PORT_DEFAULT);
      if (typeof tracker === "string") {
        throw new FdfsError("BAD_REQUEST", { reason: `the join lists the tracker "${line}": ${tracker}` });
      }
      const known = merged.find((other) => isSame(other, tracker));
      if (known === undefined) merged.push(tracker);
      return known ?? tracker;
    });
    if (merged.length > MAX_TRACKERS) {
      throw new FdfsError("NO_SPACE", {
        reason: `storages name ${merged.length} different trackers, ${MAX_TRACKERS} are possible; give all storages the same list`,
      });
    }
    const own = new Set([...this.ownAddresses(), ...addresses]);
    const port = this.ownPort();
    const self = merged.find((tracker) => tracker.port === port && tracker.hosts.some((host) => own.has(host)));
    if (self === undefined) {
      throw new FdfsError("NOT_FOUND", {
        reason: `none of the trackers ${lines.join(", ")} is this one (port ${port}); correct tracker_server in the storage's configuration`,
      });
    }
    return {
      self,
      others: named.filter((tracker) => tracker !== self),
      take: () => {
        this.all = merged;
        this.self = self;
      },
    };
  }
}

/** Two spellings of one tracker share an address and the port. */
function isSame(a: ServerAddress, b: ServerAddress): boolean {
  return a.port === b.port && a.hosts.some((host) => b.hosts.includes(host));
}
