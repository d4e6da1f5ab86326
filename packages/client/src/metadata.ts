// Names and values kept beside a file (wire-protocol.md §8.5, §8.6, §10.3).
import {
  FdfsError,
  type FileId,
  fileInfoFlags,
  MAX_METADATA_NAME_BYTES,
  MAX_METADATA_VALUE_BYTES,
  metadataOperations,
  parseMetadata,
  printMetadata,
  storageCommands,
} from "@fastdfs-ts/protocol";
import type { RpcConnection } from "@fastdfs-ts/rpc";

import { isKind } from "./retry-policy.ts";
import { call, change, routeToOwnerThenHolders, type Session } from "./session.ts";

export type Metadata = Readonly<Record<string, string>>;

/** Flags of a file info request that only wants to know whether the file is there. */
export const EXISTENCE_FLAGS = fileInfoFlags.skipCrc32 | fileInfoFlags.silent;

/**
 * The bytes of command 13. Throws FdfsError BAD_REQUEST for names and values that a server would cut silently (64 and
 * 256 bytes of UTF-8) or could not tell apart.
 */
export function metadataBytes(metadata: Metadata): Buffer {
  for (const [name, value] of Object.entries(metadata)) {
    checkLength(name, "name", name, MAX_METADATA_NAME_BYTES);
    checkLength(name, "value", value, MAX_METADATA_VALUE_BYTES);
  }
  return printMetadata(Object.entries(metadata));
}

function checkLength(name: string, what: string, text: string, bytesMax: number): void {
  const bytes = Buffer.byteLength(text);
  if (bytes <= bytesMax) return;
  const reason = `the ${what} of metadata "${name.slice(0, 64)}" has ${bytes} bytes, ${bytesMax} are possible`;
  throw new FdfsError("BAD_REQUEST", { reason });
}

/** The metadata of a file, empty if it has none. Throws NOT_FOUND only if the file itself is not there. */
export async function getMetadata(
  session: Session,
  file: FileId,
  signal: AbortSignal,
): Promise<Record<string, string>> {
  const { groupName, logicalName } = file;
  const route = await routeToOwnerThenHolders(session, file, signal);
  return session.storages.use(route, storageCommands.getMetadata.retry, signal, async (connection) => {
    try {
      const request = { groupName, logicalName };
      const { metadata } = await call(session, connection, storageCommands.getMetadata, request, signal);
      return Object.fromEntries(parseMetadata(metadata));
    } catch (error) {
      // The same status says "no metadata" and "no file": the file info tells which.
      if (!isKind(error, "NOT_FOUND")) throw error;
      const request = { groupName, logicalName };
      await call(session, connection, storageCommands.queryFileInfo, request, signal, EXISTENCE_FLAGS);
      return {};
    }
  });
}

/** Replaces the metadata of a file, or merges into it (new values win). */
export async function setMetadata(
  session: Session,
  file: FileId,
  metadata: Buffer,
  mode: keyof typeof metadataOperations,
  signal: AbortSignal,
): Promise<void> {
  await change(session, file, storageCommands.setMetadata, metadataRequest(file, metadata, mode), signal);
}

/** Replaces the metadata of a file over the connection on which it was just stored. */
export async function attachMetadata(
  session: Session,
  connection: RpcConnection,
  file: FileId,
  metadata: Buffer,
  signal: AbortSignal,
): Promise<void> {
  await call(session, connection, storageCommands.setMetadata, metadataRequest(file, metadata, "overwrite"), signal);
}

function metadataRequest(file: FileId, metadata: Buffer, mode: keyof typeof metadataOperations) {
  const { groupName, logicalName } = file;
  return { groupName, logicalName, operation: metadataOperations[mode], metadata };
}
