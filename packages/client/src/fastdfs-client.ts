// The door of the client: what a program calls, in terms of file ids. Each method says what it does and hands over to
// the file that does it.
import { accessToken, type ChoiceExplanation, type FileId, storageCommands } from "@fastdfs-ts/protocol";
import { ConnectionPool } from "@fastdfs-ts/rpc";
import { Deadlines, type World } from "@fastdfs-ts/runtime";
import { nodeWorld } from "@fastdfs-ts/runtime/node";

import { ClusterTools } from "./cluster-tools.ts";
import { readClientConfig } from "./config-file.ts";
import type { Download } from "./download.ts";
import { type DownloadOptions, openDownload } from "./downloads.ts";
import { Exchanges } from "./exchanges.ts";
import { explain, type ExplainedCluster } from "./explain.ts";
import { type ChoiceQuestion, explainChoice } from "./explain-choice.ts";
import { changeWithContent, deleteFile, regenerateName, truncate } from "./file-changes.ts";
import { checkedFileId, type FileInfo, infoFromName, queryFileInfo } from "./file-info.ts";
import { getMetadata, type Metadata, metadataBytes, setMetadata } from "./metadata.ts";
import { Operations } from "./operations.ts";
import { type CallOptions, type ClientOptions, clientSettings } from "./options.ts";
import { isKind } from "./retry-policy.ts";
import { operate, type Session } from "./session.ts";
import { StorageClient } from "./storage-client.ts";
import type { StoredFile } from "./stored-file.ts";
import { TrackerClient } from "./tracker-client.ts";
import { TrackerDirectory } from "./tracker-directory.ts";
import {
  type Content,
  contentOf,
  fileContent,
  type SizeOptions,
  type UploadSource,
  withProgress,
} from "./upload-source.ts";
import {
  createLink,
  type NamingOptions,
  type PlacingOptions,
  type TransferOptions,
  upload,
  uploadSlave,
  uploadStream,
} from "./uploads.ts";

export interface UploadFileOptions extends PlacingOptions {
  /** Make it a file that can be appended to, modified and truncated. */
  readonly appender?: boolean | undefined;
}

export interface UploadOptions extends UploadFileOptions, SizeOptions {}

export interface UploadStreamOptions extends PlacingOptions {
  /** Bytes per append, and the memory that is needed. Default 4 MiB. */
  readonly pieceBytes?: number | undefined;
}

export interface SlaveOptions extends NamingOptions, TransferOptions, SizeOptions {
  readonly metadata?: Metadata | undefined;
}

export interface ContentOptions extends TransferOptions, SizeOptions {}

export interface FileInfoOptions extends CallOptions {
  /** Ask a storage even if the name says everything. */
  readonly fromServer?: boolean | undefined;
  /** Whether the storage computes the CRC32 of appender and slave files, for which it reads them whole. Default true. */
  readonly checksum?: boolean | undefined;
  /** Ask the storage not to log it if the file is missing, for those who expect that. Default false. */
  readonly silent?: boolean | undefined;
}

export interface LinkOptions extends NamingOptions, CallOptions {
  /** Name the link like a slave of this file, with this prefix. */
  readonly masterId?: string | undefined;
  readonly slavePrefix?: string | undefined;
  /** Opaque bytes for the storage's duplicate detection. */
  readonly signature?: Uint8Array | undefined;
}

const DEFAULT_PIECE_BYTES = 4 * 1024 * 1024;
const LONGEST_RESOLUTION_MS = 500;

/**
 * A client of one cluster. Safe for concurrent use; one per process is enough.
 *
 * Every operation fails with an FdfsError whose `kind` a program may branch on: ABORTED (the signal fired, or the client
 * was closed), UNREACHABLE, TIMED_OUT, CONNECTION_LOST, BAD_ANSWER, POOL_EXHAUSTED, the statuses that servers answer
 * (NOT_FOUND, NO_SPACE, BAD_REQUEST …), BAD_REQUEST also for arguments that no server would accept. What a source
 * stream throws comes out unchanged; TypeErrors are mistakes of the calling program.
 */
