// What a storage answers when it has made a file, in the shape that callers get.
import { FdfsError, type FileIdFacts, parseFileId, printFileId, type StoredName } from "@fastdfs-ts/protocol";

export interface StoredFile {
  /** "group1/M00/00/0C/…": keep this. */
  readonly fileId: string;
  readonly groupName: string;
  readonly logicalName: string;
  /** What the name says: size, CRC32, time, source. */
  readonly facts: FileIdFacts;
}

/** Throws FdfsError BAD_ANSWER if the server gave a name that is none. */
export function storedFile(stored: StoredName): StoredFile {
  const { groupName, logicalName } = stored;
  const fileId = printFileId(stored);
  try {
    return { fileId, groupName, logicalName, facts: parseFileId(fileId) };
  } catch (error) {
    throw new FdfsError("BAD_ANSWER", { reason: `the server named the file "${fileId}"` }, { cause: error });
  }
}
