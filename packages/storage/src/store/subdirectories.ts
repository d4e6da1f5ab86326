// The two levels of hash directories of a store path, 00/00 to XX/XX (storage-formats.md §2.2). C creates them only all
// together and takes the first and the last for the whole, so the last is made last, when all others are on the disk.
import type { Clock, Disk } from "@fastdfs-ts/runtime";

import { TimeSlices } from "./time-slices.ts";

/** The name of a hash directory: 11 → "0B". */
function subdirectoryName(index: number): string {
  return index.toString(16).toUpperCase().padStart(2, "0");
}

/** Whether the first and the last hash directory are there. `dataPath` is `<store path>/data`. */
export function hasSubdirectories(disk: Disk, dataPath: string, count: number): boolean {
  const last = subdirectoryName(count - 1);
  return isDirectory(disk, `${dataPath}/00/00`) && isDirectory(disk, `${dataPath}/${last}/${last}`);
}

function isDirectory(disk: Disk, path: string): boolean {
  return disk.stat(path)?.kind === "directory";
}

export interface CreateSubdirectoriesOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  /** `<store path>/data` */
  readonly dataPath: string;
  /** `subdir_count_per_path`: so many per level. */
  readonly count: number;
  /** Called after each first-level directory. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Creates all `count` × `count` directories; existing ones are fine. Other work goes on meanwhile. After a crash in the
 * middle the last one is missing, and the next start does it again. Throws the disk's error or the signal's reason.
 */
export async function createSubdirectories(options: CreateSubdirectoriesOptions): Promise<void> {
  const { disk, clock, dataPath, count, onProgress, signal } = options;
  const slices = new TimeSlices(clock, signal);
  const total = count * count;
  const last = subdirectoryName(count - 1);
  for (let high = 0; high < count; high++) {
    const parent = `${dataPath}/${subdirectoryName(high)}`;
    disk.makeDirectory(parent);
    for (let low = 0; low < count; low++) {
      const isLastOfAll = high === count - 1 && low === count - 1;
      if (!isLastOfAll) disk.makeDirectory(`${parent}/${subdirectoryName(low)}`);
      await slices.letOthersRun(low === count - 1);
    }
    onProgress?.(Math.min((high + 1) * count, total - 1), total);
  }
  for (let high = 0; high < count; high++) {
    disk.syncDirectory(`${dataPath}/${subdirectoryName(high)}`);
    await slices.letOthersRun();
  }
  disk.syncDirectory(dataPath);
  disk.makeDirectory(`${dataPath}/${last}/${last}`);
  disk.syncDirectory(`${dataPath}/${last}`);
  onProgress?.(total, total);
}
