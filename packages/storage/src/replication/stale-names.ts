// Files of which the peer may hold an older content, because a change of theirs was not pushed: the file had been renamed
// or cut off already when the record had its turn. What such a record would have brought has to go with the next one of
// the same file that could not notice: a truncation (a peer answers "not my size" as if it were done, cluster-behaviour.md §4.7) and a
// renaming, which would carry the old content over to the new name.
//
// And files of which a peer that lost its power may hold a torn copy. Its size is right, so that a repeated creation or append
// is answered "there already": the first repeated record of each file brings it whole.
import { statedContent } from "../files/stated-content.ts";
import type { PushForm } from "./push-forms.ts";
import type { PushTask } from "./push-task.ts";

/** Names leave with the next whole file, renaming or deletion. More than this means lost files: then all are doubtful. */
const STALE_NAMES_MAX = 10_000;

/** How a record is pushed when the peer may hold an older content of its file. */
const ifStale: Partial<Record<PushForm, PushForm>> = { truncate: "update", rename: "renameAndUpdate" };

/** How a record is pushed when the peer may hold a torn copy of its file. */
const ifTorn: Partial<Record<PushForm, PushForm>> = {
  create: "createAndUpdate",
  append: "update",
  modify: "update",
  truncate: "update",
};

export class StaleNames {
  private readonly names = new Set<string>();
  /** Names that a peer which lost its power was given whole since. */
  private readonly mended = new Set<string>();
  private isAnyDoubtful = false;

  /** The form in which a record that has its turn is pushed. */
  formOf(task: PushTask): PushForm {
    const whole = this.isTornThere(task) ? ifTorn[task.form] : undefined;
    if (whole !== undefined) return whole;
    const form = ifStale[task.form];
    return form !== undefined && this.isDoubtful(task) ? form : task.form;
  }

  /** A record was left out because its file is not here in that shape any more. */
  leftOut(task: PushTask): void {
    if (!changesContent(task)) this.settled(task);
    else if (this.names.size < STALE_NAMES_MAX) this.names.add(task.record.logicalName);
    else this.isAnyDoubtful = true;
  }

  /** The peer has taken a record. */
  confirmed(task: PushTask): void {
    if (!changesContent(task) || task.form === "update") this.settled(task);
    if (task.mayBeTornThere && task.form === "update" && this.mended.size < STALE_NAMES_MAX) {
      this.mended.add(task.record.logicalName);
    }
  }

  /** A file whose name states its content is held to that by the peer itself. */
  private isTornThere({ mayBeTornThere, record: { logicalName } }: PushTask): boolean {
    return mayBeTornThere && statedContent(logicalName) === undefined && !this.mended.has(logicalName);
  }

  private settled(task: PushTask): void {
    if (this.names.size > 0) for (const name of task.names) this.names.delete(name);
  }

  private isDoubtful({ names, mayFollowLeftOut }: PushTask): boolean {
    if (mayFollowLeftOut || this.isAnyDoubtful) return true;
    return this.names.size > 0 && names.some((name) => this.names.has(name));
  }
}

/** Whether the record changes content that the peer has. What is left out of a file that it has not got it misses anyway. */
function changesContent({ record }: PushTask): boolean {
  return "AMT".includes(record.op.toUpperCase());
}
