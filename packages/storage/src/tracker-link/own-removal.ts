// What this storage knows of removals in its group, its own above all. A member that an administrator removed leaves for
// good: it joins no tracker, serves nothing, feeds nobody, and keeps its data. It stays so over restarts, until a person has
// it join as new (rejoin-as-new.ts). C storages come back by their next join (cluster-behaviour.md §3.6).
import { EXTENSION_KEY, FdfsError, isStanding, type Removal, RemovalSet, trackerCommands } from "@fastdfs-ts/protocol";
import type { Disk, Logger } from "@fastdfs-ts/runtime";

import { OwnRemovalFile } from "../formats/own-removal-file.ts";
import type { TrackerQuestions } from "./tracker-questions.ts";

export interface OwnRemovalOptions {
  readonly disk: Disk;
  readonly basePath: string;
  readonly groupName: string;
  readonly storageId: string;
  /** When the life of this data directory began, from `.data_init_flag`. */
  readonly joinTimeSeconds: number;
  readonly log: Logger;
}

export class OwnRemoval {
  /** Of all members of the group, as trackers of ours told. */
  private readonly known = new RemovalSet();
  /** Advances with every change of `all`. */
  revision = 0;
  private readonly options: OwnRemovalOptions;
  private readonly file: OwnRemovalFile;
  private removedAt: number | undefined;
  private readonly listeners: (() => void)[] = [];

  private constructor(options: OwnRemovalOptions, file: OwnRemovalFile) {
    this.options = options;
    this.file = file;
  }

  /** Reads whether an earlier process was told. Throws FdfsError if the file is there and cannot be read. */
  static open(options: OwnRemovalOptions): OwnRemoval {
    const file = new OwnRemovalFile(options.disk, options.basePath);
    const own = new OwnRemoval(options, file);
    const stored = file.read();
    if (stored !== undefined) own.take([{ ...stored, storageId: options.storageId, returnedSeconds: 0 }]);
    return own;
  }

  get isRemoved(): boolean {
    return this.removedAt !== undefined;
  }

  get all(): Removal[] {
    return [...this.known.all];
  }

  /** Calls `listener` once, when the removal becomes known. */
  onRemoved(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** Takes in what a tracker knows. */
  take(told: readonly Removal[]): void {
    for (const removal of told) if (this.known.merge(removal) !== undefined) this.revision++;
    const own = this.known.get(this.options.storageId);
    // What happened to an earlier life of this id does not concern the present one.
    if (this.isRemoved || !isStanding(own) || this.options.joinTimeSeconds > own.joinSeconds) return;
    this.removedAt = own.removedSeconds;
    this.options.log.error("storage.removed", { reason: this.refusal().facts.reason });
    this.keep(own);
    for (const listener of this.listeners.splice(0)) listener();
  }

  /**
   * Asks those trackers of ours that can be reached before the first join: a C tracker, or one that was down when the
   * storage was removed, would put it in service, until the others are joined too. Throws only the signal's reason.
   */
  async askTrackers(questions: TrackerQuestions): Promise<void> {
    const offers = await questions.askEachOnce(trackerCommands.parameters, {});
    const ours = offers.filter((offer) => "answer" in offer && offer.answer.extensions.has(EXTENSION_KEY));
    const request = { groupName: this.options.groupName, removals: this.all };
    const trackers = ours.map(({ tracker }) => tracker);
    for (const outcome of await questions.askEachOnce(trackerCommands.shareRemovals, request, trackers)) {
      if ("answer" in outcome) this.take(outcome.answer.removals);
    }
  }

  /** Throws what `refusal` is if this storage was removed. */
  requireMember(): void {
    if (this.isRemoved) throw this.refusal();
  }

  /** What clients are told, and what stands in the log and beside each tracker. */
  refusal(): FdfsError {
    const { groupName, storageId, basePath } = this.options;
    const when = new Date((this.removedAt ?? 0) * 1000).toISOString();
    return new FdfsError("NOT_ACTIVE", {
      groupName,
      reason:
        `an administrator removed storage ${storageId} from ${groupName} at ${when}. Its data stays where it is, below ` +
        `${basePath} and its store paths, and is not served. To let it join as a new member start it with --rejoin`,
    });
  }

  private keep({ joinSeconds, removedSeconds }: Removal): void {
    try {
      this.file.write({ joinSeconds, removedSeconds });
    } catch (error) {
      // The trackers will say it again at the next start.
      this.options.log.error("storage.removal-not-saved", { path: this.file.path, error });
    }
  }
}
