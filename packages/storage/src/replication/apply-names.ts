// Pushed records that change names only: deletion (17), link (19), renaming (40), by wire-protocol.md §9.4, §9.8, §9.9.
import {
  FdfsError,
  METADATA_SUFFIX,
  type SyncDeleteRequest,
  type SyncLinkRequest,
  type SyncRenameRequest,
} from "@fastdfs-ts/protocol";

import { tryOut } from "../files/carry-out.ts";
import type { Change } from "../files/change-intents.ts";
import type { FileStore } from "../files/file-store.ts";
import { holdsContent } from "../files/holds-content.ts";
import type { ResolvedName } from "../files/resolve-name.ts";
import { statedContent } from "../files/stated-content.ts";
import { after, type Awaitable } from "../store/awaitable.ts";
import type { ApplyOutcome } from "./apply-outcome.ts";
import { lockOf, placeAt, resolveReplica } from "./replica-target.ts";

/**
 * 17. Slaves have records of their own. So has metadata, but who took the deletion may not have got it yet. A file that is not
 * here may still come, from a member that has not heard of its deletion: then the record in our log forbids it. What was
 * stored anew after the deletion stays.
 */
export function applyDelete(store: FileStore, request: SyncDeleteRequest): Awaitable<ApplyOutcome> {
  const { logicalName, timestampSeconds } = request;
  const target = resolveReplica(store, logicalName);
  const { disk } = target.storePath;
  return store.locks.soon(lockOf(target), () =>
    after(disk.linkStat(target.path), (stat): Awaitable<ApplyOutcome> => {
      if (stat === undefined) {
        if (!store.deletions.forbid(logicalName, timestampSeconds))
          store.binlog.append(timestampSeconds, "d", logicalName);
        return after(removeMetadata(store, target, timestampSeconds), () => "missing");
      }
      if (timestampSeconds < (store.deletions.storedSeconds(logicalName) ?? 0)) return "missing";
      if (stat.kind !== "file" && stat.kind !== "symlink") {
        throw new FdfsError("BAD_REQUEST", { fileName: logicalName, reason: "this is neither a file nor a link" });
      }
      // A process that is killed in between is sent the record again.
      store.binlog.append(timestampSeconds, "d", logicalName);
      return after(removeMetadata(store, target, timestampSeconds), () =>
        after(disk.unlink(target.path), () => "applied"),
      );
    }),
  );
}

/** Before the file: a process that is killed in between is sent the record again. */
function removeMetadata(store: FileStore, target: ResolvedName, seconds: number): Awaitable<void> {
  if (target.path.endsWith(METADATA_SUFFIX)) return undefined;
  const { disk } = target.storePath;
  const path = `${target.path}${METADATA_SUFFIX}`;
  return after(disk.linkStat(path), (stat) => {
    if (stat === undefined) return undefined;
    store.binlog.append(seconds, "d", `${target.logicalName}${METADATA_SUFFIX}`);
    return disk.unlink(path);
  });
}

/** 19. A link that is here already, and one to a file that is not here, are logged and left alone, as C does. */
export async function applyLink(store: FileStore, request: SyncLinkRequest): Promise<ApplyOutcome> {
  const { linkName, targetName, timestampSeconds } = request;
  const link = resolveReplica(store, linkName);
  const linked = resolveReplica(store, targetName);
  const { disk } = link.storePath;
  await store.locks.run(lockOf(link), async () => {
    if (store.deletions.forbid(linkName, timestampSeconds)) return;
    const isThere = (await disk.linkStat(link.path)) !== undefined;
    const canBeMade = !isThere && (await linked.storePath.disk.stat(linked.path)) !== undefined;
    store.binlog.append(timestampSeconds, "l", linkName, targetName);
    if (canBeMade) await placeAt(link, () => disk.symlink(linked.path, link.path));
  });
  return "applied";
}

/**
 * 40. The new name may state the content: the file here is older if changes of it were not pushed any more, because they
 * were made under a name that the sender's file had lost by then. Then the whole file has to come.
 */
export async function applyRename(store: FileStore, request: SyncRenameRequest): Promise<ApplyOutcome> {
  const { newName, oldName, timestampSeconds: seconds } = request;
  const to = resolveReplica(store, newName);
  const from = resolveReplica(store, oldName);
  const { disk } = from.storePath;
  if (to.storePath !== from.storePath) {
    throw new FdfsError("BAD_REQUEST", { fileName: oldName, reason: `${newName} lies on another store path` });
  }
  return store.locks.run(lockOf(from), async (): Promise<ApplyOutcome> => {
    const stat = await disk.linkStat(from.path);
    const isVoid = store.deletions.forbid(newName, seconds) || (await disk.linkStat(to.path)) !== undefined;
    const stated = stat?.kind === "file" ? statedContent(newName) : undefined;
    const isStale = !isVoid && stated !== undefined && !(await holdsContent(from, stated, store.clock));
    if (isVoid || isStale || stat === undefined) {
      if (stat !== undefined || !store.deletions.has(oldName)) store.binlog.append(seconds, "r", newName, oldName);
      if (stat !== undefined) await disk.unlink(from.path);
      return isVoid ? "held" : "missing";
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
