// Existing files: download, delete, facts about them (wire-protocol.md §8.4, §8.7, §8.8). The answer to a download is
// file content, nothing else.
import { MAX_NAME_BYTES, MIN_NAME_BYTES } from "../limits.ts";
import { crc64, i64, size64, text, variableText } from "../wire/fields.ts";
import { message, type MessageOf } from "../wire/message.ts";

/** A request that names a file and nothing else (12, 15, 22). */
export const FileRequest = message("FileRequest", {
  groupName: text(16, "group name"),
  logicalName: variableText("name without the group", MIN_NAME_BYTES, MAX_NAME_BYTES),
});
export type FileRequest = MessageOf<typeof FileRequest>;

/** Request of 14. */
export const DownloadRequest = message("DownloadRequest", {
  offset: size64("first byte wanted"),
  countBytes: size64("number of bytes, 0: to the end"),
  groupName: text(16, "group name"),
  logicalName: variableText("name without the group", MIN_NAME_BYTES, MAX_NAME_BYTES),
});
export type DownloadRequest = MessageOf<typeof DownloadRequest>;

/** Answer to 22, address in 16 bytes (wire-protocol.md §8.8). */
export const FileInfo = message("FileInfo", {
  fileBytes: i64("size of the file"),
  modifiedSeconds: i64("Unix time of its last change"),
  crc32: crc64("CRC32 of the content, from the name or computed"),
  sourceIp: text(16, "address of the server that took the upload; empty if unknown"),
});
export type FileInfo = MessageOf<typeof FileInfo>;

/** Answer to 22, address in 46 bytes (wire-protocol.md §8.8). */
export const FileInfoIpv6 = message("FileInfoIpv6", {
  fileBytes: i64("size of the file"),
  modifiedSeconds: i64("Unix time of its last change"),
  crc32: crc64("CRC32 of the content, from the name or computed"),
  sourceIp: text(46, "address of the server that took the upload; empty if unknown"),
});
export type FileInfoIpv6 = MessageOf<typeof FileInfoIpv6>;
