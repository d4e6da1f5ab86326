// Files that change: append, modify, truncate, and turning an appender into a normal file (wire-protocol.md §8.9 to
// §8.12). Changes of one file take turns. Each writes its intent before it touches the file and removes it after the
// operation is in the binlog, so that neither a vanishing client nor a killed process leaves a half-made change.
import {
  AppendRequest,
  FdfsError,
  HEADER_BYTES,
  isAppenderFacts,
  ModifyRequest,
  type NewName,
  parseNameFacts,
  type RegenerateRequest,
  storageCommands,
  TRUE_PATH_BYTES,
  type TruncateRequest,
} from "@fastdfs-ts/protocol";
import { answerRaw, type ContentReader, receive, type Route, type Session, type WholeFrame } from "@fastdfs-ts/rpc";
import type { FileStat } from "@fastdfs-ts/runtime";

import { carryOut, copyInto, tryOut } from "../files/carry-out.ts";
import { type Change, SPOOL } from "../files/change-intents.ts";
import { fileCrc32 } from "../files/file-crc32.ts";
import { changeSeconds, type FileStore, noteChange } from "../files/file-store.ts";
import { discard } from "../files/discard.ts";
import { withFreeName } from "../files/free-name.ts";
import { receiveFile } from "../files/receive-file.ts";
import { type ResolvedName, resolveName } from "../files/resolve-name.ts";
import { CountedWrites, countOpen, countReadFile } from "../pieces.ts";
import { after, rescue } from "../store/awaitable.ts";
import type { StoreFile } from "../store/store-disk.ts";
import { storedNameAnswer } from "./stored-name-answer.ts";

export function appenderRoutes(store: FileStore): Route[] {
  return [
    receive(storageCommands.appendFile, (request, content, session) => append(store, request, content, session)),
    receive(storageCommands.modifyFile, (request, content, session) => modify(store, request, content, session)),
    answerRaw(storageCommands.truncateFile, (request, session) => truncate(store, request, session)),
    answerRaw(storageCommands.regenerateName, (request, session) => regenerate(store, request, session)),
  ];
}

async function append(
  store: FileStore,
  request: AppendRequest,
  content: ContentReader,
  session: Session,
): Promise<undefined> {
  const { statistics } = store;
  session.subject = request.logicalName;
  requireContent(request.contentBytes, content);
  const target = resolveAppender(store, request.logicalName);
  await changeFile(store, target, async (file, stat) => {
    if (request.contentBytes === 0) return;
    store.paths.requireRoom(target.storePath, request.contentBytes);
    const change: Change = {
      kind: "append",
      ...changeFacts(store, target),
      offset: stat.sizeBytes,
      bytes: request.contentBytes,
    };
    const frontBytes = HEADER_BYTES + AppendRequest.fixedSize + request.logicalName.length;
    const writes = new CountedWrites(statistics, frontBytes, request.contentBytes);
    let bytes = 0;
    const failed = (error: unknown): never => {
      writes.failed();
      statistics.totalAppendCount++;
      statistics.totalAppendBytes += writes.endBytes;
      throw error;
    };
    const write = (chunk: Buffer) => {
      const at = stat.sizeBytes + bytes;
      bytes += chunk.length;
      return rescue(() => after(file.write(chunk, 0, chunk.length, at), () => writes.written(bytes)), failed);
    };
    await tryOut(store, target, change, {
      act: async () => {
        await content.consume(write);
        await file.setTimes(change.seconds);
      },
      undo: () => file.truncate(stat.sizeBytes),
    });
    target.storePath.noteWritten(request.contentBytes);
    statistics.totalAppendCount++;
    statistics.successAppendCount++;
    statistics.totalAppendBytes += request.contentBytes;
    statistics.successAppendBytes += request.contentBytes;
    noteChange(store, change.seconds);
  });
  return undefined;
}

async function modify(
  store: FileStore,
  request: ModifyRequest,
  content: ContentReader,
  session: Session,
): Promise<undefined> {
  const { statistics } = store;
  session.subject = request.logicalName;
  requireContent(request.contentBytes, content);
  const target = resolveAppender(store, request.logicalName);
  const { storePath } = target;
  const requireInside = (stat: FileStat) => {
    if (request.offset <= stat.sizeBytes) return;
    throw new FdfsError("BAD_REQUEST", {
      fileName: request.logicalName,
      reason: `offset ${request.offset} is behind the end at ${stat.sizeBytes}`,
    });
  };
  requireInside(await requireRegular(target));
  if (request.contentBytes === 0) return undefined;
  store.paths.requireRoom(storePath, request.contentBytes);
  // The new bytes are complete on disk before the first old one is touched: overwriting cannot be taken back.
  const frontBytes = HEADER_BYTES + ModifyRequest.fixedSize + request.logicalName.length;
  const writes = new CountedWrites(statistics, frontBytes, request.contentBytes);
  try {
    const spool = await receiveFile(store, storePath, content, writes, { suffix: SPOOL });
    await overwrite(store, target, request, spool.path, requireInside);
  } catch (error) {
    if (!(error instanceof FdfsError && error.kind === "CONNECTION_LOST")) {
      statistics.totalModifyCount++;
      statistics.totalModifyBytes += writes.endBytes;
    }
    throw error;
  }
  statistics.totalModifyCount++;
  statistics.successModifyCount++;
  statistics.totalModifyBytes += request.contentBytes;
  statistics.successModifyBytes += request.contentBytes;
  return undefined;
}

