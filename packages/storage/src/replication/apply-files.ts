// Whole files that a peer pushes: created (16) and replaced (18) ones (wire-protocol.md §9.3). As with uploads the content
// is complete in the incoming folder, then the record is in the log, then the file has its name. A small one is stored in
// the turn in which it arrives. Whether it is here already is asked with a call of its own: giving it the name exclusively
// (link, unlink) was no cheaper.
import { FdfsError, HEADER_BYTES, SyncFileRequest } from "@fastdfs-ts/protocol";
import type { ContentReader } from "@fastdfs-ts/rpc";

import { discard } from "../files/discard.ts";
import type { FileStore } from "../files/file-store.ts";
import { type ReceivedFile, receiveFile } from "../files/receive-file.ts";
import type { ResolvedName } from "../files/resolve-name.ts";
import { after, type Awaitable, rescue } from "../store/awaitable.ts";
import type { ApplyOutcome } from "./apply-outcome.ts";
import { countedIn, drop, requireAnnounced } from "./replica-content.ts";
import { lockOf, placeAt, resolveReplica } from "./replica-target.ts";

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
  // The deletion was faster (decisions/0011).
  if (store.deletions.forbid(request.logicalName, request.timestampSeconds)) return after(drop(content), () => "held");
  if (flags !== 0) return noteHeld(store, op, request);
  if (op === "u") return receive(store, op, target, request, content);
  return after(target.storePath.disk.linkStat(target.path), (stat) => {
    // A file of the same size is the same file: a name is given once, and later changes have records of their own.
    const isHeld = stat?.kind === "file" && stat.sizeBytes === request.contentBytes;
    if (!isHeld) return receive(store, op, target, request, content);
    return after(drop(content), () => noteHeld(store, op, request));
  });
}

/** It is in the log all the same, so that this member can be the source of others. */
function noteHeld(store: FileStore, op: WholeFileOp, request: SyncFileRequest): ApplyOutcome {
  store.binlog.append(request.timestampSeconds, op, request.logicalName);
  return "held";
}

function receive(
  store: FileStore,
  op: WholeFileOp,
  target: ResolvedName,
  { timestampSeconds, logicalName, contentBytes }: SyncFileRequest,
  content: ContentReader,
): Awaitable<ApplyOutcome> {
  const frontBytes = HEADER_BYTES + SyncFileRequest.fixedSize + logicalName.length;
  return countedIn(store, frontBytes, contentBytes, (writes) =>
    // The lock is taken when the content is here: nobody waits for a slow sender.
    after(receiveFile(target.storePath, content, writes, { modifiedSeconds: timestampSeconds }), (received) =>
      store.locks.soon(lockOf(target), () => publish(store, op, target, timestampSeconds, received)),
    ),
  );
}

function publish(
  store: FileStore,
  op: WholeFileOp,
  target: ResolvedName,
  seconds: number,
  received: ReceivedFile,
): Awaitable<ApplyOutcome> {
  const { storePath } = target;
  return rescue(
    () => {
      if (store.deletions.forbid(target.logicalName, seconds)) {
        return after(discard(storePath, received.path), () => "held" as const);
      }
      store.binlog.append(seconds, op, target.logicalName);
      const place = () => storePath.disk.rename(received.path, target.path);
      return after(placeAt(target, place), (): ApplyOutcome => "applied");
    },
    (error) =>
      after(discard(storePath, received.path), () => {
        throw FdfsError.fromUnknown(error, { fileName: target.logicalName });
      }),
  );
}
