// Making files: plain and appender uploads, slaves, links, and streams of unknown size (wire-protocol.md §8.2, §8.3,
// §8.13, §10.3). A file that could not be completed as asked is deleted again.
import {
  type Command,
  extensionOfLocalName,
  FdfsError,
  type FileId,
  type FileIdFacts,
  storageCommands,
  type StoredName,
} from "@fastdfs-ts/protocol";
import type { RpcConnection } from "@fastdfs-ts/rpc";

import { changeWithContent, deleteFile, regenerateName } from "./file-changes.ts";
import { attachMetadata, type Metadata, metadataBytes, setMetadata } from "./metadata.ts";
import type { CallOptions } from "./options.ts";
import { about, routeToOwner, type Session } from "./session.ts";
import type { Route } from "./storage-client.ts";
import { type StoredFile, storedFile } from "./stored-file.ts";
import type { UploadTarget } from "./tracker-client.ts";
import {
  type Content,
  inPieces,
  memoryContent,
  type OnProgress,
  type UploadSource,
  withProgress,
} from "./upload-source.ts";

export interface NamingOptions {
  /** Extension of the stored name, without the dot, at most 6 characters. */
  readonly extension?: string | undefined;
  /** Local name to take the extension from, as C does: "a.tar.gz" gives "tar.gz". */
  readonly fileName?: string | undefined;
}

export interface TransferOptions extends CallOptions {
  readonly onProgress?: OnProgress | undefined;
}

export interface PlacingOptions extends NamingOptions, TransferOptions {
  /** Group that shall keep the file. Default: the client's `group`, else the trackers choose. */
  readonly group?: string | undefined;
  /** Disk of the storage. Default: the tracker chooses. */
  readonly storePathIndex?: number | undefined;
  /** Names and values to keep beside the file. If they cannot be stored, the file is deleted again. */
  readonly metadata?: Metadata | undefined;
}

/** The extension that is sent for these options. */
function extensionOf(options: NamingOptions, otherwise = ""): string {
  if (options.extension !== undefined) return options.extension;
  return options.fileName === undefined ? otherwise : extensionOfLocalName(options.fileName);
}

/** Uploads content of a known size (11, 23). */
export async function upload(
  session: Session,
  content: Content,
  options: PlacingOptions & { readonly appender?: boolean | undefined },
  signal: AbortSignal,
): Promise<StoredFile> {
  const command = options.appender === true ? storageCommands.uploadAppender : storageCommands.uploadFile;
  const extension = extensionOf(options);
  const metadata = options.metadata === undefined ? undefined : metadataBytes(options.metadata);
  const outgoing = withProgress(content, options.onProgress);
  const route = await routeToStore(session, options.group ?? session.settings.group, signal);
  return session.storages.use(route, command.retry, signal, async (connection, target) => {
    const storePathIndex = options.storePathIndex ?? target.storePathIndex ?? SERVER_CHOOSES;
    const request = { storePathIndex, contentBytes: content.bytes, extension };
    const stored = await send(session, connection, command, request, outgoing, signal);
    return complete(session, connection, stored, metadata, signal);
  });
}

/** Uploads a slave of a master file (21). */
export async function uploadSlave(
  session: Session,
  master: FileIdFacts,
  slavePrefix: string,
  content: Content,
  options: NamingOptions & TransferOptions & { readonly metadata?: Metadata | undefined },
  signal: AbortSignal,
): Promise<StoredFile> {
  const command = storageCommands.uploadSlave;
  const extension = extensionOf(options, master.extension);
  const metadata = options.metadata === undefined ? undefined : metadataBytes(options.metadata);
  const outgoing = withProgress(content, options.onProgress);
  const route = await routeToOwner(session, master, signal);
  return session.storages.use(route, command.retry, signal, async (connection) => {
    const request = { contentBytes: content.bytes, slavePrefix, extension, masterName: master.logicalName };
    const stored = await send(session, connection, command, request, outgoing, signal);
    return complete(session, connection, stored, metadata, signal);
  });
}

/**
 * Uploads a stream of unknown size: the first piece as an appender file, the others appended, then the name of a normal
 * file (23, 24, 38). Needs memory for one piece. Whatever goes wrong, the unfinished file is deleted.
 */
