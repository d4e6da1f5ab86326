// From a record to the request that tells a peer of it. Content is read now, not when the record was written, so a create
// may carry later changes already; the records of those are then answered "there already" (cluster-behaviour.md §4.7).
//
// Some changes are logged before they are made, so a file is looked at under its lock (decisions/0002). What is streamed is
// only opened under it: a change that begins later has a later record, which repairs what was sent half old, half new.
import {
  FdfsError,
  fileKind,
  HEADER_BYTES,
  METADATA_SUFFIX,
  parseNameFacts,
  statedFileBytes,
  storageCommands,
  TRUE_PATH_BYTES,
  writeHeader,
} from "@fastdfs-ts/protocol";
import type { OutgoingContent } from "@fastdfs-ts/rpc";
import { systemErrorCode } from "@fastdfs-ts/runtime";

import type { FileStore } from "../files/file-store.ts";
import { type ResolvedName, resolveName } from "../files/resolve-name.ts";
import { after, type Awaitable, rescue } from "../store/awaitable.ts";
import type { StoreFile } from "../store/store-disk.ts";
import { BATCHED_CONTENT_BYTES, type FrameBatch } from "./frame-batch.ts";
import { pushForms } from "./push-forms.ts";
import type { PushTask } from "./push-task.ts";

const PIECE_BYTES = 256 * 1024;

/**
 * frame   the request is in the batch
 * full    the batch has no room for it
 * large   to be asked for again with `streams`
 * gone    there is nothing to tell any more
 */
export type Prepared =
  | { readonly kind: "frame" | "full" | "large" | "gone" }
  /** `close` is to be called when it was sent, or is not going to be. */
  | {
      readonly kind: "stream";
      readonly front: Buffer;
      readonly content: OutgoingContent;
      readonly close: () => Awaitable<void>;
    };

const FRAME = { kind: "frame" } as const;
const FULL = { kind: "full" } as const;
const LARGE = { kind: "large" } as const;
const GONE = { kind: "gone" } as const;

export class PushRequests {
  private readonly store: FileStore;
  private readonly peerIsOurs: boolean;
  private readonly mayMissFiles: () => boolean;

  constructor(store: FileStore, peerIsOurs: boolean, mayMissFiles: () => boolean) {
    this.store = store;
    this.peerIsOurs = peerIsOurs;
    this.mayMissFiles = mayMissFiles;
  }

  /**
   * Writes the request of a task into the batch, or opens what is too large for one if the caller `streams`. Throws
   * FdfsError if the file is there and cannot be read, or is not there although it may come back.
   */
  prepare(task: PushTask, batch: FrameBatch, streams: boolean): Awaitable<Prepared> {
    // C servers log a link that they are given as a line that no reader can take, and their own replication stops there, so
    // they get the file behind the link (wire-protocol.md §12).
    if (task.form === "link" && !this.peerIsOurs) task.form = "create";
    const fresh = this.fresh(task);
    if (fresh !== undefined) return this.freshFrame(task, batch, fresh);
    const target = this.resolve(task);
    if (target === undefined) return GONE;
    return this.locked(target, () =>
      rescue(
        () => after(this.build(task, target, batch, streams), (prepared) => this.heldBack(task, prepared)),
        (error) => {
          if (systemErrorCode(error) === "ENOENT") return this.heldBack(task, GONE);
          throw FdfsError.fromUnknown(error, { fileName: task.record.logicalName });
        },
      ),
    );
  }

  /** What is not here yet is not gone for good: its record waits (parked-records.ts). */
  private heldBack(task: PushTask, prepared: Prepared): Prepared {
    if (prepared.kind === "gone" && task.form !== "delete" && this.mayMissFiles()) {
      throw new FdfsError("NOT_FOUND", {
        fileName: task.record.logicalName,
        reason: "lost with a disk or a power cut, and not fetched back from another member yet",
      });
    }
    return prepared;
  }

