// Names that no file has yet. Most names are different from all others by their random bits. Those of files of 4 GiB and
// more have none, so two uploads of the same content that end in one second could get one name, and the second file would
// take the place of the first: here the disk is looked at. The way out is the time in the name, a second later.
import type { NewName } from "@fastdfs-ts/protocol";

import type { FileStore } from "./file-store.ts";
import { type ResolvedName, resolveName } from "./resolve-name.ts";

/**
 * Runs `use` with a name that no file has, while nobody else can take it. `issue` makes a logical name of facts; it must
 * give another one for another time. Throws what `use` throws, or the disk's error.
 */
export async function withFreeName<T>(
  store: FileStore,
  facts: NewName,
  issue: (facts: NewName) => string,
  use: (target: ResolvedName) => Promise<T>,
): Promise<T> {
  for (let { createdSeconds } = facts; ; createdSeconds++) {
    const target = resolveName(store, issue({ ...facts, createdSeconds }));
    const used = await store.locks.run(target.path, async () => {
      const isTaken = (await target.storePath.disk.linkStat(target.path)) !== undefined;
      return isTaken ? undefined : { result: await use(target) };
    });
    if (used !== undefined) return used.result;
  }
}
