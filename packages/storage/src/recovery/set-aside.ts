// A file that is not what it should be is moved to where it is never served, and where nobody takes it for a copy. A person
// may still look at it.
import type { FileStore } from "../files/file-store.ts";
import type { ResolvedName } from "../files/resolve-name.ts";

const DAMAGED_FOLDER = ".damaged";

/** Takes no room. Throws the disk's error. */
export async function setAside(
  { disk, log }: Pick<FileStore, "disk" | "log">,
  { storePath, path, logicalName }: ResolvedName,
  bytes: number,
): Promise<void> {
  const folder = `${storePath.dataPath}/${DAMAGED_FOLDER}`;
  disk.makeDirectory(folder);
  const aside = `${folder}/${logicalName.replaceAll("/", "_")}`;
  await storePath.disk.rename(path, aside);
  log.error("repair.file-damaged", { file: logicalName, bytes, movedTo: aside });
}
