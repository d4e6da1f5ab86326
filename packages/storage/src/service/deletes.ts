// Deleting a file and its metadata (wire-protocol.md §8.4).
import { FdfsError, type FileRequest, metadataName, storageCommands } from "@fastdfs-ts/protocol";
import { answerRaw, type Route, type Session } from "@fastdfs-ts/rpc";

import { type FileStore, requireOwnGroup, stampChange } from "../files/file-store.ts";
import { resolveName } from "../files/resolve-name.ts";

export function deleteRoutes(store: FileStore): Route[] {
  return [answerRaw(storageCommands.deleteFile, (request, session) => deleteFile(store, request, session))];
}

async function deleteFile(store: FileStore, request: FileRequest, session: Session): Promise<undefined> {
  const { statistics } = store;
  session.subject = request.logicalName;
  statistics.totalDeleteCount++;
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
    const isLink = stat.kind === "symlink";
    if (isLink) statistics.totalDeleteLinkCount++;
    try {
      // Log first: a record of a file that still exists is skipped by replication, a deleted file without a record
      // would live on at the other members.
      const seconds = stampChange(store);
      store.binlog.append(seconds, "D", request.logicalName);
      await disk.unlink(target.path);
      const metadataPath = metadataName(target.path);
      if ((await disk.linkStat(metadataPath)) !== undefined) {
        store.binlog.append(seconds, "D", metadataName(request.logicalName));
        await disk.unlink(metadataPath);
      }
    } catch (error) {
      throw FdfsError.fromUnknown(error, { fileName: request.logicalName });
    }
    statistics.successDeleteCount++;
    if (isLink) statistics.successDeleteLinkCount++;
    return undefined;
  });
}
