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
import { countedIn, drop, requireAnnounced } from "./replica-content.ts";
import { lockOf, placeAt, resolveReplica } from "./replica-target.ts";

/** Older records are repeated ones or those of a backfill, whose files may well be here. */
const YOUNG_SECONDS = 60;
/** Asking for larger ones costs little in comparison, and writing them in vain costs much. */
const YOUNG_BYTES_MAX = 64 * 1024;

/** Created or replaced. */
type WholeFileOp = "c" | "u";

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
): Awaitable<ApplyOutcome> {
  const target = resolveReplica(store, request.logicalName);
  requireAnnounced(flags === 0 ? request.contentBytes : 0, content);
  if (flags !== 0) return noteHeld(store, op, request);
  if (op === "u") return receive(store, op, target, request, content, always);
  if (isYoung(store, request)) return receive(store, op, target, request, content, isProven);
  return after(isHeld(target, request), (held) => {
    if (!held) return receive(store, op, target, request, content, always);
    return after(drop(content), () => noteHeld(store, op, request));
  });
}

/** A small file that was created a moment ago. */
function isYoung({ clock }: FileStore, { timestampSeconds, contentBytes }: SyncFileRequest): boolean {
  return contentBytes <= YOUNG_BYTES_MAX && Math.abs(clock.now() / 1000 - timestampSeconds) < YOUNG_SECONDS;
}

/** A file of the same size is the same file: a name is given once, and later changes have records of their own. */
function isHeld({ storePath, path }: ResolvedName, { contentBytes }: SyncFileRequest): Awaitable<boolean> {
  return after(storePath.disk.linkStat(path), (stat) => stat?.kind === "file" && stat.sizeBytes === contentBytes);
}

/** Whether a file may take the place of one that is here. */
type Replaces = (target: ResolvedName, received: ReceivedFile) => boolean;

const always: Replaces = () => true;

/** If its content is the one that every file of this name has for ever. */
const isProven: Replaces = ({ logicalName }, { bytes, crc32 }) => {
  const stated = statedContent(logicalName);
  return stated !== undefined && stated.bytes === bytes && stated.crc32 === crc32;
};

/** It is in the log all the same, so that this member can be the source of others. */
function noteHeld(store: FileStore, op: WholeFileOp, request: SyncFileRequest): ApplyOutcome {
  store.binlog.append(request.timestampSeconds, op, request.logicalName);
  return "held";
}

function receive(
  store: FileStore,
  op: WholeFileOp,
  target: ResolvedName,
  request: SyncFileRequest,
  content: ContentReader,
  replaces: Replaces,
): Awaitable<ApplyOutcome> {
  const { timestampSeconds, logicalName, contentBytes } = request;
  const frontBytes = HEADER_BYTES + SyncFileRequest.fixedSize + logicalName.length;
  return countedIn(store, frontBytes, contentBytes, (writes) =>
    // The lock is taken when the content is here: nobody waits for a slow sender.
    after(receiveFile(target.storePath, content, writes, { modifiedSeconds: timestampSeconds }), (received) =>
      store.locks.soon(lockOf(target), () => publish(store, op, target, request, received, replaces)),
    ),
  );
}

function publish(
  store: FileStore,
  op: WholeFileOp,
  target: ResolvedName,
  request: SyncFileRequest,
  received: ReceivedFile,
  replaces: Replaces,
): Awaitable<ApplyOutcome> {
  const { storePath } = target;
  const giveName = (): Awaitable<ApplyOutcome> => {
    store.binlog.append(request.timestampSeconds, op, target.logicalName);
    const place = () => storePath.disk.rename(received.path, target.path);
    return after(placeAt(target, place), () => "applied" as const);
  };
  return rescue(
    () => {
      if (replaces(target, received)) return giveName();
      return after(isHeld(target, request), (held) => {
        if (!held) return giveName();
        return after(discard(storePath, received.path), () => noteHeld(store, op, request));
      });
    },
    (error) =>
      after(discard(storePath, received.path), () => {
        throw FdfsError.fromUnknown(error, { fileName: target.logicalName });
      }),
  );
}
