// Facts about a file: from its name where that suffices, else from a storage (wire-protocol.md §8.8, §10.5).
import {
  FdfsError,
  type FileIdFacts,
  fileInfoFlags,
  type FileKind,
  type FileSource,
  MAX_NAME_BYTES,
  parseFileId,
  printFileId,
  storageCommands,
} from "@fastdfs-ts/protocol";

import { call, routeToHolders, type Session } from "./session.ts";

export interface FileInfo {
  readonly fileId: string;
  readonly groupName: string;
  readonly logicalName: string;
  readonly kind: FileKind;
  /** Size in bytes. */
  readonly fileBytes: number;
  /** CRC32 of the content. Undefined if the server was asked not to compute it. */
  readonly crc32: number | undefined;
  /** When the file was stored, from its name; for slave files that of their master. */
  readonly createdAt: Date | undefined;
  /** When it was changed last. Only a server knows. */
  readonly modifiedAt: Date | undefined;
  /** The storage that took the upload, from the name. */
  readonly source: FileSource | undefined;
  /** Its address, as the server knows it; "" if it does not. */
  readonly sourceIp: string | undefined;
  /** Who says so. */
  readonly origin: "name" | "server";
}

/** Shortest name that trackers accept in a query (wire-protocol.md §5.3). */
const MIN_QUERY_NAME_BYTES = 22;

/**
 * Everything that a file id says, checked as the servers will check it. Throws FdfsError BAD_REQUEST if no server can
 * have such a file.
 */
export function checkedFileId(fileId: string): FileIdFacts {
  const parsed = parseFileId(fileId);
  const bytes = parsed.logicalName.length;
  if (bytes < MIN_QUERY_NAME_BYTES || bytes > MAX_NAME_BYTES) {
    const reason = `the name has ${bytes} characters, ${MIN_QUERY_NAME_BYTES} to ${MAX_NAME_BYTES} are possible`;
    throw new FdfsError("BAD_REQUEST", { fileName: fileId, reason });
  }
  return parsed;
}

/** What the name alone says, or undefined if a server must be asked (appender and slave files, unreadable names). */
export function infoFromName(parsed: FileIdFacts): FileInfo | undefined {
  const { fileBytes, crc32 } = parsed;
  if (fileBytes === undefined || crc32 === undefined) return undefined;
  return { ...nameFacts(parsed), fileBytes, crc32, modifiedAt: undefined, sourceIp: undefined, origin: "name" };
}

/** Asks a storage that has the file (22). */
export async function queryFileInfo(
  session: Session,
  file: FileIdFacts,
  {
    checksum = true,
    silent = false,
  }: { readonly checksum?: boolean | undefined; readonly silent?: boolean | undefined },
  signal: AbortSignal,
): Promise<FileInfo> {
  const command = storageCommands.queryFileInfo;
  const { groupName, logicalName } = file;
  const flags = (checksum ? 0 : fileInfoFlags.skipCrc32) | (silent ? fileInfoFlags.silent : 0);
  const route = await routeToHolders(session, file, signal);
  const answer = await session.storages.use(route, command.retry, signal, (connection) =>
    call(session, connection, command, { groupName, logicalName }, signal, flags),
  );
  return {
    ...nameFacts(file),
    fileBytes: answer.fileBytes,
    crc32: checksum ? answer.crc32 : undefined,
    modifiedAt: dateOf(answer.modifiedSeconds),
    sourceIp: answer.sourceIp,
    origin: "server",
  };
}

function nameFacts(parsed: FileIdFacts) {
  const { groupName, logicalName, kind, facts, source } = parsed;
  const createdAt = facts === undefined ? undefined : dateOf(facts.createdSeconds);
  return { fileId: printFileId(parsed), groupName, logicalName, kind, createdAt, source };
}

function dateOf(seconds: number): Date {
  return new Date(seconds * 1000);
}