export async function uploadStream(
  session: Session,
  source: UploadSource,
  options: PlacingOptions & { readonly pieceBytes: number },
  signal: AbortSignal,
): Promise<StoredFile> {
  const { metadata, onProgress, pieceBytes, ...placing } = options;
  const encoded = metadata === undefined ? undefined : metadataBytes(metadata);
  let doneBytes = 0;
  let started: StoredFile | undefined;
  try {
    for await (const piece of inPieces(source, pieceBytes, signal)) {
      const content = memoryContent(piece);
      if (started === undefined) started = await upload(session, content, { ...placing, appender: true }, signal);
      else await appendTo(session, started, content, signal);
      doneBytes += content.bytes;
      onProgress?.({ doneBytes, totalBytes: undefined });
    }
    // An empty stream is an empty file, which needs no detour.
    if (started === undefined) return await upload(session, memoryContent([]), { ...placing, metadata }, signal);
    const finished = await regenerateName(session, started.facts, signal);
    // From here on the file has its final name: that is what must go if the metadata cannot be kept.
    started = finished;
    if (encoded !== undefined) await setMetadata(session, finished, encoded, "overwrite", signal);
    return finished;
  } catch (error) {
    if (started !== undefined) await undo(session, started);
    throw error;
  }
}

/** Another name for a file (20): its own, or that of a slave of `master`. */
export async function createLink(
  session: Session,
  source: FileIdFacts,
  options: NamingOptions & {
    readonly masterId?: FileId | undefined;
    readonly slavePrefix?: string | undefined;
    readonly signature?: Uint8Array | undefined;
  },
  signal: AbortSignal,
): Promise<StoredFile> {
  const command = storageCommands.createLink;
  const request = {
    groupName: source.groupName,
    slavePrefix: options.slavePrefix ?? "",
    extension: extensionOf(options, source.extension),
    masterName: options.masterId?.logicalName ?? "",
    sourceName: source.logicalName,
    signature: Buffer.from(options.signature ?? "-"),
  };
  const route = await routeToOwner(session, source, signal);
  const stored = await session.storages.use(route, command.retry, signal, (connection) =>
    connection.call(command, request, { timeoutMs: session.settings.networkTimeoutMs, signal }),
  );
  return storedFile(stored);
}

const SERVER_CHOOSES = -1;

/** The route of an upload: the tracker's choice, then the other writable servers of that group, which choose a disk themselves. */
async function routeToStore(
  session: Session,
  group: string | undefined,
  signal: AbortSignal,
): Promise<Route<UploadTarget>> {
  const { trackers } = session;
  const first = await trackers.uploadTarget(group, signal);
  return {
    first,
    others: async () => {
      const targets = await trackers.uploadTargets(group === undefined ? undefined : first.groupName, signal);
      return targets.map((target) => ({ ...target, storePathIndex: undefined }));
    },
  };
}

async function send<Request>(
  session: Session,
  connection: RpcConnection,
  command: Command<Request, StoredName>,
  request: Request,
  content: Content,
  signal: AbortSignal,
): Promise<StoredFile> {
  const outgoing = { bytes: content.bytes, chunks: content.open() };
  const options = { timeoutMs: session.settings.networkTimeoutMs, signal };
  return storedFile(await connection.send(command, request, outgoing, options));
}

/** Adds the metadata on the same connection; a file that would be without them is deleted (wire-protocol.md §10.3). */
async function complete(
  session: Session,
  connection: RpcConnection,
  stored: StoredFile,
  metadata: Buffer | undefined,
  signal: AbortSignal,
): Promise<StoredFile> {
  if (metadata === undefined || metadata.length === 0) return stored;
  try {
    await attachMetadata(session, connection, stored, metadata, signal);
    return stored;
  } catch (error) {
    const isGone = await undo(session, stored);
    const fate = isGone ? "the file was deleted again" : "the file could not be deleted and is still there";
    if (!(error instanceof FdfsError)) throw error;
    const reason = `the metadata could not be stored, ${fate}: ${error.facts.reason ?? error.kind}`;
    throw about(stored, new FdfsError(error.kind, { ...error.facts, reason }, { cause: error }));
  }
}

async function appendTo(session: Session, file: StoredFile, content: Content, signal: AbortSignal): Promise<void> {
  const { logicalName } = file;
  const request = { logicalName, contentBytes: content.bytes };
  await changeWithContent(session, file, storageCommands.appendFile, request, content, signal);
}

/** Deletes a file that was not completed, even though the operation itself was aborted. Answers whether it is gone. */
async function undo(session: Session, file: StoredFile): Promise<boolean> {
  try {
    await session.operations.run(undefined, (signal) => deleteFile(session, file, signal));
    return true;
  } catch {
    // The caller is told of the first failure; that the file remained is part of that message where it matters.
    return false;
  }
}
