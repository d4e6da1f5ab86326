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

import { discard } from "../files/discard.ts";
import type { FileStore } from "../files/file-store.ts";
import { publish, publishNew } from "../files/publish-file.ts";
import { receiveFile } from "../files/receive-file.ts";
import { storingSeconds } from "../files/record-seconds.ts";
import { resolveName } from "../files/resolve-name.ts";
import { statContent } from "../files/stored-content.ts";
import { CountedWrites } from "../pieces.ts";
import { after, type Awaitable } from "../store/awaitable.ts";
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
  return after(receiveFile(store, storePath, content, writes), (received) =>
    after(publishNew(store, storePath, received, kind, request.extension, session), (logicalName) =>
      storedNameAnswer(store, logicalName),
    ),
  );
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
  const received = await receiveFile(store, slave.storePath, content, writes);
  await store.locks.run(slave.path, async () => {
    // Another client may have stored the same slave meanwhile.
    if ((await disk.linkStat(slave.path)) !== undefined) {
      await discard(slave.storePath, received.path);
      throw slaveExists(logicalName);
    }
    await publish(store, received, storingSeconds(store, logicalName), slave);
  });
  return storedNameAnswer(store, logicalName);
}

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
