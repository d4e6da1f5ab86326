// Content that comes with a pushed record: counted as C counts it, and read to its end also where it is not needed, because
// a sender sends all of it before it looks at the answer.
import { FdfsError } from "@fastdfs-ts/protocol";
import type { ContentReader } from "@fastdfs-ts/rpc";

import type { FileStore } from "../files/file-store.ts";
import { CountedWrites } from "../pieces.ts";
import { after, type Awaitable, rescue } from "../store/awaitable.ts";

const ignore = () => undefined;

/** Reads what is left of the content and drops it. Throws FdfsError CONNECTION_LOST. */
export function drop(content: ContentReader): Awaitable<void> {
  return content.takeWhole() === undefined ? content.consume(ignore) : undefined;
}

/** Throws FdfsError BAD_REQUEST unless as many bytes follow the head as it announces. */
export function requireAnnounced(announcedBytes: number, content: ContentReader): void {
  if (announcedBytes === content.totalBytes) return;
  throw new FdfsError("BAD_REQUEST", {
    reason: `${announcedBytes} bytes of content announced, the body has ${content.totalBytes}`,
  });
}

/** Runs `store`, which writes `bytes` of a record with `frontBytes` of header and head in front, and counts them. */
export function countedIn<T>(
  { statistics }: FileStore,
  frontBytes: number,
  bytes: number,
  work: (writes: CountedWrites) => Awaitable<T>,
): Awaitable<T> {
  const writes = new CountedWrites(statistics, frontBytes, bytes);
  return rescue(
    () =>
      after(work(writes), (result) => {
        statistics.totalSyncInBytes += bytes;
        statistics.successSyncInBytes += bytes;
        return result;
      }),
    (error) => {
      if (!(error instanceof FdfsError && error.kind === "CONNECTION_LOST")) {
        statistics.totalSyncInBytes += writes.endBytes;
      }
      throw error;
    },
  );
}
