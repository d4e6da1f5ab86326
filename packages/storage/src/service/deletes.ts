// Deleting a file and its metadata (wire-protocol.md §8.4). A process that is killed between the two finishes at its next
// start, so that no metadata stays behind without its file.
import { FdfsError, type FileRequest, metadataName, storageCommands } from "@fastdfs-ts/protocol";
import { answerRaw, type Route, type Session } from "@fastdfs-ts/rpc";

import { writeIntent } from "../files/change-intents.ts";
import { deletionSeconds } from "../files/record-seconds.ts";
import { changeSeconds, type FileStore, noteChange, requireOwnGroup } from "../files/file-store.ts";
import { resolveName } from "../files/resolve-name.ts";

export function deleteRoutes(store: FileStore): Route[] {
  return [answerRaw(storageCommands.deleteFile, (request, session) => deleteFile(store, request, session))];
}

async function deleteFile(store: FileStore, request: FileRequest, session: Session): Promise<undefined> {
  const { statistics } = store;
  session.subject = request.logicalName;
  requireOwnGroup(store, request.groupName);
  const target = resolveName(store, request.logicalName);
  const { disk } = target.storePath;
  return store.locks.run(target.path, async () => {
    const stat = await disk.linkStat(target.path);
    if (stat === undefined)
      throw new FdfsError("NOT_FOUND", { fileName: request.logicalName, reason: "the file does not exist" });
    if (stat.kind !== "file" && stat.kind !== "symlink") {
      throw new FdfsError("BAD_REQUEST", {
        fileName: request.logicalName,
        reason: "this is neither a file nor a link",
      });
    }
    // C counts links apart.
    const isLink = stat.kind === "symlink";
    if (isLink) statistics.totalDeleteLinkCount++;
    else statistics.totalDeleteCount++;
    try {
      // Log first: a record of a file that still exists is skipped by replication, a deleted file without a record
      // would live on at the other members.
      const metadataPath = metadataName(target.path);
      const metadata = await disk.linkStat(metadataPath);
      const seconds = deletionSeconds(store, request.logicalName, stat);
      const change = {
        kind: "delete",
        seconds,
        logicalName: request.logicalName,
        pathInStore: target.pathInStore,
      } as const;
      const intent = metadata !== undefined ? await writeIntent(target.storePath, change, store.binlog) : undefined;
      try {
        store.binlog.append(seconds, "D", request.logicalName);
      } catch (error) {
        await intent?.done();
        throw error;
      }
      // If the disk fails from here on, the intent stays and the next start deletes the rest.
      await disk.unlink(target.path);
      if (metadata !== undefined) {
        const name = metadataName(request.logicalName);
        store.binlog.append(deletionSeconds(store, name, metadata), "D", name);
        await disk.unlink(metadataPath);
      }
      await intent?.done();
      noteChange(store, changeSeconds(store));
    } catch (error) {
      throw FdfsError.fromUnknown(error, { fileName: request.logicalName });
    }
    if (isLink) statistics.successDeleteLinkCount++;
    else statistics.successDeleteCount++;
    return undefined;
  });
}
