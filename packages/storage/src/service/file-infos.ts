// Size, time, CRC32 and source of a file (wire-protocol.md §8.8).
import {
  FdfsError,
  FileInfo,
  FileInfoIpv6,
  fileInfoFlags,
  fileKind,
  type FileRequest,
  fileSource,
  IPV6_FIELD_BYTES,
  type NameFacts,
  parseNameFacts,
  storageCommands,
  TRUE_PATH_BYTES,
} from "@fastdfs-ts/protocol";
import { answerRaw, type Route, type Session } from "@fastdfs-ts/rpc";

import { fileCrc32 } from "../files/file-crc32.ts";
import { type FileStore, requireOwnGroup } from "../files/file-store.ts";
import { type ResolvedName, resolveName } from "../files/resolve-name.ts";
import { statContent } from "../files/stored-content.ts";
import { countReadFile } from "../pieces.ts";
import { decidesAboutPush, type ReadThrough } from "../replication/read-through.ts";

export function fileInfoRoutes(store: FileStore, readThrough: ReadThrough | undefined): Route[] {
  return [
    answerRaw(storageCommands.queryFileInfo, (request, session, flags) =>
      queryFileInfo(store, readThrough, request, session, flags),
    ),
  ];
}

/** A missing file is never logged, so there is nothing to do for `fileInfoFlags.silent`. */
async function queryFileInfo(
  store: FileStore,
  readThrough: ReadThrough | undefined,
  request: FileRequest,
  session: Session,
  flags: number,
): Promise<Buffer> {
  session.subject = request.logicalName;
  requireOwnGroup(store, request.groupName);
  const target = resolveName(store, request.logicalName);
  const stat = await statContent(target);
  const shape = store.addressBytes() === IPV6_FIELD_BYTES ? FileInfoIpv6 : FileInfo;
  if (stat === undefined) {
    const missing = { ...target, session, flags };
    const info = decidesAboutPush(flags)
      ? undefined
      : await readThrough?.ask(missing, storageCommands.queryFileInfo, request);
    if (info !== undefined) return shape.encode(info);
    throw new FdfsError("NOT_FOUND", { fileName: request.logicalName, reason: "the file does not exist" });
  }
  if (stat.kind !== "file") throw new FdfsError("NOT_A_FILE", { fileName: request.logicalName });
  // The time is that of a link itself, the size that of what it points to.
  const modifiedMs = (await target.storePath.disk.linkStat(target.path))?.modifiedMs ?? stat.modifiedMs;
  const facts = parseNameFacts(target.pathInStore, TRUE_PATH_BYTES);
  return shape.encode({
    fileBytes: stat.sizeBytes,
    modifiedSeconds: Math.floor(modifiedMs / 1000),
    crc32: await crc32Of(store, target, facts, stat.sizeBytes, flags),
    sourceIp: sourceAddress(store, facts),
  });
}

/** From the name where the name has it, else computed unless the client asked not to. */
async function crc32Of(
  store: FileStore,
  target: ResolvedName,
  facts: NameFacts | undefined,
  bytes: number,
  flags: number,
): Promise<number> {
  const kind = fileKind(target.logicalName, facts);
  if (kind !== "appender" && kind !== "slave") return facts?.crc32 ?? 0;
  if ((flags & fileInfoFlags.skipCrc32) !== 0) return 0;
  const file = await target.storePath.disk.open(target.path, "read");
  try {
    const checksum = await fileCrc32(file, bytes, store.clock);
    countReadFile(store.statistics, bytes);
    return checksum;
  } finally {
    await file.close();
  }
}

function sourceAddress(store: FileStore, facts: NameFacts | undefined): string {
  if (facts === undefined) return "";
  const source = fileSource(facts.source);
  return source.type === "ip" ? source.ip : store.addressOfStorageId(source.storageId);
}
