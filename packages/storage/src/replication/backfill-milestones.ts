// When a new member begins to get its old files from here, and when it has them: what counts as having them, and that the
// trackers hear of it (76).
import type { StorageStatus } from "@fastdfs-ts/protocol";
import { sleep } from "@fastdfs-ts/runtime";

import type { Peer } from "../tracker-link/membership-view.ts";
import type { PeerProgress } from "./peer-progress.ts";
import type { PushQueue } from "./push-queue.ts";
import type { ReplicatorContext } from "./replicator-context.ts";
import { permissions } from "./replicator-states.ts";

/** A backfill is over when no more than this is missing: clients may never let the log rest. */
const CAUGHT_UP_SECONDS = 10;
/** A backfill is over although the peer refuses a few records, once they were tried this often. */
const PARKED_FEW = 10;
const PARKED_TRIES = 3;
/** More than that is trouble of the peer, a disk mostly, which may pass: a quarter of an hour. */
const PARKED_TRIES_OF_MANY = 10;

export interface BackfillMilestonesOptions {
  readonly context: Pick<ReplicatorContext, "world" | "log" | "config" | "trackers" | "onMilestone" | "mayMissFiles">;
  readonly progress: PeerProgress;
  /** As the trackers say now. */
  readonly peer: () => Peer;
  /** Aborts when the replication to this peer ends. */
  readonly signal: AbortSignal;
}

export class BackfillMilestones {
  private readonly options: BackfillMilestonesOptions;
  private isReporting = false;
  /** Whether this server had to fetch files back when it was looked last. */
  private missedFiles = false;

  constructor(options: BackfillMilestonesOptions) {
    this.options = options;
  }

  /** The peer is connected and is being fed. */
  noteFeeding(): void {
    if (this.options.peer().status === "WAIT_SYNC") void this.report("SYNCING");
  }

  /** To be called now and then while the peer is fed: all but what came in a moment ago may be confirmed. */
  look(): void {
    const { queue } = this.options.progress;
    if (queue === undefined) return;
    this.lookForMissingFiles(queue);
    if ((queue.takeStock() ?? Infinity) <= CAUGHT_UP_SECONDS) this.noteCaughtUp();
  }

  /** Everything is confirmed, or all but what came in a moment ago: if that was a backfill, it is over. */
  noteCaughtUp(): void {
    const { context, progress, peer } = this.options;
    const { start, queue } = progress;
    if (start?.needsBackfill !== true || queue === undefined) return;
    const mayMissFiles = this.lookForMissingFiles(queue);
    const tries = queue.parked.count > PARKED_FEW ? PARKED_TRIES_OF_MANY : PARKED_TRIES;
    if (queue.parked.hasTriedLessThan(tries)) return;
    // What this server has to fetch back from others itself, however long that takes, the new member must not go without.
    if (queue.parked.count > 0 && mayMissFiles) return;
    if (!start.isBackfillDone) {
      progress.finishBackfill();
      const { storageId } = peer();
      context.log.notice("replication.backfill-done", { peer: storageId, parked: queue.parked.count });
    }
    // Until the trackers say otherwise: the report may have been lost with this process, or with a tracker.
    if (permissions[peer().status] === "backfill") void this.report("OFFLINE");
  }

  /** Whether files may have to be fetched back. When that is over, their records, left alone for minutes by now, are due. */
  private lookForMissingFiles({ parked }: PushQueue): boolean {
    const mayMissFiles = this.options.context.mayMissFiles();
    if (this.missedFiles && !mayMissFiles) parked.startOver();
    this.missedFiles = mayMissFiles;
    return mayMissFiles;
  }

  /** Moves the peer on at all trackers, after the mark says so too. One report at a time. */
  private async report(status: StorageStatus): Promise<void> {
    if (this.isReporting) return;
    this.isReporting = true;
    const { context, progress, peer, signal } = this.options;
    const { trackers, onMilestone, world, config, log } = context;
    try {
      await progress.save();
      await trackers.report(peer(), status, signal);
      onMilestone();
      // The answer comes with the next beat; not each second until then.
      if (status === "OFFLINE") await sleep(world.clock, config.heartBeatIntervalMs, signal);
    } catch (error) {
      if (!signal.aborted) log.warn("replication.report-failed", { peer: peer().storageId, status, error });
    } finally {
      this.isReporting = false;
    }
  }
}
