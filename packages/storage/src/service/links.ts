// Links to files (wire-protocol.md §8.13). Made for duplicate detection by servers; ordinary clients do not need them.
import {
  checkExtension,
  type CreateLinkRequest,
  EXTENSION_BYTES,
  FdfsError,
  slaveName,
  storageCommands,
} from "@fastdfs-ts/protocol";
import { answerRaw, type Route, type Session, type WholeFrame } from "@fastdfs-ts/rpc";

import { changeSeconds, type FileStore, noteChange, requireOwnGroup } from "../files/file-store.ts";
import { storingSeconds } from "../files/record-seconds.ts";
import { resolveName } from "../files/resolve-name.ts";
import { storedNameAnswer } from "./stored-name-answer.ts";

/** Master, source and signature together (wire-protocol.md §8.13). */
const MAX_VARIABLE_BYTES = 256;

export function linkRoutes(store: FileStore): Route[] {
  return [answerRaw(storageCommands.createLink, (request, session) => createLink(store, request, session))];
}

async function createLink(store: FileStore, request: CreateLinkRequest, session: Session): Promise<WholeFrame> {
  const { statistics } = store;
  session.subject = request.sourceName;
  requireOwnGroup(store, request.groupName);
  if (request.masterName.length + request.sourceName.length + request.signature.length > MAX_VARIABLE_BYTES) {
    throw new FdfsError("BAD_REQUEST", {
      reason: `names and signature have more than ${MAX_VARIABLE_BYTES} bytes together`,
    });
  }
  const source = resolveName(store, request.sourceName);
  const { disk } = source.storePath;
  statistics.totalCreateLinkCount++;
  const stat = await disk.stat(source.path);
  if (stat === undefined)
    throw new FdfsError("NOT_FOUND", { fileName: request.sourceName, reason: "the source file does not exist" });
  const seconds = changeSeconds(store);
  const linkName =
    request.masterName === ""
      ? freshName(store, request, source.storePath.index, seconds, stat.sizeBytes)
      : nameBesideMaster(store, request);
  const link = resolveName(store, linkName);
  session.subject = linkName;
  await store.locks.run(link.path, async () => {
    if ((await disk.linkStat(link.path)) !== undefined)
      throw new FdfsError("ALREADY_EXISTS", { fileName: linkName, reason: "the link exists" });
    store.binlog.append(storingSeconds(store, linkName), "L", linkName, request.sourceName);
    try {
      await disk.symlink(source.path, link.path);
    } catch (error) {
      throw FdfsError.fromUnknown(error, { fileName: linkName });
    }
  });
  statistics.successCreateLinkCount++;
  noteChange(store, seconds);
  return storedNameAnswer(store, linkName);
}

function freshName(
  store: FileStore,
  { extension }: CreateLinkRequest,
  storePathIndex: number,
  seconds: number,
  bytes: number,
): string {
  checkExtension(extension);
  return store.names.issue(storePathIndex, {
    kind: "normal",
    source: store.source,
    createdSeconds: seconds,
    fileBytes: bytes,
    // The content is not read: a link's CRC32 field is a random number (storage-formats.md §1.3.3).
    crc32: store.random.uint32(),
    extension: extension.slice(0, EXTENSION_BYTES),
  });
}

function nameBesideMaster(
  store: FileStore,
  { masterName, sourceName, slavePrefix, extension }: CreateLinkRequest,
): string {
  const name = slaveName(masterName, slavePrefix, extension);
  if (resolveName(store, masterName).storePath !== resolveName(store, sourceName).storePath) {
    throw new FdfsError("BAD_REQUEST", { reason: "master and source of a link must lie on the same store path" });
  }
  return name;
}
