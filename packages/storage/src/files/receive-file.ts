// Takes the content of a request into a file of the incoming folder and computes its CRC32 on the way. If anything goes
// wrong (the client vanishes, the disk is full) the file is gone again before the error is reported.
import { crc32, FdfsError } from "@fastdfs-ts/protocol";
import type { ContentReader } from "@fastdfs-ts/rpc";

import type { StorePath } from "../store/store-path.ts";
import { discard } from "./discard.ts";
import type { FileStore } from "./file-store.ts";

export interface ReceivedFile {
  /** Where it lies until it is published. */
  readonly path: string;
  readonly bytes: number;
  readonly crc32: number;
}

/** Throws FdfsError CONNECTION_LOST, NO_SPACE, IO_FAILED … */
export async function receiveFile(
  store: FileStore,
  storePath: StorePath,
  content: ContentReader,
  suffix?: string,
): Promise<ReceivedFile> {
  const { disk } = storePath;
  const { statistics } = store;
  const path = storePath.incoming.nextPath(suffix);
  statistics.totalFileOpenCount++;
  try {
    const file = await disk.open(path, "create");
    statistics.successFileOpenCount++;
    try {
      let checksum = 0;
      let bytes = 0;
      for (;;) {
        const next = content.next();
        const chunk = next instanceof Promise ? await next : next;
        if (chunk === undefined) break;
        checksum = crc32(checksum, chunk);
        statistics.totalFileWriteCount++;
        await file.write(chunk, 0, chunk.length, bytes);
        statistics.successFileWriteCount++;
        bytes += chunk.length;
      }
      storePath.noteWritten(bytes);
      return { path, bytes, crc32: checksum };
    } finally {
      await file.close();
    }
  } catch (error) {
    await discard(storePath, path);
    throw FdfsError.fromUnknown(error, { path });
  }
}
