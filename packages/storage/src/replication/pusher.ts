// The member that pushes a record here. Most push what was done at them. One that fills a new member pushes what others did as
// well, until it hears that the new member is ACTIVE; by then those others push it themselves, so it can come from both. What
// comes second-hand has the content that a file had at the filling member then, and that may be behind: it must not take the place
// of what its own member has pushed.
import { RecentNames } from "../files/recent-names.ts";
import type { ResolvedName } from "../files/resolve-name.ts";
import { sourceIdOf } from "../recovery/source-of-name.ts";

/** Of files that change. The two overlap for less than a minute. */
const CHANGES = 10_000;

/** A record that is the same whoever pushes it. */
export interface PushedChange {
  readonly target: ResolvedName;
  readonly seconds: number;
  /** As in the log, with what follows the name there. */
  readonly op: "c" | "u" | `m ${number} ${number}`;
}

/** By change: the storage id of the member that pushed it. */
export class PushedChanges {
  private readonly senders = new RecentNames<string>(CHANGES);

  senderOf(change: PushedChange): string | undefined {
    return this.senders.get(keyOf(change));
  }

  note(change: PushedChange, storageId: string): void {
    this.senders.set(keyOf(change), storageId);
  }
}

export class Pusher {
  private readonly storageId: string | undefined;
  private readonly changes: PushedChanges;

  /** `storageId`: undefined if it has not introduced itself. */
  constructor(storageId: string | undefined, changes: PushedChanges) {
    this.storageId = storageId;
    this.changes = changes;
  }

  /** Whether this one pushes second-hand what another one has pushed. Who took the upload of a file has the first word on it. */
  isBehind(change: PushedChange): boolean {
    const { storageId, changes } = this;
    if (storageId === undefined) return false;
    const sender = changes.senderOf(change);
    return sender !== undefined && sender !== storageId && sourceIdOf(change.target) !== storageId;
  }

  /** The change was made here. */
  noteDone(change: PushedChange): void {
    if (this.storageId !== undefined) this.changes.note(change, this.storageId);
  }
}

function keyOf({ target, seconds, op }: PushedChange): string {
  return `${seconds} ${op} ${target.logicalName}`;
}