/** Puts the bytes of the spool file into the target. */
async function overwrite(
  store: FileStore,
  target: ResolvedName,
  { offset, contentBytes: bytes }: ModifyRequest,
  spool: string,
  requireInside: (stat: FileStat) => void,
): Promise<void> {
  let hasBegun = false as boolean; // set in a callback, which the compiler does not see
  try {
    await changeFile(store, target, async (file, stat) => {
      requireInside(stat);
      const change: Change = { kind: "modify", ...changeFacts(store, target), offset, bytes, spool };
      await carryOut(store, target, change, async () => {
        hasBegun = true;
        await copyInto(target, spool, file, offset);
        await file.setTimes(change.seconds);
      });
      noteChange(store, change.seconds);
    });
  } catch (error) {
    // A change that has begun needs its bytes at the next start.
    if (!hasBegun) await discard(target.storePath, spool);
    throw error;
  }
}

async function truncate(store: FileStore, request: TruncateRequest, session: Session): Promise<undefined> {
  const { statistics } = store;
  session.subject = request.logicalName;
  const target = resolveAppender(store, request.logicalName);
  await changeFile(store, target, async (file, stat) => {
    if (request.newBytes === stat.sizeBytes) return;
    statistics.totalTruncateCount++;
    countOpen(statistics);
    const { newBytes } = request;
    const oldBytes = stat.sizeBytes;
    const change: Change = { kind: "truncate", ...changeFacts(store, target), oldBytes, newBytes };
    const act = async () => {
      await file.truncate(newBytes);
      await file.setTimes(change.seconds);
    };
    // A file can be too large for the file system; what is cut off is gone.
    if (newBytes > oldBytes) await tryOut(store, target, change, { act, undo: () => file.truncate(oldBytes) });
    else await carryOut(store, target, change, act);
    statistics.successTruncateCount++;
    noteChange(store, change.seconds);
  });
  return undefined;
}

async function regenerate(store: FileStore, request: RegenerateRequest, session: Session): Promise<WholeFrame> {
  session.subject = request.logicalName;
  const target = resolveAppender(store, request.logicalName);
  let newName = "";
  await changeFile(store, target, async (file, stat) => {
    const checksum = await fileCrc32(file, stat.sizeBytes, store.clock);
    // This is all that C counts: a new name does not even move the time of the last change.
    countReadFile(store.statistics, stat.sizeBytes);
    const facts = changeFacts(store, target);
    const naming: NewName = {
      kind: "normal",
      source: store.source,
      createdSeconds: facts.seconds,
      fileBytes: stat.sizeBytes,
      crc32: checksum,
      extension: "",
    };
    const issue = (named: NewName) => store.names.issueInPlaceOf(request.logicalName, named);
    await withFreeName(store, naming, issue, async (to) => {
      newName = to.logicalName;
      const change: Change = {
        kind: "rename",
        ...facts,
        logicalName: newName,
        pathInStore: to.pathInStore,
        oldName: request.logicalName,
        oldPathInStore: target.pathInStore,
      };
      const { disk } = target.storePath;
      await tryOut(store, target, change, {
        act: () => disk.rename(target.path, to.path),
        undo: () => disk.rename(to.path, target.path),
      });
    });
    session.subject = `${request.logicalName}=>${newName}`;
  });
  return storedNameAnswer(store, newName);
}

/** Runs `change` on the opened file while no other change of it is under way. */
async function changeFile(
  store: FileStore,
  target: ResolvedName,
  change: (file: StoreFile, stat: FileStat) => Promise<void>,
): Promise<void> {
  await store.locks.run(target.path, async () => {
    const stat = await requireRegular(target);
    try {
      const file = await target.storePath.disk.open(target.path, "write");
      try {
        await change(file, stat);
      } finally {
        await file.close();
      }
    } catch (error) {
      throw FdfsError.fromUnknown(error, { fileName: target.logicalName });
    }
  });
}

function changeFacts(store: FileStore, target: ResolvedName) {
  return { seconds: changeSeconds(store), logicalName: target.logicalName, pathInStore: target.pathInStore };
}

function resolveAppender(store: FileStore, logicalName: string): ResolvedName {
  const target = resolveName(store, logicalName);
  const facts = parseNameFacts(target.pathInStore, TRUE_PATH_BYTES);
  if (facts === undefined || !isAppenderFacts(facts)) {
    throw new FdfsError("BAD_REQUEST", { fileName: logicalName, reason: "this is not an appender file" });
  }
  return target;
}

async function requireRegular(target: ResolvedName): Promise<FileStat> {
  const stat = await target.storePath.disk.stat(target.path);
  if (stat === undefined)
    throw new FdfsError("NOT_FOUND", { fileName: target.logicalName, reason: "the file does not exist" });
  if (stat.kind !== "file")
    throw new FdfsError("BAD_REQUEST", { fileName: target.logicalName, reason: "this is not a regular file" });
  return stat;
}

function requireContent(announcedBytes: number, content: ContentReader): void {
  if (announcedBytes === content.totalBytes) return;
  throw new FdfsError("BAD_REQUEST", {
    reason: `${announcedBytes} bytes of content announced, the body has ${content.totalBytes}`,
  });
}
