// Reading files (wire-protocol.md §8.7). A small file leaves in one write, header included; a large one is read and
// sent in pieces, as fast as the client takes them.
import {
  ANSWER_COMMAND,
  type DownloadRequest,
  FdfsError,
  HEADER_BYTES,
  storageCommands,
  writeHeader,
} from "@fastdfs-ts/protocol";
import { answerRaw, type Route, type RouteAnswer, type Session, type StreamedAnswer } from "@fastdfs-ts/rpc";

import { type FileStore, requireOwnGroup } from "../files/file-store.ts";
import { resolveName } from "../files/resolve-name.ts";
import type { StoreFile } from "../store/store-disk.ts";

/** Up to this size a file is read and sent in one go. */
const WHOLE_BYTES = 64 * 1024;
/** Bytes read at a time above it. */
const PIECE_BYTES = 256 * 1024;

export function downloadRoutes(store: FileStore): Route[] {
  return [answerRaw(storageCommands.downloadFile, (request, session) => download(store, request, session))];
}

async function download(store: FileStore, request: DownloadRequest, session: Session): Promise<RouteAnswer> {
  const { statistics } = store;
  session.subject = request.logicalName;
  statistics.totalDownloadCount++;
  requireOwnGroup(store, request.groupName);
  const { storePath, path, logicalName } = resolveName(store, request.logicalName);
  statistics.totalFileOpenCount++;
  let file: StoreFile;
  try {
    file = await storePath.disk.open(path, "read");
  } catch (error) {
    throw FdfsError.fromUnknown(error, { fileName: logicalName });
  }
  statistics.successFileOpenCount++;
  let answer: RouteAnswer;
  try {
    const stat = await file.stat();
    if (stat.kind !== "file") throw new FdfsError("NOT_A_FILE", { fileName: logicalName });
    const bytes = rangeBytes(request, stat.sizeBytes);
    statistics.totalDownloadBytes += bytes;
    if (bytes > WHOLE_BYTES) answer = streamed(store, file, request.offset, bytes);
    else answer = { frame: await wholeFrame(store, file, request.offset, bytes), slab: store.slab };
  } catch (error) {
    await file.close();
    throw FdfsError.fromUnknown(error, { fileName: logicalName });
  }
  if ("frame" in answer) await file.close();
  return answer;
}

/** The number of bytes to send. An empty file has an answer; C refuses it (wire-protocol.md §12, 6). */
function rangeBytes({ offset, countBytes }: DownloadRequest, fileBytes: number): number {
  if (fileBytes === 0 && offset === 0) return 0;
  if (offset >= fileBytes) {
    throw new FdfsError("BAD_REQUEST", { reason: `offset ${offset} is not inside the file of ${fileBytes} bytes` });
  }
  const rest = fileBytes - offset;
  return countBytes === 0 ? rest : Math.min(countBytes, rest);
}

async function wholeFrame(store: FileStore, file: StoreFile, offset: number, bytes: number): Promise<Buffer> {
  const frame = store.slab.take(HEADER_BYTES + bytes);
  writeHeader(frame, 0, bytes, ANSWER_COMMAND, 0);
  if (bytes > 0) await readFully(store, file, frame, HEADER_BYTES, bytes, offset);
  noteSent(store, bytes);
  return frame;
}

function streamed(store: FileStore, file: StoreFile, offset: number, bytes: number): StreamedAnswer {
  let sent = 0;
  return {
    bodyBytes: bytes,
    async next() {
      if (sent === bytes) {
        noteSent(store, bytes);
        return undefined;
      }
      const length = Math.min(PIECE_BYTES, bytes - sent);
      const piece = Buffer.allocUnsafeSlow(length);
      await readFully(store, file, piece, 0, length, offset + sent);
      sent += length;
      return piece;
    },
    close: () => void file.close(),
  };
}

async function readFully(
  store: FileStore,
  file: StoreFile,
  into: Buffer,
  at: number,
  length: number,
  position: number,
): Promise<void> {
  store.statistics.totalFileReadCount++;
  for (let done = 0; done < length;) {
    const bytes = await file.read(into, at + done, length - done, position + done);
    if (bytes === 0) throw new FdfsError("IO_FAILED", { reason: "the file became shorter while it was read" });
    done += bytes;
  }
  store.statistics.successFileReadCount++;
}

function noteSent(store: FileStore, bytes: number): void {
  store.statistics.successDownloadCount++;
  store.statistics.successDownloadBytes += bytes;
}
