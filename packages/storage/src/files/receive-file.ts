// Takes the content of a request into a file of the incoming folder and computes its CRC32 on the way. If anything goes
// wrong (the client vanishes, the disk is full) the file is gone again before the error is reported.
import { crc32, FdfsError } from "@fastdfs-ts/protocol";
import type { ContentReader } from "@fastdfs-ts/rpc";

import { after, type Awaitable, rescue } from "../store/awaitable.ts";
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
export function receiveFile(
  store: FileStore,
  storePath: StorePath,
  content: ContentReader,
  suffix?: string,
): Awaitable<ReceivedFile> {
  const path = storePath.incoming.nextPath(suffix);
  store.statistics.totalFileOpenCount++;
  return rescue(
    () => {
      const first = content.next();
      // Small content has usually arrived together with the request.
      return !(first instanceof Promise) && content.remainingBytes === 0
        ? keepWhole(store, storePath, path, first ?? NOTHING)
        : keepPieces(store, storePath, path, first, content);
    },
    (error) =>
      after(discard(storePath, path), () => {
        throw FdfsError.fromUnknown(error, { path });
      }),
  );
}

function keepWhole(
  { statistics }: FileStore,
  storePath: StorePath,
  path: string,
  content: Buffer,
): Awaitable<ReceivedFile> {
  statistics.totalFileWriteCount++;
  return after(storePath.disk.writeNew(path, content), () => {
    statistics.successFileOpenCount++;
    statistics.successFileWriteCount++;
    storePath.noteWritten(content.length);
    return { path, bytes: content.length, crc32: crc32(0, content) };
  });
}

async function keepPieces(
  { statistics }: FileStore,
  storePath: StorePath,
  path: string,
  first: Awaitable<Buffer | undefined>,
  content: ContentReader,
): Promise<ReceivedFile> {
  const file = await storePath.disk.open(path, "create");
  statistics.successFileOpenCount++;
  try {
    let checksum = 0;
    let bytes = 0;
    for (let next = first; ; next = content.next()) {
      const piece = next instanceof Promise ? await next : next;
      if (piece === undefined) break;
      checksum = crc32(checksum, piece);
      statistics.totalFileWriteCount++;
      await file.write(piece, 0, piece.length, bytes);
      statistics.successFileWriteCount++;
      bytes += piece.length;
    }
    storePath.noteWritten(bytes);
    return { path, bytes, crc32: checksum };
  } finally {
    await file.close();
  }
}

const NOTHING = Buffer.alloc(0);
