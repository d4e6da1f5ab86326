// Pushed records that change names only: deletion (17), link (19), renaming (40), by wire-protocol.md §9.4, §9.8, §9.9.
import { FdfsError, type SyncDeleteRequest, type SyncLinkRequest, type SyncRenameRequest } from "@fastdfs-ts/protocol";

import { tryOut } from "../files/carry-out.ts";
import type { Change } from "../files/change-intents.ts";
import type { FileStore } from "../files/file-store.ts";
import { holdsContent } from "../files/holds-content.ts";
import type { ResolvedName } from "../files/resolve-name.ts";
import { statedContent } from "../files/stated-content.ts";
import { after, type Awaitable } from "../store/awaitable.ts";
import type { ApplyOutcome } from "./apply-outcome.ts";
import { lockOf, placeAt, resolveReplica } from "./replica-target.ts";

/** 17. Metadata and slaves have records of their own. */
export function applyDelete(store: FileStore, request: SyncDeleteRequest): Awaitable<ApplyOutcome> {
  const { logicalName, timestampSeconds } = request;
  const target = resolveReplica(store, logicalName);
  const { disk } = target.storePath;
  return store.locks.soon(lockOf(target), () =>
    after(disk.linkStat(target.path), (stat): Awaitable<ApplyOutcome> => {
      if (stat === undefined) return "missing";
      if (stat.kind !== "file" && stat.kind !== "symlink") {
        throw new FdfsError("BAD_REQUEST", { fileName: logicalName, reason: "this is neither a file nor a link" });
      }
      return after(remove(store, target, timestampSeconds), () => "applied" as const);
    }),
  );
}

/** The caller holds the lock. A process that is killed in between is sent the record again. */
function remove(store: FileStore, { logicalName, path, storePath }: ResolvedName, seconds: number): Awaitable<void> {
  store.binlog.append(seconds, "d", logicalName);
  store.deletions.note(logicalName);
  return storePath.disk.unlink(path);
}

/** 19. A link that is here already, and one to a file that is not here, are logged and left alone, as C does. */
export async function applyLink(store: FileStore, request: SyncLinkRequest): Promise<ApplyOutcome> {
  const { linkName, targetName, timestampSeconds } = request;
  const link = resolveReplica(store, linkName);
  const linked = resolveReplica(store, targetName);
  const { disk } = link.storePath;
  await store.locks.run(lockOf(link), async () => {
    const isThere = (await disk.linkStat(link.path)) !== undefined;
    const canBeMade = !isThere && (await linked.storePath.disk.stat(linked.path)) !== undefined;
    store.binlog.append(timestampSeconds, "l", linkName, targetName);
    if (canBeMade) await placeAt(link, () => disk.symlink(linked.path, link.path));
  });
  return "applied";
}

/** 40. */
export async function applyRename(store: FileStore, request: SyncRenameRequest): Promise<ApplyOutcome> {
  const { newName, oldName, timestampSeconds: seconds } = request;
  const to = resolveReplica(store, newName);
  const from = resolveReplica(store, oldName);
  const { disk } = from.storePath;
  if (to.storePath !== from.storePath) {
    throw new FdfsError("BAD_REQUEST", { fileName: oldName, reason: `${newName} lies on another store path` });
  }
  return store.locks.run(lockOf(from), async (): Promise<ApplyOutcome> => {
    if ((await disk.linkStat(to.path)) !== undefined) return "held";
    const stat = await disk.linkStat(from.path);
    if (stat === undefined) return "missing";
    const stated = stat.kind === "file" ? statedContent(newName) : undefined;
    if (stated !== undefined && !(await holdsContent(from, stated, store.clock))) {
      // The sender left out changes whose file had been renamed already, as C does. It sends the whole file now.
      await remove(store, from, seconds);
      return "missing";
    }
    const change: Change = {
      kind: "rename",
      isReplica: true,
      seconds,
      logicalName: newName,
      pathInStore: to.pathInStore,
      oldName,
      oldPathInStore: from.pathInStore,
    };
    await tryOut(store, from, change, {
      act: () => placeAt(to, () => disk.rename(from.path, to.path)),
      undo: () => disk.rename(to.path, from.path),
    });
    return "applied";
  });
}
