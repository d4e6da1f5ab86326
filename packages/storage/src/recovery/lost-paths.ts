// The store paths whose files are gone: decides for each one, tells the trackers, has its files copied.
import { FdfsError, type StorageStatus, storageStatusValue, trackerCommands } from "@fastdfs-ts/protocol";
import type { Logger, StorageConfig, World } from "@fastdfs-ts/runtime";

import type { FileStore } from "../files/file-store.ts";
import type { DataInitFile } from "../formats/data-init-file.ts";
import type { StorageIdentity } from "../identity.ts";
import type { StorePath } from "../store/store-path.ts";
import type { TrackerQuestions } from "../tracker-link/tracker-questions.ts";
import { FileGivers } from "./file-givers.ts";
import { askForGroup, type GroupPicture, isComplete } from "./group-picture.ts";
import { acceptFilePath, hasCompleteMember, isLossAccepted, lostPathAction } from "./lost-path.ts";
import { lookbackTime } from "./member-repair.ts";
import { isBeingRecovered, PathRecovery } from "./path-recovery.ts";
import type { PeerDialing } from "./peer-client.ts";
import type { PendingRepair } from "./pending-repair.ts";
import { RecoveryFiles } from "./recovery-files.ts";

export interface LostPathsOptions {
  readonly config: Pick<StorageConfig, "diskRecoveryThreads" | "heartBeatIntervalMs">;
  readonly world: World;
  readonly log: Logger;
  readonly signal?: AbortSignal | undefined;
  readonly identity: StorageIdentity;
  readonly initFile: DataInitFile;
  readonly questions: TrackerQuestions;
  readonly pending: PendingRepair;
  readonly dialing: PeerDialing;
}

export class LostPaths {
  private readonly options: LostPathsOptions;

  constructor(options: LostPathsOptions) {
    this.options = options;
  }

  /**
   * Decides what becomes of a store path in which files are expected and missing, or whose recovery was interrupted. Tells
   * whether its files must be copied from other members; then that is also written down in the path. Throws FdfsError
   * IO_FAILED if only a person can decide.
   */
  async begin(storePathIndex: number, path: string, reason: string): Promise<boolean> {
    const { world, initFile, config, log } = this.options;
    const files = new RecoveryFiles(world.disk, `${path}/data`);
    if (isLossAccepted(world.disk, path)) {
      log.warn("store-path.loss-accepted", { path, file: acceptFilePath(path) });
      if (isBeingRecovered(world.disk, `${path}/data`)) files.remove();
      return false;
    }
    if (isBeingRecovered(world.disk, `${path}/data`)) return true;
    const picture = await this.askForGroup();
    const action = lostPathAction({
      isLossAccepted: false,
      awaitsOldFiles: !initFile.flag.isSyncOldDone,
      hasCompleteMember: hasCompleteMember(picture, storePathIndex),
    });
    if (action === "refuse") throw this.lostForGood(path, reason);
    log.warn("store-path.lost", { path, reason, action });
    if (action === "accept") return false;
    const savedStatus = storageStatusValue(picture.ownStatus ?? "INIT");
    // Before anything is made in the path: from now on it is never again taken for one that is complete.
    files.writeFlag({ savedStatus, hasLists: false, lists: config.diskRecoveryThreads });
    return true;
  }

  /** Copies the files of a path for which `begin` said so. Throws FdfsError of the disk, and the signal's reason. */
  async restore(store: Pick<FileStore, "paths">, storePath: StorePath): Promise<void> {
    const { world, config, dialing, pending } = this.options;
    // The member that is copied from may not have got the newest files and changes of the others yet, which our log may
    // name all the same.
    pending.requireAfterDiskLoss(lookbackTime(Math.floor(world.clock.now() / 1000)), storePath.index);
    const { ownStatus } = await this.askForGroup();
    const reports = await this.reportRecovery(ownStatus);
    try {
      await new PathRecovery({
        ...this.options,
        ...world,
        givers: new FileGivers({ ...this.options, ...world, dialing, askForGroup: () => this.askForGroup() }),
        store,
        storePath,
        threads: config.diskRecoveryThreads,
      }).run();
    } finally {
      reports.cancel();
    }
  }

  private askForGroup(): Promise<GroupPicture> {
    return askForGroup({ ...this.options, ...this.options.world });
  }

  /**
   * Tells the trackers, and again with each beat: one that still counts this storage as ACTIVE does not listen yet. A
   * storage that old files are being copied to keeps its status: the end of RECOVERY would make it complete.
   */
  private async reportRecovery(ownStatus: StorageStatus | undefined) {
    const { identity, questions, world, config } = this.options;
    if (!isComplete(ownStatus)) return { cancel: () => undefined };
    const request = {
      groupName: identity.groupName,
      storage: {
        status: storageStatusValue("RECOVERY"),
        storagePort: 0,
        storageId: identity.storageId,
        storageIp: identity.addresses[0]!,
      },
    };
    const isUnknownGroup = ({ kind }: FdfsError) => kind === "NOT_FOUND";
    await questions.tellEvery("recovery of a disk", trackerCommands.reportStatus, request, isUnknownGroup);
    return world.clock.every(config.heartBeatIntervalMs, () => {
      void questions.askEachOnce(trackerCommands.reportStatus, request).catch(() => undefined);
    });
  }

  private lostForGood(path: string, reason: string): FdfsError {
    const remedy =
      `No other member of ${this.options.identity.groupName} holds these files. If they are lost for good, create the ` +
      `file ${acceptFilePath(path)} and start again`;
    return new FdfsError("IO_FAILED", { path, reason: `${reason}. ${remedy}` });
  }
}
