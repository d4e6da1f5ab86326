// A peer that pushes records, one connection, exact statuses: the requests of wire-protocol.md §9 by name.
import {
  type Command,
  crc32,
  frame,
  frameStatus,
  printNameFacts,
  sizeFlags,
  sourceOfIp,
  storageCommands,
} from "@fastdfs-ts/protocol";

const GROUP = "group1";
/** Unix time of the records: long ago, so that times that are taken over differ from those of today. */
export const RECORD_SECONDS = 1_600_000_000;

/** The name of a file with this content; `tail` has 3 digits. */
export function nameStating(content: Uint8Array, tail: string, sizeHigh: number = sizeFlags.masked): string {
  const facts = printNameFacts({
    source: sourceOfIp("10.0.0.1"),
    createdSeconds: RECORD_SECONDS,
    sizeHigh,
    sizeLow: content.length,
    crc32: crc32(0, content),
  });
  return `M00/00/00/${facts}${tail}.bin`;
}

export interface RecordOptions {
  readonly seconds?: number;
  readonly groupName?: string;
  /** Byte 9 of the header. */
  readonly flags?: number;
  /** Announced instead of the true size of the content. */
  readonly announcedBytes?: number;
}

const common = ({ seconds = RECORD_SECONDS, groupName = GROUP }: RecordOptions) => ({
  timestampSeconds: seconds,
  groupName,
});

function request<Request>(
  command: Command<Request>,
  message: Request,
  content: Uint8Array = Buffer.alloc(0),
  flags = 0,
): Buffer {
  return frame(command.code, Buffer.concat([command.request.encode(message), content]), flags);
}

/** Requests by the operation of the log that they carry. */
export const push = {
  reportId: (storageId: string) => request(storageCommands.reportServerId, { storageId }),
  hello: (storageId: string, extensionVersion = 1) =>
    request(storageCommands.peerHello, { storageId, extensionVersion }),
  create: (logicalName: string, content: Uint8Array, options: RecordOptions = {}) =>
    wholeFile(storageCommands.syncCreateFile, logicalName, content, options),
  update: (logicalName: string, content: Uint8Array, options: RecordOptions = {}) =>
    wholeFile(storageCommands.syncUpdateFile, logicalName, content, options),
  append: (logicalName: string, offset: number, content: Uint8Array, options: RecordOptions = {}) =>
    piece(storageCommands.syncAppendFile, logicalName, offset, content, options),
  modify: (logicalName: string, offset: number, content: Uint8Array, options: RecordOptions = {}) =>
    piece(storageCommands.syncModifyFile, logicalName, offset, content, options),
  truncate: (logicalName: string, oldBytes: number, newBytes: number, options: RecordOptions = {}) =>
    request(storageCommands.syncTruncateFile, { ...common(options), logicalName, oldBytes, newBytes }),
  delete: (logicalName: string, options: RecordOptions = {}) =>
    request(storageCommands.syncDeleteFile, { ...common(options), logicalName }),
  link: (linkName: string, targetName: string, options: RecordOptions = {}) =>
    request(storageCommands.syncCreateLink, { ...common(options), linkName, targetName }),
  rename: (newName: string, oldName: string, options: RecordOptions = {}) =>
    request(storageCommands.syncRenameFile, { ...common(options), newName, oldName }),
};

function wholeFile(
  command: typeof storageCommands.syncCreateFile,
  logicalName: string,
  content: Uint8Array,
  options: RecordOptions,
): Buffer {
  const contentBytes = options.announcedBytes ?? content.length;
  const sent = (options.flags ?? 0) === 0 ? content : undefined;
  return request(command, { ...common(options), logicalName, contentBytes }, sent, options.flags);
}

function piece(
  command: typeof storageCommands.syncAppendFile,
  logicalName: string,
  offset: number,
  content: Uint8Array,
  options: RecordOptions,
): Buffer {
  const contentBytes = options.announcedBytes ?? content.length;
  return request(command, { ...common(options), logicalName, offset, contentBytes }, content);
}

/** The status of an answer, which must have no body; -1 if there was none. */
export function emptyStatus(answer: Buffer): number {
  if (answer.length === 0) return -1;
  if (answer.length !== 10) throw new Error(`an answer with a body: ${answer.toString("hex")}`);
  return frameStatus(answer);
}
