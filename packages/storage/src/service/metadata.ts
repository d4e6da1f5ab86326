// Names and values kept in a file of their own beside the file (wire-protocol.md §8.5, §8.6; storage-formats.md §5).
// The metadata file is replaced, never edited: a crash leaves the old or the new list, where C can leave half a one.
import {
  FdfsError,
  type FileRequest,
  MAX_METADATA_NAME_BYTES,
  MAX_METADATA_VALUE_BYTES,
  metadataName,
  metadataOperations,
  type MetadataRecord,
  parseMetadata,
  printMetadata,
  type SetMetadataRequest,
  storageCommands,
} from "@fastdfs-ts/protocol";
import { answerRaw, type Route, type Session } from "@fastdfs-ts/rpc";
import type { FileStat } from "@fastdfs-ts/runtime";

import { changeSeconds, type FileStore, noteChange, requireOwnGroup } from "../files/file-store.ts";
import { discard } from "../files/discard.ts";
import { deletionSeconds, storingSeconds } from "../files/record-seconds.ts";
import { type ResolvedName, resolveName } from "../files/resolve-name.ts";
import { statContent } from "../files/stored-content.ts";
import { countReadFile } from "../pieces.ts";
import type { ReadThrough } from "../replication/read-through.ts";

export function metadataRoutes(store: FileStore, readThrough: ReadThrough | undefined): Route[] {
  return [
    answerRaw(storageCommands.setMetadata, (request, session) => setMetadata(store, request, session)),
    answerRaw(storageCommands.getMetadata, (request, session, flags) =>
      getMetadata(store, readThrough, request, session, flags),
    ),
  ];
}

async function getMetadata(
  store: FileStore,
  readThrough: ReadThrough | undefined,
  request: FileRequest,
  session: Session,
  flags: number,
): Promise<Buffer> {
  session.subject = request.logicalName;
  requireOwnGroup(store, request.groupName);
  const target = resolveName(store, request.logicalName);
  try {
    return await readMetadata(store, target);
  } catch (error) {
    // The file may be here and its metadata still on the way.
    const failure = FdfsError.fromUnknown(error);
    if (failure.kind !== "NOT_FOUND" || store.deletions.has(metadataName(request.logicalName))) throw failure;
    const answer = await readThrough?.ask({ ...target, session, flags }, storageCommands.getMetadata, request);
    if (answer === undefined) throw failure;
    return answer.metadata;
  }
}

async function readMetadata(store: FileStore, target: ResolvedName): Promise<Buffer> {
  const { statistics } = store;
  await requireFile(target);
  const metadataPath = metadataName(target.path);
  const stat = await target.storePath.disk.stat(metadataPath);
  if (stat === undefined)
    throw new FdfsError("NOT_FOUND", { fileName: target.logicalName, reason: "the file has no metadata" });
  if (stat.kind !== "file") throw new FdfsError("NOT_A_FILE", { fileName: metadataPath });
  statistics.totalGetMetaCount++;
  const content = await readUntilNul(target, metadataPath);
  countReadFile(statistics, stat.sizeBytes);
  statistics.successGetMetaCount++;
  return content;
}

async function setMetadata(store: FileStore, request: SetMetadataRequest, session: Session): Promise<undefined> {
  const { statistics } = store;
  session.subject = metadataName(request.logicalName);
  requireOwnGroup(store, request.groupName);
  const { overwrite, merge } = metadataOperations;
  if (request.operation !== overwrite && request.operation !== merge) {
    throw new FdfsError("BAD_REQUEST", { reason: `"${request.operation}" is neither O (overwrite) nor M (merge)` });
  }
  const target = resolveName(store, request.logicalName);
  const sent = limited(parseMetadata(request.metadata, "latin1"));
  await store.locks.run(target.path, async () => {
    await requireFile(target);
    statistics.totalSetMetaCount++;
    const metadataPath = metadataName(target.path);
    const stat = await target.storePath.disk.linkStat(metadataPath);
    const exists = stat !== undefined;
    if (request.operation === merge) {
      // An empty list changes nothing. What C cannot parse it loses; we keep what is stored.
      if (sent.length === 0) return;
      const stored = exists ? limited(parseMetadata(await readUntilNul(target, metadataPath), "latin1")) : [];
      await writeMetadata(store, target, merged(stored, sent), stat);
    } else if (request.metadata.length === 0) {
      await removeMetadata(store, target, stat);
    } else {
      await writeMetadata(store, target, sorted(sent), stat);
    }
  });
  // Also a list that changes nothing counts, and moves the time of the last change.
  statistics.successSetMetaCount++;
  noteChange(store, changeSeconds(store));
  return undefined;
}

async function writeMetadata(
  store: FileStore,
  target: ResolvedName,
  records: readonly MetadataRecord[],
  replaced: FileStat | undefined,
): Promise<void> {
  const { storePath } = target;
  const content = printMetadata(records, "latin1");
  const name = metadataName(target.logicalName);
  const seconds = storingSeconds(store, name, replaced);
  const temporary = storePath.incoming.nextPath();
  try {
    const file = await storePath.disk.open(temporary, "create");
    try {
      await file.write(content, 0, content.length, 0);
      await file.setTimes(seconds);
    } finally {
      await file.close();
    }
    store.binlog.append(seconds, replaced === undefined ? "C" : "U", name);
    await storePath.disk.rename(temporary, metadataName(target.path));
  } catch (error) {
    await discard(storePath, temporary);
    throw FdfsError.fromUnknown(error, { fileName: target.logicalName });
  }
}

/** Metadata that is not here may be under way from another member: the deletion comes after it (decisions/0011). */
async function removeMetadata(store: FileStore, target: ResolvedName, stat: FileStat | undefined): Promise<void> {
  const name = metadataName(target.logicalName);
  if (stat === undefined) {
    if (!store.deletions.has(name)) store.binlog.append(changeSeconds(store), "D", name);
    return;
  }
  store.binlog.append(deletionSeconds(store, name, stat), "D", name);
  await target.storePath.disk.unlink(metadataName(target.path));
}

async function requireFile(target: ResolvedName): Promise<void> {
  if ((await statContent(target)) === undefined) {
    throw new FdfsError("NOT_FOUND", { fileName: target.logicalName, reason: "the file does not exist" });
  }
}

/** What C wrote may end in a NUL and stale bytes (storage-formats.md §5.2). */
async function readUntilNul(target: ResolvedName, metadataPath: string): Promise<Buffer> {
  const content = await target.storePath.disk.readFile(metadataPath);
  const end = content.indexOf(0);
  return end < 0 ? content : content.subarray(0, end);
}

function limited(records: readonly MetadataRecord[]): MetadataRecord[] {
  return records.map(([name, value]) => [
    name.slice(0, MAX_METADATA_NAME_BYTES),
    value.slice(0, MAX_METADATA_VALUE_BYTES),
  ]);
}

/** Sorted by the bytes of the name; records of one name stay in the order in which they were sent. */
function sorted(records: readonly MetadataRecord[]): MetadataRecord[] {
  return [...records].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

/** A name in both lists gets the new value; a name sent twice is stored twice, as C does. */
function merged(stored: readonly MetadataRecord[], sent: readonly MetadataRecord[]): MetadataRecord[] {
  const sentNames = new Set(sent.map(([name]) => name));
  return sorted([...stored.filter(([name]) => !sentNames.has(name)), ...sent]);
}