  /** The size of the file that a create would send, undefined if there is none. */
  async localBytes(task: PushTask): Promise<number | undefined> {
    const target = this.resolve(task);
    return (await target?.storePath.disk.stat(target.path))?.sizeBytes;
  }

  /** A create or update without content, for a peer that has the file (wire-protocol.md §9.3). */
  withoutContent(task: PushTask, fileBytes: number): Buffer {
    const { syncCreateFile } = storageCommands;
    const head = syncCreateFile.request.encode(this.fileHead(task, fileBytes));
    const front = Buffer.allocUnsafe(HEADER_BYTES + head.length);
    writeHeader(front, 0, head.length, syncCreateFile.code, EXISTS);
    head.copy(front, HEADER_BYTES);
    task.contentBytes = 0;
    task.requestBytes = front.length;
    return front;
  }

  /**
   * The content of a new file that is still in memory. It has its name, and never changes, so there is no lock to wait for;
   * deleted it may be.
   */
  private fresh({ form, content, record }: PushTask): Buffer | undefined {
    const { binlog, deletions } = this.store;
    if (content === undefined || form !== "create" || deletions.has(record.logicalName)) return undefined;
    return binlog.tail.content(content);
  }

  private freshFrame(task: PushTask, batch: FrameBatch, content: Buffer): Prepared {
    const frontBytes = HEADER_BYTES + headBytes(task);
    const bytes = frontBytes + content.length;
    // What broke a connection may not take others with it again.
    const joins = task.losses === 0 && batch.canJoin(bytes);
    if (joins ? !batch.join(bytes) : batch.room < bytes) return FULL;
    batch.buffer.set(content, batch.end + frontBytes);
    return this.fileFrame(task, batch, content.length, joins);
  }

  /** Undefined for a name that no file here can have: it came from a peer with more store paths, or from another time. */
  private resolve({ record }: Pick<PushTask, "record">): ResolvedName | undefined {
    try {
      return resolveName(this.store, record.logicalName);
    } catch {
      return undefined;
    }
  }

  /** Metadata changes under the lock of its file; a slave with such a name, and what peers send, under its own. */
  private locked<T>(target: ResolvedName, work: () => Awaitable<T>): Awaitable<T> {
    const { locks } = this.store;
    if (!target.path.endsWith(METADATA_SUFFIX)) return locks.soon(target.path, work);
    const filePath = target.path.slice(0, -METADATA_SUFFIX.length);
    return locks.soon(filePath, () => locks.soon(target.path, work));
  }

  private build(task: PushTask, target: ResolvedName, batch: FrameBatch, streams: boolean): Awaitable<Prepared> {
    const { disk } = target.storePath;
    switch (task.form) {
      case "create":
      case "createAndUpdate":
      case "update":
        return this.wholeFile(task, target, batch, streams);
      case "append":
      case "modify":
        return this.range(task, target, batch, streams);
      case "delete":
        // It may have been created again since.
        return after(disk.linkStat(target.path), (stat) => (stat === undefined ? this.head(task, batch) : GONE));
      case "truncate":
        return after(disk.linkStat(target.path), (stat) => (stat === undefined ? GONE : this.head(task, batch)));
      case "rename":
      case "renameAndUpdate":
        // Also if the new name is gone: else the peer would keep the old one, which no later record names.
        return this.head(task, batch);
      case "link":
        return after(disk.linkStat(target.path), (stat) => (stat?.kind === "symlink" ? this.head(task, batch) : GONE));
    }
  }

