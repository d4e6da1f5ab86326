// Whole files that a peer pushes: created (16) and replaced (18) ones (wire-protocol.md §9.3). As with uploads the content
// is complete in the incoming folder, then the record is in the log, then the file has its name. A small one is stored in
// the turn in which it arrives.
//
// A created file may be here already. The disk is asked, unless the file is too young for that to be likely and its content
// proves to be the one that its name states: then giving it the name once more changes nothing.
import { FdfsError, HEADER_BYTES, SyncFileRequest } from "@fastdfs-ts/protocol";
import type { ContentReader } from "@fastdfs-ts/rpc";

import { discard } from "../files/discard.ts";
import type { FileStore } from "../files/file-store.ts";
import { statedContent } from "../files/stated-content.ts";
import { type ReceivedFile, receiveFile } from "../files/receive-file.ts";
import type { ResolvedName } from "../files/resolve-name.ts";
import { after, type Awaitable, rescue } from "../store/awaitable.ts";
import type { ApplyOutcome } from "./apply-outcome.ts";
import type { PushedChange, Pusher } from "./pusher.ts";
import { drop, RecordCount, requireAnnounced } from "./replica-content.ts";
import { lockOf, placeAt, resolveReplica } from "./replica-target.ts";
import { isSameFile } from "./same-file.ts";

/** Older records are repeated ones or those of a backfill, whose files may well be here. */
const YOUNG_SECONDS = 60;
/** Asking for larger ones costs little in comparison, and writing them in vain costs much. */
const YOUNG_BYTES_MAX = 64 * 1024;

/** Created or replaced. */
type WholeFileOp = "c" | "u";

/** Here, and neither in the log nor under its name yet. */
export interface StagedFile {
  readonly op: WholeFileOp;
  readonly target: ResolvedName;
  readonly request: SyncFileRequest;
  readonly received: ReceivedFile;
  /** Whether its content is the one that every file of this name has for ever. */
  readonly isProven: boolean;
  /** Whether it may take the place of a file that is here. */
  readonly replaces: boolean;
  readonly count: RecordCount;
  readonly pusher: Pusher;
}

/**
 * 16, and 18 for `op` "u". `flags` other than 0 say that the sender knows the file to be here, and sends no content.
 * Throws FdfsError BAD_REQUEST, CONNECTION_LOST, NO_SPACE, IO_FAILED …
 */
export function applyFile(
  store: FileStore,
  op: WholeFileOp,
  request: SyncFileRequest,
  content: ContentReader,
  flags: number,
  pusher: Pusher,
): Awaitable<ApplyOutcome> {
  return after(stageFile(store, op, request, content, flags, pusher), (staged) =>
    staged === "held" ? staged : publishStaged(store, staged),
  );
}

/** The first half: takes the content. "held" if there is no second one: then it is in the log already. Throws as `applyFile`. */
export function stageFile(
  store: FileStore,
  op: WholeFileOp,
  request: SyncFileRequest,
  content: ContentReader,
  flags: number,
  pusher: Pusher,
): Awaitable<StagedFile | "held"> {
  const target = resolveReplica(store, request.logicalName);
  requireAnnounced(flags === 0 ? request.contentBytes : 0, content);
  if (isDeleted(store, op, request)) return after(drop(content), () => "held");
  if (flags !== 0) return noteHeld(store, op, request);
  const take = (replaces: Replaces) => receive(store, { op, target, request, pusher }, content, replaces);
  if (op === "u") {
    if (!pusher.isBehind(changeOf(op, target, request))) return take("always");
    return after(drop(content), () => "held");
  }
  if (isYoung(store, request)) return take("if proven");
  return after(isHeld(target, request, pusher), (held) => {
    if (!held) return take("always");
    return after(drop(content), () => noteHeld(store, op, request));
  });
}

/** The second half: log, then name. Throws FdfsError NO_SPACE, IO_FAILED …; then the content is gone again. */
function publishStaged(store: FileStore, staged: StagedFile): Awaitable<ApplyOutcome> {
  const { op, target, request, received, replaces, pusher } = staged;
  const { storePath } = target;
  const publish = (): Awaitable<ApplyOutcome> => {
    store.binlog.append(request.timestampSeconds, op, target.logicalName);
    return giveName(staged);
  };
  return finish(store, staged, () => {
    if (isDeleted(store, op, request)) return after(discard(storePath, received.path), () => "held" as const);
    if (replaces) return publish();
    return after(isHeld(target, request, pusher), (held) => {
      if (!held) return publish();
      return after(discard(storePath, received.path), () => noteHeld(store, op, request));
    });
  });
}

