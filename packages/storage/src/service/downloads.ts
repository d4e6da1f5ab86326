// Reading files (wire-protocol.md §8.7). A small file leaves in one write, header included; a large one is read and
// sent in pieces, as fast as the client takes them.
import {
  ANSWER_COMMAND,
  type DownloadRequest,
  type ErrorKind,
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
import { openContent } from "../files/stored-content.ts";
import { CountedReads, countOpen, countReadFile } from "../pieces.ts";
import type { MissingFile, ReadThrough } from "../replication/read-through.ts";
import { isFromRecoveringMember } from "../replication/recovering-members.ts";
import type { StorageStatistics } from "../stats.ts";
import { after, type Awaitable, rescue } from "../store/awaitable.ts";
import type { StoreFile } from "../store/store-disk.ts";
import type { Peer } from "../tracker-link/membership-view.ts";

/** The others, who may have what is not here, or ask for what they lost. */
export interface GroupOfFiles {
  readonly readThrough: ReadThrough;
  readonly peers: () => readonly Peer[];
}

/** Up to this size a file is read and sent in one go. */
const WHOLE_BYTES = 64 * 1024;
/** Bytes read at a time above it. */
const PIECE_BYTES = 256 * 1024;

export function downloadRoutes(store: FileStore, group: GroupOfFiles | undefined): Route[] {
  return [
    answerRaw(storageCommands.downloadFile, (request, session, flags) =>
      download(store, group, request, session, flags),
    ),
  ];
}

function download(
  store: FileStore,
  group: GroupOfFiles | undefined,
  request: DownloadRequest,
  session: Session,
  flags: number,
): Awaitable<RouteAnswer> {
  session.subject = request.logicalName;
  requireOwnGroup(store, request.groupName);
  const target = resolveName(store, request.logicalName);
  return rescue(
    () => {
      const stated = smallStatedSize(target, request);
      const takesEmpty = () => isFromRecoveringMember(session, group?.peers() ?? []);
      return stated === undefined
        ? downloadRange(store, request, target, takesEmpty)
        : downloadWhole(store, request, target, stated);
    },
    (error) => {
      const failure = FdfsError.fromUnknown(error, { fileName: request.logicalName });
      if (!refusals.has(failure.kind)) noteUnreadable(store.statistics);
      if (failure.kind !== "NOT_FOUND" || group === undefined) throw failure;
      return passOn(store, group.readThrough, request, { ...target, session, flags }, failure);
    },
  );
}

/** The content from the member that has it, or the failure. */
async function passOn(
  store: FileStore,
  readThrough: ReadThrough,
  request: DownloadRequest,
  missing: MissingFile,
  failure: FdfsError,
): Promise<StreamedAnswer> {
  const answer = await readThrough.download(missing, request);
  if (answer === undefined) throw failure;
  return {
    ...answer,
    async next() {
      const piece = await answer.next();
      if (piece === undefined) noteSent(store, answer.bodyBytes);
      return piece;
    },
  };
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
  const { slab } = store;
  // One byte more shows a file that is longer than its name says: a slave with a short name looks like a normal file.
  const frame = slab.take(HEADER_BYTES + stated + 1);
  return after(target.storePath.disk.readStart(target.path, frame, HEADER_BYTES, stated + 1), (bytes) => {
    if (bytes !== stated) {
      slab.giveBack(frame);
      return downloadRange(store, request, target);
    }
    writeHeader(frame, 0, bytes, ANSWER_COMMAND, 0);
    countReadFile(store.statistics, bytes);
    noteSent(store, bytes);
    return { frame: frame.subarray(0, HEADER_BYTES + bytes), slab };
  });
}

async function downloadRange(
  store: FileStore,
  request: DownloadRequest,
  target: ResolvedName,
  takesEmpty: () => boolean = () => false,
): Promise<RouteAnswer> {
  const content = await openContent(store, target);
  const { file } = content;
  let answer: RouteAnswer;
  try {
    const isEmpty = content.bytes === 0 && request.offset === 0;
    const bytes = isEmpty && takesEmpty() ? 0 : rangeBytes(request, content.bytes);
    const from = content.at + request.offset;
    if (bytes > WHOLE_BYTES) answer = streamed(store, file, from, bytes);
    else answer = { frame: await wholeFrame(store, file, from, bytes), slab: store.slab };
  } catch (error) {
    await file.close();
    throw error;
  }
  if ("frame" in answer) await file.close();
  return answer;
}

/**
 * The number of bytes to send. An empty file is refused, as C does: clients written for it wait for ever for the end of
 * an answer without content.
 */
function rangeBytes({ offset, countBytes }: DownloadRequest, fileBytes: number): number {
  if (offset >= fileBytes) {
    throw new FdfsError("BAD_REQUEST", { reason: `offset ${offset} is not inside the file of ${fileBytes} bytes` });
  }
  const rest = fileBytes - offset;
  return countBytes === 0 ? rest : Math.min(countBytes, rest);
}

async function wholeFrame(store: FileStore, file: StoreFile, offset: number, bytes: number): Promise<Buffer> {
  const frame = store.slab.take(HEADER_BYTES + bytes);
  writeHeader(frame, 0, bytes, ANSWER_COMMAND, 0);
  await readFully(file, frame, HEADER_BYTES, bytes, offset);
  countReadFile(store.statistics, bytes);
  noteSent(store, bytes);
  return frame;
}

function streamed(store: FileStore, file: StoreFile, offset: number, bytes: number): StreamedAnswer {
  const { statistics } = store;
  const reads = new CountedReads(statistics, bytes);
  let sent = 0;
  // One piece of memory serves the whole transfer as long as the socket keeps up; fresh memory costs page faults.
  let memory: Buffer | undefined;
  let isMemoryFree = false;
  return {
    bodyBytes: bytes,
    sent: () => {
      isMemoryFree = true;
    },
    async next() {
      if (sent === bytes) {
        noteSent(store, bytes);
        return undefined;
      }
      const length = Math.min(PIECE_BYTES, bytes - sent);
      if (memory === undefined || !isMemoryFree) memory = Buffer.allocUnsafeSlow(PIECE_BYTES);
      isMemoryFree = false;
      const piece = memory.subarray(0, length);
      try {
        await readFully(file, piece, 0, length, offset + sent);
      } catch (error) {
        reads.failed();
        statistics.totalDownloadCount++;
        statistics.totalDownloadBytes += reads.completeBytes;
        throw error;
      }
      sent += length;
      reads.read(sent);
      return piece;
    },
    close: () => void file.close(),
  };
}

async function readFully(file: StoreFile, into: Buffer, at: number, length: number, position: number): Promise<void> {
  for (let done = 0; done < length;) {
    const bytes = await file.read(into, at + done, length - done, position + done);
    if (bytes === 0) throw new FdfsError("IO_FAILED", { reason: "the file became shorter while it was read" });
    done += bytes;
  }
}

/** C counts a download when its last byte is on its way, and one that the client gives up not at all. */
function noteSent({ statistics }: FileStore, bytes: number): void {
  statistics.totalDownloadCount++;
  statistics.successDownloadCount++;
  statistics.totalDownloadBytes += bytes;
  statistics.successDownloadBytes += bytes;
}

/** Answers that say something of the request and nothing of the disk: C does not count what it refuses. */
const refusals: ReadonlySet<ErrorKind> = new Set(["NOT_FOUND", "NOT_A_FILE", "BAD_REQUEST"]);

/** The disk did not give the first piece. */
function noteUnreadable(statistics: StorageStatistics): void {
  countOpen(statistics);
  statistics.totalFileReadCount++;
  statistics.totalDownloadCount++;
}