export class FastDfsClient implements AsyncDisposable {
  /** Groups, storages, trackers: what monitoring tools and administrators ask. */
  readonly cluster: ClusterTools;
  private readonly session: Session;
  private readonly pool: ConnectionPool;
  private readonly deadlines: Deadlines;

  private constructor(session: Session, pool: ConnectionPool, deadlines: Deadlines) {
    this.session = session;
    this.pool = pool;
    this.deadlines = deadlines;
    this.cluster = new ClusterTools(session);
  }

  /** Makes a client. Nothing is connected before the first operation. Throws BAD_REQUEST if an option is wrong. */
  static open(options: ClientOptions, world: World = nodeWorld()): FastDfsClient {
    const settings = clientSettings(options);
    const { clock, network } = world;
    const { connectTimeoutMs, networkTimeoutMs, maxPerServer, maxIdleMs, testAfterIdleMs, localAddress } = settings;
    const deadlines = Deadlines.open(clock, Math.min(LONGEST_RESOLUTION_MS, networkTimeoutMs / 4));
    const pool = new ConnectionPool({
      network,
      clock,
      deadlines,
      maxPerEndpoint: maxPerServer,
      maxIdleMs,
      testAfterIdleMs,
      connectTimeoutMs,
      networkTimeoutMs,
      activeTest: storageCommands.activeTest,
      localAddress,
    });
    const exchanges = new Exchanges(pool, maxPerServer);
    const directory = new TrackerDirectory({
      trackers: settings.trackers,
      clock,
      network,
      restMs: settings.trackerRestMs,
    });
    const trackers = new TrackerClient({ directory, exchanges, networkTimeoutMs });
    const { connectAttempts, storageAddress } = settings;
    const storages = new StorageClient({ exchanges, clock, connectAttempts, storageAddress });
    return new FastDfsClient({ settings, world, operations: new Operations(), trackers, storages }, pool, deadlines);
  }

  /** Makes a client from a client.conf; `overrides` win. Throws ConfigError with file, line and remedy. */
  static fromConfigFile(
    path: string,
    overrides: Partial<ClientOptions> = {},
    world: World = nodeWorld(),
  ): FastDfsClient {
    const { options } = readClientConfig(world.disk, path);
    return FastDfsClient.open({ ...options, ...overrides }, world);
  }

  /**
   * Why each storage of a group, or of all groups, is in the state it is in, and how far each has fed the others. Trackers
   * that cannot tell are asked for their lists, and `isFromTracker` is false. Throws NOT_FOUND for an unknown group.
   */
  explain(groupName?: string, options: CallOptions = {}): Promise<ExplainedCluster> {
    return operate(this.session, undefined, options.signal, (signal) => explain(this.session, groupName, signal));
  }

  /**
   * Where a tracker would send an upload now, among whom it chooses, and why the others are ruled out; to any group, or to one.
   * Asking changes nothing. A refusal is part of what is explained. Throws NOT_SUPPORTED if no tracker explains its choices.
   */
  explainUpload(groupName?: string, options: CallOptions = {}): Promise<ChoiceExplanation> {
    return this.explainChoice({ purpose: "upload", groupName: groupName ?? "", logicalName: "" }, options);
  }

  /** The same for reading a file. Trackers do not know whether it exists: they go by its name. */
  async explainDownload(fileId: string, options: CallOptions = {}): Promise<ChoiceExplanation> {
    return this.explainChoice({ purpose: "download", ...checkedFileId(fileId) }, options);
  }

  /** The same for changing a file: appending, truncating, metadata, deletion. */
  async explainChange(fileId: string, options: CallOptions = {}): Promise<ChoiceExplanation> {
    return this.explainChoice({ purpose: "change", ...checkedFileId(fileId) }, options);
  }

