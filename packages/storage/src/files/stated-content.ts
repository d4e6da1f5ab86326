// What the name of a file says of its content, where it can be held to it.
import { fileKind, parseNameFacts, statedFileBytes, TRUE_PATH_BYTES } from "@fastdfs-ts/protocol";

import { isGivenOnce } from "./given-once.ts";

export interface StatedContent {
  readonly bytes: number;
  readonly crc32: number;
}

/**
 * Size and CRC32 of a normal file, undefined for names of other files: appenders change, a slave's name tells of its
 * master, metadata says nothing. A slave with a short name can look like a normal file; then its end does not
 * (storage-formats.md §1.6, §1.7). The name of a link looks normal too: ask the disk what it is.
 */
export function statedContent(logicalName: string): StatedContent | undefined {
  if (!isGivenOnce(logicalName)) return undefined;
  const facts = parseNameFacts(logicalName, "Mxx/".length + TRUE_PATH_BYTES);
  if (facts === undefined || fileKind(logicalName, facts) !== "normal") return undefined;
  const bytes = statedFileBytes(facts);
  return bytes === undefined ? undefined : { bytes, crc32: facts.crc32 };
}
