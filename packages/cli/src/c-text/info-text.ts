// What fdfs_file_info of C prints, line by line.
import type { FileInfo } from "@fastdfs-ts/client";

import { printTime } from "../terminal/units.ts";

export function printInfoAsC(info: FileInfo): string {
  const isAsked = info.origin === "server";
  // A storage tells when the file was changed last, and C calls it the same.
  const time = isAsked ? info.modifiedAt : info.createdAt;
  const lines = [
    `GET FROM SERVER: ${isAsked}`,
    "",
    `file type: ${info.kind}`,
    `source storage id: ${info.source?.type === "id" ? info.source.storageId : 0}`,
    `source ip address: ${info.sourceIp ?? (info.source?.type === "ip" ? info.source.ip : "")}`,
    `file create timestamp: ${printTime(time === undefined ? 0 : time.getTime() / 1000)}`,
    `file size: ${info.fileBytes}`,
  ];
  if (info.crc32 !== undefined) {
    // C prints the number with a sign.
    lines.push(`file crc32: ${info.crc32 | 0} (0x${info.crc32.toString(16).padStart(8, "0")})`);
  }
  lines.push("");
  return lines.join("\n");
}
