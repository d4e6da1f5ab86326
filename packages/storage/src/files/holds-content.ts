// Is the content of a file what a name states?
import type { Clock } from "@fastdfs-ts/runtime";

import { fileCrc32 } from "./file-crc32.ts";
import type { ResolvedName } from "./resolve-name.ts";
import type { StatedContent } from "./stated-content.ts";

/** Reads the file only if its size is right. Throws if it is not there or cannot be read. */
export async function holdsContent(
  { storePath, path }: ResolvedName,
  stated: StatedContent,
  clock: Clock,
): Promise<boolean> {
  const file = await storePath.disk.open(path, "read");
  try {
    const { sizeBytes } = await file.stat();
    return sizeBytes === stated.bytes && (await fileCrc32(file, sizeBytes, clock)) === stated.crc32;
  } finally {
    await file.close();
  }
}