  /**
   * Calls off what is under way (ABORTED, downloads that nobody read to the end included) and closes all connections.
   * Resolves when nothing is left. May be called twice.
   */
  async close(): Promise<void> {
    await this.session.operations.close();
    this.pool.close();
    this.deadlines.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Stores bytes, a Blob or a stream as a new file. A stream needs `size`, or `buffer` to be read into memory first.
   * Never repeated once a byte may have reached a storage, so it never stores twice: after CONNECTION_LOST or TIMED_OUT
   * the file may or may not be there.
   */
  async upload(source: UploadSource, options: UploadOptions = {}): Promise<StoredFile> {
    return operate(this.session, undefined, options.signal, async (signal) =>
      upload(this.session, await contentOf(source, options, signal), options, signal),
    );
  }

  /** As `upload` for a local file, whose name gives the extension. */
  async uploadFile(path: string, options: UploadFileOptions = {}): Promise<StoredFile> {
    return operate(this.session, undefined, options.signal, (signal) =>
      upload(this.session, fileContent(this.session.world.disk, path), { fileName: path, ...options }, signal),
    );
  }

  /**
   * Stores a stream of unknown and unlimited size, in memory for one piece: an appender file is begun, the pieces are
   * appended, and it gets the name of a normal file at the end. If anything fails, what was stored is deleted.
   */
  async uploadStream(source: UploadSource, options: UploadStreamOptions = {}): Promise<StoredFile> {
    const pieceBytes = options.pieceBytes ?? DEFAULT_PIECE_BYTES;
    return operate(this.session, undefined, options.signal, (signal) =>
      uploadStream(this.session, source, { ...options, pieceBytes }, signal),
    );
  }

  /**
   * Stores a file whose name is derived from its master's: "…390.txt" and "_80x80" give "…390_80x80.txt". The extension
   * is the master's unless given. Throws ALREADY_EXISTS if there is one, NOT_FOUND if there is no master.
   */
  async uploadSlave(
    masterId: string,
    slavePrefix: string,
    source: UploadSource,
    options: SlaveOptions = {},
  ): Promise<StoredFile> {
    const master = checkedFileId(masterId);
    return operate(this.session, master, options.signal, async (signal) =>
      uploadSlave(this.session, master, slavePrefix, await contentOf(source, options, signal), options, signal),
    );
  }

  /** As `uploadSlave` for a local file. The extension is the master's unless given. */
  async uploadSlaveFile(
    masterId: string,
    slavePrefix: string,
    path: string,
    options: Omit<SlaveOptions, keyof SizeOptions> = {},
  ): Promise<StoredFile> {
    const master = checkedFileId(masterId);
    return operate(this.session, master, options.signal, async (signal) => {
      const content = fileContent(this.session.world.disk, path);
      return uploadSlave(this.session, master, slavePrefix, content, options, signal);
    });
  }

  /**
   * Opens a file or a part of it for reading. Resolves when a storage has begun to send; the download then holds a
   * connection until it is read or cancelled. Storages that do not have the file (NOT_FOUND) or fail are passed over
   * while others have it. Throws BAD_REQUEST if `offset` is at or beyond the end.
   */
  async download(fileId: string, options: DownloadOptions = {}): Promise<Download> {
    return openDownload(this.session, checkedFileId(fileId), options);
  }

  /** Writes at the end of an appender file. Never repeated once sent. Throws BAD_REQUEST if it is no appender file. */
  async append(fileId: string, source: UploadSource, options: ContentOptions = {}): Promise<void> {
    return this.write(fileId, source, options, (file, content, signal) => {
      const request = { logicalName: file.logicalName, contentBytes: content.bytes };
      return changeWithContent(this.session, file, storageCommands.appendFile, request, content, signal);
    });
  }

  /** Overwrites a part of an appender file from `offset` on. Throws BAD_REQUEST if `offset` is beyond the end. */
  async modify(fileId: string, offset: number, source: UploadSource, options: ContentOptions = {}): Promise<void> {
    return this.write(fileId, source, options, (file, content, signal) => {
      const request = { logicalName: file.logicalName, offset, contentBytes: content.bytes };
      return changeWithContent(this.session, file, storageCommands.modifyFile, request, content, signal);
    });
  }

  /** Sets the size of an appender file, in bytes; a larger one fills with zeros. */
  async truncate(fileId: string, newBytes: number, options: CallOptions = {}): Promise<void> {
    const file = checkedFileId(fileId);
    return operate(this.session, file, options.signal, (signal) => truncate(this.session, file, newBytes, signal));
  }

  /** Turns an appender file into a normal one, which has a new name; the old one is gone. Never repeated once sent. */
  async regenerate(fileId: string, options: CallOptions = {}): Promise<StoredFile> {
    const file = checkedFileId(fileId);
    return operate(this.session, file, options.signal, (signal) => regenerateName(this.session, file, signal));
  }

  /** Deletes a file and its metadata, not its slaves. Throws NOT_FOUND if it is not there. */
  async delete(fileId: string, options: CallOptions = {}): Promise<void> {
    const file = checkedFileId(fileId);
    return operate(this.session, file, options.signal, (signal) => deleteFile(this.session, file, signal));
  }

  /**
   * Facts about a file. Without asking anyone if the name says it all, which proves nothing about whether the file is
   * still there; `fromServer` asks. Throws NOT_FOUND if a server was asked and no storage has it.
   */
  async fileInfo(fileId: string, options: FileInfoOptions = {}): Promise<FileInfo> {
    const file = checkedFileId(fileId);
    const known = options.fromServer === true ? undefined : infoFromName(file);
    if (known !== undefined) return known;
    return operate(this.session, file, options.signal, (signal) => queryFileInfo(this.session, file, options, signal));
  }

  /** Whether some storage has the file. Throws if one that should have it cannot be asked and the others have not. */
  async exists(fileId: string, options: CallOptions = {}): Promise<boolean> {
    try {
      await this.fileInfo(fileId, { ...options, fromServer: true, checksum: false, silent: true });
      return true;
    } catch (error) {
      if (isKind(error, "NOT_FOUND")) return false;
      throw error;
    }
  }

  /** Names and values of a file, empty if it has none. Throws NOT_FOUND if the file is not there. */
  async getMetadata(fileId: string, options: CallOptions = {}): Promise<Record<string, string>> {
    const file = checkedFileId(fileId);
    return operate(this.session, file, options.signal, (signal) => getMetadata(this.session, file, signal));
  }

  /**
   * "overwrite" (default) replaces all names and values, an empty object removes them; "merge" adds, new values win.
   * Names have at most 64 bytes of UTF-8, values 256 (BAD_REQUEST).
   */
  async setMetadata(
    fileId: string,
    metadata: Metadata,
    options: CallOptions & { readonly mode?: "overwrite" | "merge" | undefined } = {},
  ): Promise<void> {
    const file = checkedFileId(fileId);
    const bytes = metadataBytes(metadata);
    return operate(this.session, file, options.signal, (signal) =>
      setMetadata(this.session, file, bytes, options.mode ?? "overwrite", signal),
    );
  }

  /** Another name for a file, in the same group. Throws NOT_FOUND, ALREADY_EXISTS. */
  async createLink(sourceId: string, options: LinkOptions = {}): Promise<StoredFile> {
    const source = checkedFileId(sourceId);
    const masterId: FileId | undefined = options.masterId === undefined ? undefined : checkedFileId(options.masterId);
    return operate(this.session, source, options.signal, (signal) =>
      createLink(this.session, source, { ...options, masterId }, signal),
    );
  }

  /** "token=…&ts=…" for a link to a file that an HTTP server hands out with anti-steal on (wire-protocol.md §10.7). */
  accessToken(fileId: string, secret: string): { readonly token: string; readonly ts: number } {
    const ts = Math.floor(this.session.world.clock.now() / 1000);
    return { token: accessToken(checkedFileId(fileId).logicalName, secret, ts), ts };
  }

  private explainChoice(question: ChoiceQuestion, options: CallOptions): Promise<ChoiceExplanation> {
    return operate(this.session, undefined, options.signal, (signal) => explainChoice(this.session, question, signal));
  }

  private async write(
    fileId: string,
    source: UploadSource,
    options: ContentOptions,
    work: (file: FileId, content: Content, signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    const file = checkedFileId(fileId);
    return operate(this.session, file, options.signal, async (signal) =>
      work(file, withProgress(await contentOf(source, options, signal), options.onProgress), signal),
    );
  }
}
