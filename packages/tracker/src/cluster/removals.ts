// Who was removed by an administrator, beyond restarts and also of this tracker only hearing of it: a record per member and
// group, which trackers and storages of ours tell each other (124). Without it a member comes back by its next join at a
// tracker that was down or was restarted (cluster-behaviour.md §2.4, §3.6, §11.1 W27).
import { MAX_GROUPS, type Removal, REMOVALS_PER_GROUP } from "@fastdfs-ts/protocol";

/** Whether the removal stands: the member has not joined again since. */
export function isStanding(removal: Removal | undefined): removal is Removal {
  return removal !== undefined && removal.removedSeconds > removal.returnedSeconds;
}

export class Removals {
  /** group name → storage id → the last removal */
  private readonly byGroup = new Map<string, Map<string, Removal>>();

  get(groupName: string, storageId: string): Removal | undefined {
    return this.byGroup.get(groupName)?.get(storageId);
  }

  /** All of a group, those that do not stand any more included. */
  of(groupName: string): readonly Removal[] {
    return [...(this.byGroup.get(groupName)?.values() ?? [])];
  }

  get groupNames(): readonly string[] {
    return [...this.byGroup.keys()];
  }

  /**
   * Takes in what somebody knows of a removal; of each fact the later one counts, so the order does not matter. Returns the
   * record as it is now, and whether it changed.
   */
  merge(groupName: string, told: Removal): { readonly removal: Removal; readonly isNews: boolean } {
    const known = this.get(groupName, told.storageId);
    const removal: Removal = known === undefined ? told : merged(known, told);
    const isNews = known === undefined || !isSame(known, removal);
    if (isNews) this.keep(groupName, removal);
    return { removal, isNews };
  }

  private keep(groupName: string, removal: Removal): void {
    let group = this.byGroup.get(groupName);
    if (group === undefined) {
      if (this.byGroup.size >= 2 * MAX_GROUPS) this.byGroup.delete(this.byGroup.keys().next().value!);
      this.byGroup.set(groupName, (group = new Map<string, Removal>()));
    }
    group.set(removal.storageId, removal);
    if (group.size <= REMOVALS_PER_GROUP) return;
    const oldest = [...group.values()].reduce((a, b) => (b.removedSeconds < a.removedSeconds ? b : a));
    group.delete(oldest.storageId);
  }
}

function merged(known: Removal, told: Removal): Removal {
  // At the same second the later life is over, and with it the earlier ones.
  const isLater =
    told.removedSeconds > known.removedSeconds ||
    (told.removedSeconds === known.removedSeconds && told.joinSeconds > known.joinSeconds);
  const removal = isLater ? told : known;
  return { ...removal, returnedSeconds: Math.max(known.returnedSeconds, told.returnedSeconds) };
}

function isSame(a: Removal, b: Removal): boolean {
  return (
    a.joinSeconds === b.joinSeconds &&
    a.removedSeconds === b.removedSeconds &&
    a.returnedSeconds === b.returnedSeconds
  );
}
