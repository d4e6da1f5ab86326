// What the trackers think of this storage. Each keeps a status of its own (cluster-behaviour.md §2.2); together they decide
// what the next join says, and whether a follower has to be told the leader's opinion (§2.5).
import { isAvailable, type StorageStatus, storageStatuses, storageStatusValue } from "@fastdfs-ts/protocol";

interface Opinion {
  /** Whether a join at this tracker was tried since the start, with whatever result. */
  wasTried: boolean;
  status: StorageStatus | undefined;
}

/** The status byte of a join that says "I do not know yet". */
export const STATUS_UNKNOWN = -1;

export class OwnStatus {
  private readonly byTracker: Map<string, Opinion>;
  private leaderName: string | undefined;
  /** Resolves when a join at every tracker was tried. */
  readonly allTried: Promise<void>;
  private onAllTried!: () => void;

  /** `trackers`: the names of all configured trackers. */
  constructor(trackers: readonly string[]) {
    this.byTracker = new Map(trackers.map((name) => [name, { wasTried: false, status: undefined }]));
    this.allTried = new Promise((resolve) => {
      this.onAllTried = resolve;
    });
  }

  /** The status at this tracker as far as we know, undefined before the first join. */
  at(tracker: string): StorageStatus | undefined {
    return this.opinion(tracker).status;
  }

  noteTried(tracker: string): void {
    this.opinion(tracker).wasTried = true;
    if (this.wereAllTried) this.onAllTried();
  }

  noteStatus(tracker: string, status: StorageStatus): void {
    this.opinion(tracker).status = status;
  }

  /** The leader told us a status in its member list: it is the opinion that counts. */
  noteLeaderOpinion(tracker: string, status: StorageStatus): void {
    this.noteStatus(tracker, status);
    this.leaderName = tracker;
  }

  /** Only the present leader's opinion is passed on. */
  forgetLeader(): void {
    this.leaderName = undefined;
  }

  /** The link to a tracker is down: its status of us stays the last we know, but it is no longer passed on as the leader's. */
  noteLinkEnded(tracker: string): void {
    this.noteTried(tracker);
    if (this.leaderName === tracker) this.leaderName = undefined;
  }

  get wereAllTried(): boolean {
    return [...this.byTracker.values()].every(({ wasTried }) => wasTried);
  }

  /** The highest status that any tracker gives us. */
  get best(): StorageStatus | undefined {
    let best: StorageStatus | undefined;
    for (const { status } of this.byTracker.values()) {
      if (status !== undefined && (best === undefined || storageStatusValue(status) > storageStatusValue(best))) {
        best = status;
      }
    }
    return best;
  }

  /** Whether some tracker has counted this storage as complete: copying old files is over. */
  get isComplete(): boolean {
    const best = this.best;
    return best !== undefined && storageStatusValue(best) >= storageStatuses.OFFLINE.value;
  }

  /**
   * The status byte of a join. Unknown until every other tracker was tried: a tracker with empty data must not take over an
   * established storage while another one could know better (cluster-behaviour.md §2.3 #2).
   */
  statusToReport(tracker: string): number {
    for (const [name, { wasTried }] of this.byTracker) if (name !== tracker && !wasTried) return STATUS_UNKNOWN;
    return storageStatusValue(this.best ?? "INIT");
  }

  /** The leader's status of us, if this tracker has another one that matters (cluster-behaviour.md §2.5). */
  correctionFor(tracker: string): StorageStatus | undefined {
    if (this.leaderName === undefined || tracker === this.leaderName) return undefined;
    const theirs = this.at(tracker);
    const leaders = this.at(this.leaderName);
    if (theirs === undefined || leaders === undefined || theirs === leaders) return undefined;
    return isComplete(theirs) && isComplete(leaders) ? undefined : leaders;
  }

  private opinion(tracker: string): Opinion {
    let opinion = this.byTracker.get(tracker);
    if (opinion === undefined) this.byTracker.set(tracker, (opinion = { wasTried: false, status: undefined }));
    return opinion;
  }
}

/** Followers learn OFFLINE, ONLINE and ACTIVE from our own reports. */
function isComplete(status: StorageStatus): boolean {
  return status === "OFFLINE" || isAvailable(status);
}

/** What a tracker makes of our status when we tell it our source (88), "" for none (cluster-behaviour.md §2.3 #7, #8). */
export function statusAfterNotify(status: StorageStatus, source: string): StorageStatus {
  if (source !== "") return status === "INIT" ? "WAIT_SYNC" : status;
  return status === "INIT" || status === "WAIT_SYNC" || status === "SYNCING" ? "ONLINE" : status;
}

/** What a tracker makes of our status when it gets a beat or a disk report (cluster-behaviour.md §2.3 #11). */
export function statusAfterReport(status: StorageStatus): StorageStatus {
  return status === "OFFLINE" || status === "ONLINE" || status === "RECOVERY" ? "ACTIVE" : status;
}
