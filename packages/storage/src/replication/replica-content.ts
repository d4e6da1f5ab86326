// Content that comes with a pushed record: counted as C counts it, and read to its end also where it is not needed, because
// a sender sends all of it before it looks at the answer.
import { FdfsError } from "@fastdfs-ts/protocol";
import type { ContentReader } from "@fastdfs-ts/rpc";

import type { FileStore } from "../files/file-store.ts";
import { CountedWrites } from "../pieces.ts";
import type { StorageStatistics } from "../stats.ts";
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

/** Counts one record with content, `frontBytes` of header and head in front of it. */
export class RecordCount {
  readonly writes: CountedWrites;
  private readonly statistics: StorageStatistics;
  private readonly bytes: number;

  constructor({ statistics }: FileStore, frontBytes: number, bytes: number) {
    this.writes = new CountedWrites(statistics, frontBytes, bytes);
    this.statistics = statistics;
    this.bytes = bytes;
  }

  succeeded(): void {
    this.statistics.totalSyncInBytes += this.bytes;
    this.statistics.successSyncInBytes += this.bytes;
  }

  failed(error: unknown): void {
    if (error instanceof FdfsError && error.kind === "CONNECTION_LOST") return;
    this.statistics.totalSyncInBytes += this.writes.endBytes;
  }
}

/** Runs `work`, which writes `bytes` of a record with `frontBytes` of header and head in front, and counts them. */
export function countedIn<T>(
  store: FileStore,
  frontBytes: number,
  bytes: number,
  work: (writes: CountedWrites) => Awaitable<T>,
): Awaitable<T> {
  const count = new RecordCount(store, frontBytes, bytes);
  return rescue(
    () =>
      after(work(count.writes), (result) => {
        count.succeeded();
        return result;
      }),
    (error) => {
      count.failed(error);
      throw error;
    },
  );
}
