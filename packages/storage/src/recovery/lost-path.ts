// A store path that held files is empty: what to do? Nothing is thrown away by copying everything from another member, so
// that happens by itself, as in C. Where nobody has a copy, going on would declare the loss for good: only a person may
// do that (docs/decisions/0010-empty-disks.md).
import type { Disk } from "@fastdfs-ts/runtime";

import { canGiveFiles, type GroupPicture, isComplete } from "./group-picture.ts";

/**
 * accept   go on with the empty path
 * restore  copy its files from other members, waiting for one if need be
 * refuse   do not start
 */
export type LostPathAction = "accept" | "restore" | "refuse";

export interface LostPathFacts {
  /** The file that accepts the loss is there. */
  readonly isLossAccepted: boolean;
  /** Old files are about to be copied to this storage in any case. */
  readonly awaitsOldFiles: boolean;
  /** Another member holds the group's files, whether it can be reached or not. */
  readonly hasCompleteMember: boolean;
}

/** The decision alone. */
export function lostPathAction(facts: LostPathFacts): LostPathAction {
  if (facts.isLossAccepted || facts.awaitsOldFiles) return "accept";
  return facts.hasCompleteMember ? "restore" : "refuse";
}

/** Whether another member holds what a store path of this index held. */
export function hasCompleteMember({ others }: GroupPicture, storePathIndex = 0): boolean {
  return others.some(({ status, storePathCount }) => isComplete(status) && storePathCount > storePathIndex);
}

/** Why nothing can be copied right now; undefined if it can. */
export function whyNobodyGives({ others }: GroupPicture): string | undefined {
  if (others.some(canGiveFiles)) return undefined;
  if (others.length === 0) return "the trackers know no other member of the group yet";
  const states = others.map(({ storageId, status, isReadable }) => {
    return `${storageId} is ${status}${status === "ACTIVE" && !isReadable ? " but may not be read from" : ""}`;
  });
  return `no other member is ACTIVE: ${states.join(", ")}`;
}

/** What may be lost: the files of one store path, or all of a member whose base path is new. */
export type LossScope = "store path" | "member";

const acceptFiles: Readonly<Record<LossScope, string>> = {
  "store path": "accept-empty",
  member: "accept-empty-member",
};

/** Whoever creates this file in an empty store path (or base path) accepts that what was there is lost. */
export function acceptFilePath(directory: string, scope: LossScope = "store path"): string {
  return `${directory}/${acceptFiles[scope]}`;
}

export function isLossAccepted(disk: Disk, directory: string, scope?: LossScope): boolean {
  return disk.stat(acceptFilePath(directory, scope)) !== undefined;
}

/** The order was carried out, or is of no use: it must not count for the next loss. */
export function withdrawAcceptance(disk: Disk, directory: string, scope?: LossScope): void {
  if (isLossAccepted(disk, directory, scope)) disk.unlink(acceptFilePath(directory, scope));
}
