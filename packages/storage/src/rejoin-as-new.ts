// A storage that was removed from its group joins again as a new member, by order of a person. It must come without files:
// what was deleted or changed in the group meanwhile would come back with them. So its data directories are set aside, and
// all files are copied to it like to any new member.
import { join } from "node:path";

import { FdfsError } from "@fastdfs-ts/protocol";
import { type Disk, systemErrorCode } from "@fastdfs-ts/runtime";

import { dataInitFlagPath } from "./formats/data-init-file.ts";
import { newDataInitFlag, printDataInitFlag } from "./formats/data-init-flag.ts";
import { OwnRemovalFile } from "./formats/own-removal-file.ts";
import { StateFile } from "./formats/state-file.ts";

/**
 * Renames the data directories of a removed storage that is not running and lets its next start be its first. Returns where
 * the old data is now; nothing if the storage was not removed, so the order can be repeated. Throws FdfsError if a directory
 * cannot be renamed (what was renamed before stays so, and a repetition goes on).
 */
export function rejoinAsNew(
  disk: Disk,
  basePath: string,
  storePaths: readonly string[],
  nowSeconds: number,
): readonly string[] {
  const removal = new OwnRemovalFile(disk, basePath).read();
  if (removal === undefined) return [];
  const suffix = `removed.${removal.removedSeconds}`;
  // The base path last: it holds the file that says that there is something to do.
  const folders = [...new Set([...storePaths, basePath])].filter((path) => path !== basePath);
  const kept = [...folders, basePath].flatMap((path) => setAside(disk, path, suffix));
  disk.makeDirectory(join(basePath, "data"));
  // Later than the life that is over, whatever the clock says.
  const joinTimeSeconds = Math.max(nowSeconds, removal.joinSeconds + 1);
  new StateFile(disk, dataInitFlagPath(basePath)).replace(printDataInitFlag(newDataInitFlag(joinTimeSeconds)));
  return kept;
}

function setAside(disk: Disk, path: string, suffix: string): string[] {
  const data = join(path, "data");
  const aside = join(path, `data.${suffix}`);
  if (disk.stat(data) === undefined) return [];
  if (disk.stat(aside) !== undefined) {
    throw new FdfsError("ALREADY_EXISTS", {
      path: aside,
      reason: `${data} cannot be set aside there: move it away first`,
    });
  }
  try {
    disk.rename(data, aside);
    disk.syncDirectory(path);
  } catch (error) {
    const remedy =
      systemErrorCode(error) === "EBUSY"
        ? "it is a mount point: move its content away by hand"
        : (error as Error).message;
    throw FdfsError.fromUnknown(error, { path: data, reason: `cannot be renamed to ${aside}: ${remedy}` });
  }
  return [aside];
}
