// New files (wire-protocol.md §8.2, §8.3): receive into the incoming folder, record in the binlog, rename into place,
// answer. Under its final name a file is complete or not there.
import {
  checkExtension,
  FdfsError,
  HEADER_BYTES,
  slaveName,
  storageCommands,
  UploadRequest,
  UploadSlaveRequest,
} from "@fastdfs-ts/protocol";
import { type ContentReader, receive, type Route, type Session, type WholeFrame } from "@fastdfs-ts/rpc";

import { changeSeconds, type FileStore, noteChange } from "../files/file-store.ts";
import { discard } from "../files/discard.ts";
import { type ReceivedFile, receiveFile } from "../files/receive-file.ts";
import { resolveName } from "../files/resolve-name.ts";
import { statContent } from "../files/stored-content.ts";
import { CountedWrites } from "../pieces.ts";
import { after, type Awaitable, rescue } from "../store/awaitable.ts";
import type { StorePath } from "../store/store-path.ts";
import { storedNameAnswer } from "./stored-name-answer.ts";

export function uploadRoutes(store: FileStore): Route[] {
  return [
    receive(storageCommands.uploadFile, (request, content, session) =>
      upload(store, "normal", request, content, session),
    ),
    receive(storageCommands.uploadAppender, (request, content, session) =>
      upload(store, "appender", request, content, session),
    ),
    receive(storageCommands.uploadSlave, (request, content, session) => uploadSlave(store, request, content, session)),
  ];
}

function upload(
  store: FileStore,
  kind: "normal" | "appender",
  request: UploadRequest,
  content: ContentReader,
  session: Session,
): Awaitable<WholeFrame> {
  requireContent(request.contentBytes, content);
  checkExtension(request.extension);
  const storePath = store.paths.choose(request.storePathIndex, request.contentBytes);

  const writes = new CountedWrites(store.statistics, HEADER_BYTES + UploadRequest.fixedSize, request.contentBytes);
  return after(receiveFile(storePath, content, writes), (received) => {
    const seconds = changeSeconds(store);
    const logicalName = store.names.issue(storePath.index, {
      kind,
      source: store.source,
      createdSeconds: seconds,
      fileBytes: received.bytes,
      crc32: received.crc32,
      extension: request.extension,
    });
    session.subject = logicalName;
    const path = storePath.fileAt(logicalName.slice(PATH_IN_STORE_AT));
    const published = store.locks.soon(path, () => publish(store, storePath, received, seconds, logicalName, path));
    return after(published, () => storedNameAnswer(store, logicalName));
  });
}

async function uploadSlave(
  store: FileStore,
  request: UploadSlaveRequest,
  content: ContentReader,
  session: Session,
): Promise<WholeFrame> {
  session.subject = request.masterName;
  requireContent(request.contentBytes, content);
  const logicalName = slaveName(request.masterName, request.slavePrefix, request.extension);
  session.subject = logicalName;
  const master = resolveName(store, request.masterName);
  const slave = resolveName(store, logicalName);
  const { disk } = slave.storePath;
  if ((await statContent(master)) === undefined)
    throw new FdfsError("NOT_FOUND", { fileName: request.masterName, reason: "the master file does not exist" });
  if ((await disk.linkStat(slave.path)) !== undefined) throw slaveExists(logicalName);
  store.paths.requireRoom(slave.storePath, request.contentBytes);

  const frontBytes = HEADER_BYTES + UploadSlaveRequest.fixedSize + request.masterName.length;
  const writes = new CountedWrites(store.statistics, frontBytes, request.contentBytes);
  const received = await receiveFile(slave.storePath, content, writes);
  await store.locks.run(slave.path, async () => {
    // Another client may have stored the same slave meanwhile.
    if ((await disk.linkStat(slave.path)) !== undefined) {
      await discard(slave.storePath, received.path);
      throw slaveExists(logicalName);
    }
    await publish(store, slave.storePath, received, changeSeconds(store), logicalName, slave.path);
  });
  return storedNameAnswer(store, logicalName);
}

/** Logs the new file and gives it its name. Log first: a file that readers can see is in the log for certain. */
function publish(
  store: FileStore,
  storePath: StorePath,
  received: ReceivedFile,
  seconds: number,
  logicalName: string,
  path: string,
): Awaitable<void> {
  return rescue(
    () => {
      store.binlog.append(seconds, "C", logicalName);
      return after(storePath.disk.rename(received.path, path), () => {
        // C counts an upload when it has succeeded, and those that fail not at all.
        const { statistics } = store;
        statistics.totalUploadCount++;
        statistics.successUploadCount++;
        statistics.totalUploadBytes += received.bytes;
        statistics.successUploadBytes += received.bytes;
        noteChange(store, seconds);
      });
    },
    (error) =>
      after(discard(storePath, received.path), () => {
        throw FdfsError.fromUnknown(error, { fileName: logicalName });
      }),
  );
}

/** "Mxx/" */
const PATH_IN_STORE_AT = 4;

function requireContent(announcedBytes: number, content: ContentReader): void {
  if (announcedBytes !== content.totalBytes) {
    throw new FdfsError("BAD_REQUEST", {
      reason: `${announcedBytes} bytes of content announced, the body has ${content.totalBytes}`,
    });
  }
}

function slaveExists(fileName: string): FdfsError {
  return new FdfsError("ALREADY_EXISTS", { fileName, reason: "the slave file exists" });
}