  /** Most pushes. What a file's name states need not be asked of the disk. */
  private wholeFile(task: PushTask, target: ResolvedName, batch: FrameBatch, streams: boolean): Awaitable<Prepared> {
    const stated = statedBytes(target);
    if (stated !== undefined && stated > BATCHED_CONTENT_BYTES) return streams ? this.stream(task, target) : LARGE;
    // One byte more shows a file that is longer than its name says.
    const wanted = (stated ?? BATCHED_CONTENT_BYTES) + 1;
    const frontBytes = HEADER_BYTES + headBytes(task);
    if (batch.room < frontBytes + wanted) return FULL;
    const contentAt = batch.end + frontBytes;
    return after(target.storePath.disk.readStart(target.path, batch.buffer, contentAt, wanted), (bytes) => {
      if (bytes <= (stated ?? BATCHED_CONTENT_BYTES)) return this.fileFrame(task, batch, bytes);
      if (stated === undefined) return streams ? this.stream(task, target) : LARGE;
      return this.unstated(task, target, batch, streams);
    });
  }

  /** A slave whose short name looks like that of a smaller file. */
  private async unstated(task: PushTask, target: ResolvedName, batch: FrameBatch, streams: boolean): Promise<Prepared> {
    const frontBytes = HEADER_BYTES + headBytes(task);
    if (batch.room < frontBytes + BATCHED_CONTENT_BYTES + 1) return FULL;
    const contentAt = batch.end + frontBytes;
    const { disk } = target.storePath;
    const bytes = await disk.readStart(target.path, batch.buffer, contentAt, BATCHED_CONTENT_BYTES + 1);
    if (bytes <= BATCHED_CONTENT_BYTES) return this.fileFrame(task, batch, bytes);
    return streams ? this.stream(task, target) : LARGE;
  }

  /** The content is in the batch already, where it belongs. */
  private fileFrame(task: PushTask, batch: FrameBatch, contentBytes: number, joins = false): Prepared {
    const { command } = pushForms[task.form];
    const { request } = storageCommands.syncCreateFile;
    request.encodeInto(batch.buffer, batch.end + HEADER_BYTES, this.fileHead(task, contentBytes));
    return this.addFrame(task, batch, command.code, headBytes(task), contentBytes, joins);
  }

  private async range(task: PushTask, target: ResolvedName, batch: FrameBatch, streams: boolean): Promise<Prepared> {
    const { offset, length: logged } = twoNumbers(task);
    if (logged > BATCHED_CONTENT_BYTES && !streams) return LARGE;
    const frontBytes = HEADER_BYTES + headBytes(task);
    if (logged <= BATCHED_CONTENT_BYTES && batch.room < frontBytes + logged) return FULL;
    const file = await target.storePath.disk.open(target.path, "read");
    let isHandedOn = false;
    try {
      // What was cut off since is not missed: a later record says so.
      const length = Math.min(logged, (await file.stat()).sizeBytes - offset);
      if (length < 0 || (length === 0 && logged > 0)) return GONE;
      if (length > BATCHED_CONTENT_BYTES) {
        isHandedOn = true;
        return this.streamed(task, file, offset, length);
      }
      const contentAt = batch.end + frontBytes;
      for (let done = 0; done < length;) {
        const bytes = await file.read(batch.buffer, contentAt + done, length - done, offset + done);
        if (bytes === 0) return GONE;
        done += bytes;
      }
      const head = this.encodedHead(task, length);
      head.copy(batch.buffer, batch.end + HEADER_BYTES);
      return this.addFrame(task, batch, pushForms[task.form].command.code, head.length, length);
    } finally {
      if (!isHandedOn) await file.close();
    }
  }

  /** A request without content. */
  private head(task: PushTask, batch: FrameBatch): Prepared {
    const head = this.encodedHead(task, 0);
    if (batch.room < HEADER_BYTES + head.length) return FULL;
    head.copy(batch.buffer, batch.end + HEADER_BYTES);
    return this.addFrame(task, batch, pushForms[task.form].command.code, head.length, 0);
  }

  private addFrame(
    task: PushTask,
    batch: FrameBatch,
    code: number,
    head: number,
    contentBytes: number,
    joins = false,
  ): Prepared {
    writeHeader(batch.buffer, batch.end, head + contentBytes, code, 0);
    task.contentBytes = contentBytes;
    task.requestBytes = HEADER_BYTES + head + contentBytes;
    if (joins) batch.joined(task.requestBytes);
    else batch.add(task.requestBytes);
    return FRAME;
  }