/** As `publishStaged` for each, in order, with one write to the log for those that need not wait. */
export function publishTogether(store: FileStore, files: readonly StagedFile[]): Awaitable<ApplyOutcome>[] {
  const mayGoNow = (staged: StagedFile) =>
    store.locks.isFree(lockOf(staged.target)) && !isDeleted(store, staged.op, staged.request) && staged.replaces;
  const ready = new Set(files.filter(mayGoNow));
  const records = [...ready].map(({ op, target: { logicalName }, request: { timestampSeconds: seconds } }) => {
    return { seconds, op, logicalName, extra: undefined };
  });
  let failure: FdfsError | undefined;
  try {
    store.binlog.appendAll(records);
  } catch (error) {
    failure = FdfsError.fromUnknown(error);
  }
  return files.map((staged) => {
    if (!ready.has(staged)) return publishStaged(store, staged);
    return finish(store, staged, () => {
      if (failure !== undefined) throw failure;
      return giveName(staged);
    });
  });
}

/** Does the rest under the lock of the file, which is taken only when the content is here: nobody waits for a slow sender. */
function finish(
  store: FileStore,
  { target, received, count }: StagedFile,
  work: () => Awaitable<ApplyOutcome>,
): Awaitable<ApplyOutcome> {
  return rescue(
    () =>
      after(store.locks.soon(lockOf(target), work), (outcome) => {
        count.succeeded();
        return outcome;
      }),
    (error) =>
      after(discard(target.storePath, received.path), () => {
        count.failed(error);
        throw FdfsError.fromUnknown(error, { fileName: target.logicalName });
      }),
  );
}

function giveName({ op, target, request, received, isProven, pusher }: StagedFile): Awaitable<ApplyOutcome> {
  const place = () => target.storePath.disk.rename(received.path, target.path);
  return after(placeAt(target, place), () => {
    if (!isProven) pusher.noteDone(changeOf(op, target, request));
    return "applied" as const;
  });
}

function changeOf(op: WholeFileOp, target: ResolvedName, request: SyncFileRequest): PushedChange {
  return { target, seconds: request.timestampSeconds, op };
}

/** The deletion was faster (decisions/0011). */
function isDeleted(store: FileStore, op: WholeFileOp, { logicalName, timestampSeconds }: SyncFileRequest): boolean {
  return store.deletions.forbid(logicalName, timestampSeconds, op);
}

/** A small file that was created a moment ago. */
function isYoung({ clock }: FileStore, { timestampSeconds, contentBytes }: SyncFileRequest): boolean {
  return contentBytes <= YOUNG_BYTES_MAX && Math.abs(clock.now() / 1000 - timestampSeconds) < YOUNG_SECONDS;
}

function isHeld(target: ResolvedName, request: SyncFileRequest, pusher: Pusher): Awaitable<boolean> {
  const { storePath, path, logicalName } = target;
  const created = { logicalName, bytes: request.contentBytes, seconds: request.timestampSeconds };
  return after(storePath.disk.linkStat(path), (stat) => {
    if (stat?.kind !== "file") return false;
    return (
      pusher.isBehind(changeOf("c", target, request)) ||
      isSameFile(created, stat.sizeBytes, Math.floor(stat.modifiedMs / 1000))
    );
  });
}

/** It is in the log all the same, so that this member can be the source of others. */
function noteHeld(store: FileStore, op: WholeFileOp, request: SyncFileRequest): "held" {
  store.binlog.append(request.timestampSeconds, op, request.logicalName);
  return "held";
}

type Replaces = "always" | "if proven";

function receive(
  store: FileStore,
  { op, target, request, pusher }: Pick<StagedFile, "op" | "target" | "request" | "pusher">,
  content: ContentReader,
  replaces: Replaces,
): Awaitable<StagedFile> {
  const { timestampSeconds, logicalName, contentBytes } = request;
  const count = new RecordCount(store, HEADER_BYTES + SyncFileRequest.fixedSize + logicalName.length, contentBytes);
  return rescue(
    () =>
      after(
        receiveFile(store, target.storePath, content, count.writes, { modifiedSeconds: timestampSeconds }),
        (received) => {
          const isProven = hasStatedContent(logicalName, received);
          const mayReplace = isProven || replaces === "always";
          return { op, target, request, received, isProven, replaces: mayReplace, count, pusher };
        },
      ),
    (error) => {
      count.failed(error);
      throw error;
    },
  );
}

function hasStatedContent(logicalName: string, { bytes, crc32 }: ReceivedFile): boolean {
  const stated = statedContent(logicalName);
  return stated?.bytes === bytes && stated.crc32 === crc32;
}
