// A deletion is in the log before the file is gone (decisions/0002). A process that is killed in between, while the disk is slow,
// leaves the file; peers have heard of the deletion, so it is finished at the next start.
import type { Disk, Logger } from "@fastdfs-ts/runtime";

import type { StorePaths } from "../store/store-paths.ts";
import type { RecentDeletions } from "./recent-deletions.ts";
import { resolveNameOrNot } from "./resolve-name.ts";

/** More than can have been under way at once. */
const NAMES = 1000;

export interface FinishDeletionsOptions {
  readonly disk: Disk;
  readonly paths: StorePaths;
  readonly deletions: RecentDeletions;
  readonly log: Logger;
}

/** Removes files that are here although the end of our log says that they were deleted. Throws the disk's error. */
export function finishDeletions({ disk, paths, deletions, log }: FinishDeletionsOptions): void {
  for (const logicalName of deletions.lastDeleted(NAMES)) {
    const target = resolveNameOrNot({ paths }, logicalName);
    const kind = target === undefined ? undefined : disk.linkStat(target.path)?.kind;
    if (target === undefined || (kind !== "file" && kind !== "symlink")) continue;
    disk.unlink(target.path);
    log.warn("change.settled", { file: target.path, change: "delete", outcome: "made again" });
  }
}
