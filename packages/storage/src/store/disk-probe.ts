// What a disk is asked for when nobody else asks: the calls of an upload and a download in small, on the disk's worker.
import type { BackgroundDisk } from "@fastdfs-ts/runtime";

const content = Buffer.from("is this disk well?\n");

export interface DiskProbe {
  /** Whether it waits for the platter, too. */
  readonly syncs: boolean;
  /** Set while it does. */
  isSyncing: boolean;
}

/**
 * Writes `path`, reads it back and removes it. Answers how long the calls took on the worker, in milliseconds, without
 * the sync. Throws the disk's error: that is an answer, too.
 */
export async function probeDisk(disk: BackgroundDisk, path: string, probe: DiskProbe): Promise<number> {
  let tookMs = 0;
  const timed = async <T>(call: Promise<T>): Promise<T> => {
    const result = await call;
    tookMs += disk.lastCallMs;
    return result;
  };
  const file = disk.through(await timed(disk.open(path, "replace")));
  try {
    await timed(file.write(content, 0, content.length, 0));
    await timed(file.read(Buffer.alloc(content.length), 0, content.length, 0));
    if (probe.syncs) {
      probe.isSyncing = true;
      await file.sync();
      probe.isSyncing = false;
    }
  } finally {
    await timed(file.close());
  }
  await timed(disk.stat(path));
  await timed(disk.unlink(path));
  return tookMs;
}