  private async stream(task: PushTask, target: ResolvedName): Promise<Prepared> {
    const file = await target.storePath.disk.open(target.path, "read");
    try {
      return this.streamed(task, file, 0, (await file.stat()).sizeBytes);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  private streamed(task: PushTask, file: StoreFile, offset: number, bytes: number): Prepared {
    const head = this.encodedHead(task, bytes);
    const front = Buffer.allocUnsafe(HEADER_BYTES + head.length);
    writeHeader(front, 0, head.length + bytes, pushForms[task.form].command.code, 0);
    head.copy(front, HEADER_BYTES);
    task.contentBytes = bytes;
    task.requestBytes = front.length + bytes;
    const content = { bytes, chunks: pieces(file, offset, bytes) };
    return { kind: "stream", front, content, close: () => file.close() };
  }

  private fileHead({ record }: PushTask, contentBytes: number) {
    const { logicalName, seconds: timestampSeconds } = record;
    return { contentBytes, timestampSeconds, groupName: this.store.groupName, logicalName };
  }

  private encodedHead(task: PushTask, contentBytes: number): Buffer {
    const { record } = task;
    const { groupName } = this.store;
    const { logicalName, seconds: timestampSeconds, extra = "" } = record;
    switch (task.form) {
      case "create":
      case "createAndUpdate":
      case "update":
        return storageCommands.syncCreateFile.request.encode(this.fileHead(task, contentBytes));
      case "delete":
        return storageCommands.syncDeleteFile.request.encode({ timestampSeconds, groupName, logicalName });
      case "append":
      case "modify": {
        const { offset } = twoNumbers(task);
        const request = { offset, contentBytes, timestampSeconds, groupName, logicalName };
        return storageCommands.syncAppendFile.request.encode(request);
      }
      case "truncate": {
        const { offset: oldBytes, length: newBytes } = twoNumbers(task);
        const request = { oldBytes, newBytes, timestampSeconds, groupName, logicalName };
        return storageCommands.syncTruncateFile.request.encode(request);
      }
      case "link": {
        const request = { timestampSeconds, groupName, linkName: logicalName, targetName: extra };
        return storageCommands.syncCreateLink.request.encode(request);
      }
      case "rename":
      case "renameAndUpdate": {
        const request = { timestampSeconds, groupName, newName: logicalName, oldName: extra };
        return storageCommands.syncRenameFile.request.encode(request);
      }
    }
  }
}

/** Byte 9 of a request without content: the peer has the file. */
const EXISTS = 17;

/** The size that the name of an ordinary file states. */
function statedBytes({ logicalName, pathInStore }: ResolvedName): number | undefined {
  const facts = parseNameFacts(pathInStore, TRUE_PATH_BYTES);
  if (facts === undefined || fileKind(logicalName, facts) !== "normal") return undefined;
  return statedFileBytes(facts);
}

/** Of a request with content, whose head has one name. */
function headBytes({ form, record }: PushTask): number {
  return pushForms[form].command.request.fixedSize + record.logicalName.length;
}

/** Offset and length, or old and new size. The record was checked when it was read. */
function twoNumbers({ record }: PushTask): { readonly offset: number; readonly length: number } {
  const [offset, length] = (record.extra ?? "").split(" ").map(Number);
  return { offset: offset ?? 0, length: length ?? 0 };
}

async function* pieces(file: StoreFile, offset: number, bytes: number): AsyncGenerator<Buffer, void, void> {
  for (let at = 0; at < bytes;) {
    // A fresh piece each time: the socket may still hold the one before.
    const piece = Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, bytes - at));
    const read = await file.read(piece, 0, piece.length, offset + at);
    if (read === 0) throw new FdfsError("IO_FAILED", { reason: "the file became shorter while it was sent" });
    at += read;
    yield piece.subarray(0, read);
  }
}
