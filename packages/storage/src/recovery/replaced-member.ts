// A server whose base path is new but whose id the trackers know as a complete member: everything it held is gone. It must
// come back as a new member, to which another one copies all files (87). Joining as it is would not do: only the tracker
// that is asked for a source would notice, the others would count it as complete, and its peers would go on where they
// were with the old one. So it removes itself first (93), waits until the members have heard of it, and joins as new.
import { FdfsError, type StorageStatus, trackerCommands } from "@fastdfs-ts/protocol";
import { type Logger, sleep, type StorageConfig, type World } from "@fastdfs-ts/runtime";

import type { DataInitFile } from "../formats/data-init-file.ts";
import type { StorageIdentity } from "../identity.ts";
import type { TrackerQuestions } from "../tracker-link/tracker-questions.ts";
import { askForGroup, type GroupPicture, isComplete } from "./group-picture.ts";
import { acceptFilePath, hasCompleteMember, isLossAccepted } from "./lost-path.ts";

const PAUSE_MS = 2000;

/**
 * new        unknown to the trackers, or not complete: nothing is lost
 * same       the trackers mean this very directory
 * replaced   another directory was complete under this id; other members hold its files
 * lost       another directory was complete under this id; nobody else holds its files
 */
export type Incarnation = "new" | "same" | "replaced" | "lost";

/** What the trackers' picture says of a storage that has not settled yet who gives it old files. */
export function incarnationOf(picture: GroupPicture, joinTimeSeconds: number): Incarnation {
  if (!isComplete(picture.ownStatus)) return "new";
  if (picture.ownJoinSeconds === joinTimeSeconds) return "same";
  return hasCompleteMember(picture) ? "replaced" : "lost";
}

export interface ReplacedMemberOptions {
  readonly config: Pick<StorageConfig, "basePath" | "heartBeatIntervalMs">;
  readonly world: World;
  readonly log: Logger;
  readonly signal?: AbortSignal | undefined;
  readonly identity: StorageIdentity;
  readonly initFile: DataInitFile;
  readonly questions: TrackerQuestions;
}

/**
 * Called before the first join. Throws FdfsError IO_FAILED if files would be lost that only a person can give up, and the
 * signal's reason.
 */
export async function settleReplacedMember(options: ReplacedMemberOptions): Promise<void> {
  const { config, world, log, identity, initFile } = options;
  if (initFile.flag.isSyncOldDone) return;
  const picture = await askForGroup({ ...options, ...world });
  const incarnation = incarnationOf(picture, initFile.flag.joinTimeSeconds);
  if (incarnation === "new" || incarnation === "same") return;
  if (incarnation === "lost") {
    const order = acceptFilePath(config.basePath, "member");
    if (!isLossAccepted(world.disk, config.basePath, "member")) {
      const reason =
        `this storage is new here, but the trackers know ${identity.storageId} as a complete member of ` +
        `${identity.groupName}, and no other member holds its files. Restore its base_path and store paths (are they ` +
        `mounted?). If its files are lost for good, create the file ${order} and start again`;
      throw new FdfsError("IO_FAILED", { path: config.basePath, reason });
    }
    log.warn("member.loss-accepted", { file: order });
    return;
  }
  log.warn("member.replaced", {
    id: identity.storageId,
    reason: "the trackers know a complete storage under this id, this one is empty: all files will be copied to it",
  });
  await leaveAsOld(options, picture.ownStatus);
}

/** Waits until the trackers have noticed that the old one is gone, then removes it everywhere. */
async function leaveAsOld(options: ReplacedMemberOptions, firstStatus: StorageStatus | undefined): Promise<void> {
  const { config, world, log, signal, identity, questions } = options;
  const { groupName, storageId } = identity;
  let status = firstStatus;
  for (let round = 0; status === "ONLINE" || status === "ACTIVE"; round++) {
    if (round === 0) {
      log.warn("member.old-one-connected", {
        status,
        reason: "waits until the trackers notice that the old server is gone; two servers must not share an id",
      });
    }
    await sleep(world.clock, PAUSE_MS, signal);
    status = (await askForGroup({ ...options, ...world })).ownStatus;
  }
  // A member that lost its base path while it rebuilt a disk cannot be removed: the trackers refuse it.
  if (status === "RECOVERY") return;
  await questions.tellEvery(
    "removal of my old self",
    trackerCommands.deleteStorage,
    { groupName, storageId },
    ({ kind }) => kind === "NOT_FOUND" || kind === "ALREADY_DONE",
  );
  // As long as C takes to stop feeding a member that was deleted (cluster-behaviour.md §4.3).
  await sleep(world.clock, 2 * config.heartBeatIntervalMs + 1000, signal);
}
