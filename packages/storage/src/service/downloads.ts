// Reading files (wire-protocol.md §8.7). A small file leaves in one write, header included; a large one is read and
// sent in pieces, as fast as the client takes them.
import {
  ANSWER_COMMAND,
  type DownloadRequest,
  FdfsError,
  fileKind,
  HEADER_BYTES,
  parseNameFacts,
  statedFileBytes,
  storageCommands,
  TRUE_PATH_BYTES,
  writeHeader,
} from "@fastdfs-ts/protocol";
import { answerRaw, type Route, type RouteAnswer, type Session, type StreamedAnswer } from "@fastdfs-ts/rpc";

import { type FileStore, requireOwnGroup } from "../files/file-store.ts";
import { type ResolvedName, resolveName } from "../files/resolve-name.ts";
import { after, type Awaitable, rescue } from "../store/awaitable.ts";
import type { StoreFile } from "../store/store-disk.ts";

/** Up to this size a file is read and sent in one go. */
const WHOLE_BYTES = 64 * 1024;
/** Bytes read at a time above it. */
const PIECE_BYTES = 256 * 1024;

export function downloadRoutes(store: FileStore): Route[] {
  return [answerRaw(storageCommands.downloadFile, (request, session) => download(store, request, session))];
}

function download(store: FileStore, request: DownloadRequest, session: Session): Awaitable<RouteAnswer> {
  const { statistics } = store;
  session.subject = request.logicalName;
  statistics.totalDownloadCount++;
  requireOwnGroup(store, request.groupName);
  const target = resolveName(store, request.logicalName);
  statistics.totalFileOpenCount++;
  return rescue(
    () => {
      const stated = smallStatedSize(target, request);
      return stated === undefined
        ? downloadRange(store, request, target)
        : downloadWhole(store, request, target, stated);
    },
    (error) => {
      throw FdfsError.fromUnknown(error, { fileName: request.logicalName });
    },
  );
}

/** The size of the whole file that is asked for, if its name states one that is small. */
function smallStatedSize({ logicalName, pathInStore }: ResolvedName, request: DownloadRequest): number | undefined {
  if (request.offset !== 0 || request.countBytes !== 0) return undefined;
  const facts = parseNameFacts(pathInStore, TRUE_PATH_BYTES);
  if (facts === undefined || fileKind(logicalName, facts) !== "normal") return undefined;
  const bytes = statedFileBytes(facts);
  return bytes !== undefined && bytes > 0 && bytes <= WHOLE_BYTES ? bytes : undefined;
}

/** Most downloads: the whole of a small file. Its name tells how much to read, so nobody asks the disk for the size. */
function downloadWhole(
  store: FileStore,
  request: DownloadRequest,
  target: ResolvedName,
  stated: number,
): Awaitable<RouteAnswer> {
  const { slab, statistics } = store;
  statistics.totalFileReadCount++;
  // One byte more shows a file that is longer than its name says: a slave with a short name looks like a normal file.
  const frame = slab.take(HEADER_BYTES + stated + 1);
  return after(target.storePath.disk.readStart(target.path, frame, HEADER_BYTES, stated + 1), (bytes) => {
    if (bytes !== stated) {
      slab.giveBack(frame);
      return downloadRange(store, request, target);
    }
    statistics.successFileOpenCount++;
    statistics.successFileReadCount++;
    statistics.totalDownloadBytes += bytes;
    writeHeader(frame, 0, bytes, ANSWER_COMMAND, 0);
    noteSent(store, bytes);
    return { frame: frame.subarray(0, HEADER_BYTES + bytes), slab };
  });
}

async function downloadRange(store: FileStore, request: DownloadRequest, target: ResolvedName): Promise<RouteAnswer> {
  const { statistics } = store;
  const file = await target.storePath.disk.open(target.path, "read");
  statistics.successFileOpenCount++;
  let answer: RouteAnswer;
  try {
    const stat = await file.stat();
    if (stat.kind !== "file") throw new FdfsError("NOT_A_FILE", { fileName: target.logicalName });
    const bytes = rangeBytes(request, stat.sizeBytes);
    statistics.totalDownloadBytes += bytes;
    if (bytes > WHOLE_BYTES) answer = streamed(store, file, request.offset, bytes);
    else answer = { frame: await wholeFrame(store, file, request.offset, bytes), slab: store.slab };
  } catch (error) {
    await file.close();
    throw error;
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
