// Who was removed by an administrator, group by group: beyond restarts, beyond the end of the group, and also where another
// tracker was told. Without it a member comes back by its next join at a tracker that was down or was restarted
// (cluster-behaviour.md §2.4, §3.6, §11.1 W27).
import { MAX_GROUPS, type Removal, RemovalSet } from "@fastdfs-ts/protocol";

/** Groups come and go too. */
const GROUPS_REMEMBERED = 2 * MAX_GROUPS;

export class Removals {
  private readonly byGroup = new Map<string, RemovalSet>();

  get(groupName: string, storageId: string): Removal | undefined {
    return this.byGroup.get(groupName)?.get(storageId);
  }

  /** All of a group, those that do not stand any more included. */
  of(groupName: string): readonly Removal[] {
    return this.byGroup.get(groupName)?.all ?? [];
  }

  get groupNames(): readonly string[] {
    return [...this.byGroup.keys()];
  }

  /** Takes in what somebody knows. Returns the record as it is now, `undefined` if nothing changed. */
  merge(groupName: string, told: Removal): Removal | undefined {
    let group = this.byGroup.get(groupName);
    if (group === undefined) {
      if (this.byGroup.size >= GROUPS_REMEMBERED) this.byGroup.delete(this.byGroup.keys().next().value!);
      this.byGroup.set(groupName, (group = new RemovalSet()));
    }
    return group.merge(told);
  }
}
