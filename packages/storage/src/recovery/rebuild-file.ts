// A file gets new content in one step: everything is written beside it and is on the disk before it takes the name. A power
// cut, a full disk or a lost peer in the middle leaves what was there, and never a file that looks complete and is not.
import { discard } from "../files/discard.ts";
import type { ResolvedName } from "../files/resolve-name.ts";
import type { StoreFile } from "../store/store-disk.ts";

/** Writes the whole content into the new file. Returns its size in bytes, undefined if the old file shall stay. */
type WriteContent = (file: StoreFile) => Promise<number | undefined>;

/**
 * Puts what `write` makes in the place of the target, which need not exist yet. Its time becomes `seconds` (Unix). Returns
 * what `write` returned. Throws what `write` or the disk throws; then, too, the old file is as it was.
 */
export async function rebuildFile(
  { storePath, path }: ResolvedName,
  seconds: number,
  write: WriteContent,
): Promise<number | undefined> {
  const temporary = storePath.incoming.nextPath();
  try {
    const file = await storePath.disk.open(temporary, "create");
    let bytes: number | undefined;
    try {
      bytes = await write(file);
      if (bytes === undefined) return undefined;
      await file.setTimes(seconds);
      await file.sync();
    } finally {
      await file.close();
    }
    await storePath.disk.rename(temporary, path);
    storePath.noteWritten(bytes);
    return bytes;
  } finally {
    await discard(storePath, temporary);
  }
}
