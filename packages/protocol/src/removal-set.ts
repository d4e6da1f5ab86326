// What a server knows of the removals in one group, and how two of them come to the same: of each fact the later one
// counts, so it does not matter who tells whom, how often, and in which order (messages/extensions.ts, 124).
import { REMOVALS_PER_GROUP } from "./limits.ts";
import type { Removal } from "./messages/extensions.ts";

/** Whether the removal stands: the member has not joined again since. */
export function isStanding(removal: Removal | undefined): removal is Removal {
  return removal !== undefined && removal.removedSeconds > removal.returnedSeconds;
}

export class RemovalSet {
  private readonly byId = new Map<string, Removal>();

  get(storageId: string): Removal | undefined {
    return this.byId.get(storageId);
  }

  /** Those that do not stand any more included: others may not have heard of the return. */
  get all(): readonly Removal[] {
    return [...this.byId.values()];
  }

  /** Takes in what somebody knows. Returns the record as it is now, `undefined` if nothing changed or it makes no sense. */
  merge(told: Removal): Removal | undefined {
    if (!isSound(told)) return undefined;
    const known = this.byId.get(told.storageId);
    const removal = known === undefined ? told : laterOf(known, told);
    if (known !== undefined && isSame(known, removal)) return undefined;
    this.byId.set(told.storageId, removal);
    if (this.byId.size > REMOVALS_PER_GROUP) this.forgetOldest();
    return removal;
  }

  private forgetOldest(): void {
    const oldest = this.all.reduce((a, b) => (b.removedSeconds < a.removedSeconds ? b : a));
    this.byId.delete(oldest.storageId);
  }
}

/** About the year 36812: what lies beyond is no time. */
const LAST_SECOND = 2 ** 40;

function isSound({ storageId, joinSeconds, removedSeconds, returnedSeconds }: Removal): boolean {
  const times = [joinSeconds, removedSeconds, returnedSeconds];
  return /^[^\s,]{1,15}$/.test(storageId) && times.every((seconds) => seconds >= 0 && seconds <= LAST_SECOND);
}

function laterOf(known: Removal, told: Removal): Removal {
  // At the same second the later life is over, and with it the earlier ones.
  const isLater =
    told.removedSeconds > known.removedSeconds ||
    (told.removedSeconds === known.removedSeconds && told.joinSeconds > known.joinSeconds);
  const removal = isLater ? told : known;
  return { ...removal, returnedSeconds: Math.max(known.returnedSeconds, told.returnedSeconds) };
}

function isSame(a: Removal, b: Removal): boolean {
  return (
    a.joinSeconds === b.joinSeconds && a.removedSeconds === b.removedSeconds && a.returnedSeconds === b.returnedSeconds
  );
}
