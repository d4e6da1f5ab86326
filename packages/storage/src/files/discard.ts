// Removing what lies in the incoming folder and will not be needed.
import type { StorePath } from "../store/store-path.ts";

/** Removes an incoming file that will not be published. Never throws. */
export async function discard(storePath: StorePath, path: string): Promise<void> {
  try {
    await storePath.disk.unlink(path);
  } catch {
    // It may not exist, or the disk may be failing; the next start sweeps the folder in any case.
  }
}
