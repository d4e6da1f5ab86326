// From a received file to one that everybody can see: a name, a record in the log, a place in the hash directories.
import { FdfsError, hasRandomBits, type NewName } from "@fastdfs-ts/protocol";
import type { Session } from "@fastdfs-ts/rpc";

import { after, type Awaitable, rescue } from "../store/awaitable.ts";
import type { StorePath } from "../store/store-path.ts";
import { discard } from "./discard.ts";
import { changeSeconds, type FileStore, noteChange } from "./file-store.ts";
import { withFreeName } from "./free-name.ts";
import type { ReceivedFile } from "./receive-file.ts";

/** Where a file shall be seen: a part of `ResolvedName`. */
interface Place {
  readonly logicalName: string;
  readonly storePath: StorePath;
  readonly path: string;
}

/** Gives a received file a name of its own and publishes it. Returns its logical name. Throws FdfsError. */
export function publishNew(
  store: FileStore,
  storePath: StorePath,
  received: ReceivedFile,
  kind: "normal" | "appender",
  extension: string,
  session: Pick<Session, "subject">,
): Awaitable<string> {
  const seconds = changeSeconds(store);
  const { bytes: fileBytes, crc32 } = received;
  const facts = { kind, source: store.source, createdSeconds: seconds, fileBytes, crc32, extension };
  if (!hasRandomBits(facts)) return publishLarge(store, storePath, received, facts, session);
  const logicalName = store.names.issue(storePath.index, facts);
  session.subject = logicalName;
  const path = storePath.fileAt(logicalName.slice(PATH_IN_STORE_AT));
  // On a slow disk the name is locked between log and rename: replication must not take the file for a deleted one.
  const published = store.locks.soon(path, () => publish(store, received, seconds, { logicalName, storePath, path }));
  const isPublishedNow = !(published instanceof Promise);
  if (isPublishedNow && kind === "normal" && received.content !== undefined) {
    store.binlog.tail.keepContent(logicalName, received.content);
  }
  return after(published, () => logicalName);
}

/** "Mxx/" */
const PATH_IN_STORE_AT = 4;

async function publishLarge(
  store: FileStore,
  storePath: StorePath,
  received: ReceivedFile,
  facts: NewName,
  session: Pick<Session, "subject">,
): Promise<string> {
  try {
    const issue = (named: NewName) => store.names.issue(storePath.index, named);
    return await withFreeName(store, facts, issue, async (target) => {
      session.subject = target.logicalName;
      await publish(store, received, facts.createdSeconds, target);
      return target.logicalName;
    });
  } catch (error) {
    await discard(storePath, received.path);
    throw FdfsError.fromUnknown(error, { fileName: session.subject });
  }
}

/**
 * Logs the new file and gives it its name. Log first: a file that readers can see is in the log for certain. Its time is that
 * of the record, on every member (storage-formats.md §1.3.2).
 */
export function publish(
  store: FileStore,
  received: ReceivedFile,
  seconds: number,
  { logicalName, storePath, path }: Place,
): Awaitable<void> {
  return rescue(
    () =>
      after(stamp(storePath, received, seconds), () => {
        store.binlog.append(seconds, "C", logicalName);
        return after(storePath.disk.rename(received.path, path), () => {
          // C counts an upload when it has succeeded, and those that fail not at all.
          const { statistics } = store;
          statistics.totalUploadCount++;
          statistics.successUploadCount++;
          statistics.totalUploadBytes += received.bytes;
          statistics.successUploadBytes += received.bytes;
          // The record of a slave may be ahead of our clock (record-seconds.ts).
          noteChange(store, changeSeconds(store));
        });
      }),
    (error) =>
      after(discard(storePath, received.path), () => {
        throw FdfsError.fromUnknown(error, { fileName: logicalName });
      }),
  );
}

/** Kernels stamp files by a clock that they set at each timer interrupt, 100 times a second at the least. */
const KERNEL_CLOCK_LAG_MS = 20;

/** Gives a file the time that it shall have, unless it was written in that second for certain. */
function stamp(storePath: StorePath, { path, writtenSinceMs }: ReceivedFile, seconds: number): Awaitable<void> {
  const isStamped = Math.floor((writtenSinceMs - KERNEL_CLOCK_LAG_MS) / 1000) === seconds;
  return isStamped ? undefined : setTimes(storePath, path, seconds);
}

async function setTimes({ disk }: StorePath, path: string, seconds: number): Promise<void> {
  const file = await disk.open(path, "write");
  try {
    await file.setTimes(seconds);
  } finally {
    await file.close();
  }
}
