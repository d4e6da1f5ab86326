// Trouble with one peer: how long it is left alone after each failure, and what of it is worth a line in the log. One line per
// change, however often the same trouble comes.
import type { Logger } from "@fastdfs-ts/runtime";

import type { SessionEnd } from "./peer-session.ts";

const REST_MS = 100;
const LONGEST_REST_MS = 5000;
/** A peer that answers that it cannot take anything is left alone for longer. */
const TROUBLE_REST_MS = 1000;
const LONGEST_TROUBLE_REST_MS = 30_000;

export class PeerTrouble {
  private readonly log: Logger;
  private readonly storageId: string;
  private failures = 0;
  private loggedReason = "";
  private isConnectionLogged = false;

  constructor(log: Logger, storageId: string) {
    this.log = log;
    this.storageId = storageId;
  }

  /** The peer is connected, which does not end the trouble yet. */
  connected(peerIsOurs: boolean): void {
    if (!this.isConnectionLogged) this.log.info("replication.connected", { peer: this.storageId, ours: peerIsOurs });
    this.isConnectionLogged = true;
  }

  /** Milliseconds for which the peer is left alone now. */
  failed({ error, isPeerInTrouble }: SessionEnd): number {
    const [first, longest] = isPeerInTrouble ? [TROUBLE_REST_MS, LONGEST_TROUBLE_REST_MS] : [REST_MS, LONGEST_REST_MS];
    const restMs = Math.min(longest, first * 2 ** Math.min(this.failures++, 20));
    if (error.message !== this.loggedReason) {
      this.loggedReason = error.message;
      this.isConnectionLogged = false;
      this.log.warn("replication.interrupted", { peer: this.storageId, reason: error.message });
    }
    return restMs;
  }

  /** The peer was of use: what comes now is new trouble. */
  passed(): void {
    this.failures = 0;
    this.loggedReason = "";
  }
}
