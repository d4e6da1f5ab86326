// The operations whose statistics are compared with C's: successes, and every failure that counts otherwise than its
// success. Each first makes what it needs, then answers the one request that is counted.
import { append, modify, type StatisticsStage, upload } from "./statistics-stage.ts";

/** Larger than two of C's network buffers (256 KiB), so that it is read and written in three pieces. */
const LARGE = 600_000;
const BUFFER = 256 * 1024;
/** Header and head of an upload share the first buffer with the content. */
const FIRST_UPLOAD_PIECE = BUFFER - 10 - 15;
const FIRST_DOWNLOAD_PIECE = BUFFER - 10;
/** Length of a name with an extension of three letters. */
const NAME = 44;
const OTHER = "group2";
const BAD_NAME = `M00/00/0x/${"A".repeat(37)}.txt`;

export type Operation = (stage: StatisticsStage) => Promise<() => Promise<number>>;

const missingFile = async (s: StatisticsStage): Promise<string> => {
  const name = await s.file(5);
  await s.delete(name);
  return name;
};
const missingAppender = async (s: StatisticsStage): Promise<string> => {
  const name = await s.appender(5);
  await s.delete(name);
  return name;
};
/** An operation that needs a file with this many bytes first. */
const onFile =
  (bytes: number, act: (s: StatisticsStage, name: string) => Promise<number>): Operation =>
  async (s) => {
    const name = await s.file(bytes);
    return () => act(s, name);
  };
const onAppender =
  (bytes: number, act: (s: StatisticsStage, name: string) => Promise<number>): Operation =>
  async (s) => {
    const name = await s.appender(bytes);
    return () => act(s, name);
  };
const on =
  (
    make: (s: StatisticsStage) => Promise<string>,
    act: (s: StatisticsStage, name: string) => Promise<number>,
  ): Operation =>
  async (s) => {
    const name = await make(s);
    return () => act(s, name);
  };
const alone =
  (act: (s: StatisticsStage) => Promise<number>): Operation =>
  (s) =>
    Promise.resolve(() => act(s));

const slave =
  (bytes: number) =>
  async (s: StatisticsStage): Promise<string> =>
    s.slaveOf(await s.file(5), bytes);
const link = async (s: StatisticsStage): Promise<string> => s.linkTo(await s.file(5));
const fileWithMetadata = (s: StatisticsStage): Promise<string> => s.fileWithMetadata();

export const operations = {
  "upload of 5 bytes": alone((s) => s.upload(5)),
  "upload of 0 bytes": alone((s) => s.upload(0)),
  "upload of a large file": alone((s) => s.upload(LARGE)),
  "upload of one buffer": alone((s) => s.upload(FIRST_UPLOAD_PIECE)),
  "upload of one buffer and a byte": alone((s) => s.upload(FIRST_UPLOAD_PIECE + 1)),
  "upload of two buffers": alone((s) => s.upload(FIRST_UPLOAD_PIECE + BUFFER)),
  "upload of two buffers and a byte": alone((s) => s.upload(FIRST_UPLOAD_PIECE + BUFFER + 1)),
  "upload of an appender": alone((s) => s.uploadAppender(5)),
  "upload of an empty appender": alone((s) => s.uploadAppender(0)),
  "upload with another length than announced": alone((s) => s.upload(5, { contentBytes: 6 })),
  "upload with a bad extension": alone((s) => s.upload(5, { extension: "a/b" })),
  "upload to a store path that is not there": alone((s) => s.upload(5, { storePathIndex: 9 })),
  "upload cut off in its head": alone((s) => s.cutShort(upload("uploadFile", 5), 20)),
  "upload cut off in the first buffer": alone((s) => s.cutShort(upload("uploadFile", LARGE), 1000)),
  "upload cut off in the second buffer": alone((s) => s.cutShort(upload("uploadFile", LARGE), BUFFER + 1000)),
  "upload cut off in the third buffer": alone((s) => s.cutShort(upload("uploadFile", LARGE), 2 * BUFFER + 1000)),
  "upload of a slave": onFile(5, (s, name) => s.uploadSlave(name, 7)),
  "upload of an empty slave": onFile(5, (s, name) => s.uploadSlave(name, 0)),
  "upload of a large slave": onFile(5, (s, name) => s.uploadSlave(name, LARGE)),
  "upload of a slave of one buffer": onFile(5, (s, name) => s.uploadSlave(name, BUFFER - 10 - 38 - NAME)),
  "upload of a slave of one buffer and a byte": onFile(5, (s, name) => s.uploadSlave(name, BUFFER - 9 - 38 - NAME)),
  "upload of a slave that exists": async (s) => {
    const name = await s.file(5);
    await s.slaveOf(name, 7);
    return () => s.uploadSlave(name, 7);
  },
  "upload of a slave without its master": on(missingFile, (s, name) => s.uploadSlave(name, 7)),
  "upload of a slave with a bad master": alone((s) => s.uploadSlave(BAD_NAME, 7)),

  append: onAppender(10, (s, name) => s.append(name, 5)),
  "append of 0 bytes": onAppender(10, (s, name) => s.append(name, 0)),
  "append of many bytes": onAppender(10, (s, name) => s.append(name, LARGE)),
  "append of one buffer": onAppender(10, (s, name) => s.append(name, BUFFER - 10 - 16 - NAME)),
  "append of one buffer and a byte": onAppender(10, (s, name) => s.append(name, BUFFER - 9 - 16 - NAME)),
  "append cut off in the third buffer": onAppender(10, (s, name) => s.cutShort(append(name, LARGE), 2 * BUFFER + 1000)),
  "append with another length than announced": onAppender(10, (s, name) => s.append(name, 5, 6)),
  "append to a missing file": on(missingAppender, (s, name) => s.append(name, 5)),
  "append to a normal file": onFile(10, (s, name) => s.append(name, 5)),
  "append of 0 bytes to a missing file": on(missingAppender, (s, name) => s.append(name, 0)),
  modify: onAppender(10, (s, name) => s.modify(name, 2, 5)),
  "modify of 0 bytes": onAppender(10, (s, name) => s.modify(name, 2, 0)),
  "modify of many bytes": onAppender(10, (s, name) => s.modify(name, 2, LARGE)),
  "modify of one buffer": onAppender(10, (s, name) => s.modify(name, 2, BUFFER - 10 - 24 - NAME)),
  "modify of one buffer and a byte": onAppender(10, (s, name) => s.modify(name, 2, BUFFER - 9 - 24 - NAME)),
  "modify cut off in the third buffer": onAppender(10, (s, name) =>
    s.cutShort(modify(name, 2, LARGE), 2 * BUFFER + 1000),
  ),
  "modify behind the end": onAppender(10, (s, name) => s.modify(name, 11, 5)),
  "modify with another length than announced": onAppender(10, (s, name) => s.modify(name, 2, 5, 6)),
  "modify of a missing file": on(missingAppender, (s, name) => s.modify(name, 0, 5)),
  "modify of a normal file": onFile(10, (s, name) => s.modify(name, 0, 5)),
  truncate: onAppender(10, (s, name) => s.truncate(name, 5)),
  "truncate to the same size": onAppender(10, (s, name) => s.truncate(name, 10)),
  "truncate to a larger size": onAppender(10, (s, name) => s.truncate(name, 20)),
  "truncate of a missing file": on(missingAppender, (s, name) => s.truncate(name, 5)),
  "truncate of a normal file": onFile(10, (s, name) => s.truncate(name, 5)),
  regenerate: onAppender(10, (s, name) => s.regenerate(name)),
  "regenerate of an empty file": onAppender(0, (s, name) => s.regenerate(name)),
  "regenerate of a large file": onAppender(LARGE, (s, name) => s.regenerate(name)),
  "regenerate of a missing file": on(missingAppender, (s, name) => s.regenerate(name)),
  "regenerate of a normal file": onFile(10, (s, name) => s.regenerate(name)),

  delete: onFile(5, (s, name) => s.delete(name)),
  "delete with metadata": on(fileWithMetadata, (s, name) => s.delete(name)),
  "delete of an appender": onAppender(5, (s, name) => s.delete(name)),
  "delete of a link": on(link, (s, name) => s.delete(name)),
  "delete of a missing file": on(missingFile, (s, name) => s.delete(name)),
  "delete in another group": onFile(5, (s, name) => s.delete(name, OTHER)),
  "delete of a bad name": alone((s) => s.delete(BAD_NAME)),

  "set metadata": onFile(5, (s, name) => s.setMetadata(name, "O", "a\x021")),
  "set metadata again": on(fileWithMetadata, (s, name) => s.setMetadata(name, "O", "b\x022")),
  "set metadata to nothing": on(fileWithMetadata, (s, name) => s.setMetadata(name, "O", "")),
  "set metadata to nothing where none is": onFile(5, (s, name) => s.setMetadata(name, "O", "")),
  "merge metadata": on(fileWithMetadata, (s, name) => s.setMetadata(name, "M", "b\x022")),
  "merge the same metadata": on(fileWithMetadata, (s, name) => s.setMetadata(name, "M", "a\x021")),
  "merge metadata where none is": onFile(5, (s, name) => s.setMetadata(name, "M", "b\x022")),
  "merge nothing into metadata": on(fileWithMetadata, (s, name) => s.setMetadata(name, "M", "")),
  "merge nothing where no metadata is": onFile(5, (s, name) => s.setMetadata(name, "M", "")),
  "set metadata with a bad letter": onFile(5, (s, name) => s.setMetadata(name, "X", "a\x021")),
  "set metadata in another group": onFile(5, (s, name) => s.setMetadata(name, "O", "a\x021", OTHER)),
  "set metadata of a missing file": on(missingFile, (s, name) => s.setMetadata(name, "O", "a\x021")),
  "merge metadata of a missing file": on(missingFile, (s, name) => s.setMetadata(name, "M", "a\x021")),
  "get metadata": on(fileWithMetadata, (s, name) => s.getMetadata(name)),
  "get metadata where none is": onFile(5, (s, name) => s.getMetadata(name)),
  "get metadata of a missing file": on(missingFile, (s, name) => s.getMetadata(name)),
  "get metadata in another group": onFile(5, (s, name) => s.getMetadata(name, OTHER)),
  "get metadata of a bad name": alone((s) => s.getMetadata(BAD_NAME)),

  download: onFile(10, (s, name) => s.download(name)),
  "download of a part": onFile(10, (s, name) => s.download(name, { offset: 2, countBytes: 3 })),
  "download of more than there is": onFile(10, (s, name) => s.download(name, { offset: 2, countBytes: 30 })),
  "download of a large file": onFile(LARGE, (s, name) => s.download(name)),
  "download of one buffer": onFile(FIRST_DOWNLOAD_PIECE, (s, name) => s.download(name)),
  "download of one buffer and a byte": onFile(FIRST_DOWNLOAD_PIECE + 1, (s, name) => s.download(name)),
  "download of two buffers": onFile(FIRST_DOWNLOAD_PIECE + BUFFER, (s, name) => s.download(name)),
  "download of two buffers and a byte": onFile(FIRST_DOWNLOAD_PIECE + BUFFER + 1, (s, name) => s.download(name)),
  "download of an appender": onAppender(10, (s, name) => s.download(name)),
  "download of a slave": on(slave(7), (s, name) => s.download(name)),
  "download of a link": on(link, (s, name) => s.download(name)),
  "download of an empty file": onFile(0, (s, name) => s.download(name)),
  "download from the end": onFile(10, (s, name) => s.download(name, { offset: 10 })),
  "download of a missing file": on(missingFile, (s, name) => s.download(name)),
  "download of a part of a missing file": on(missingFile, (s, name) => s.download(name, { offset: 1 })),
  "download in another group": onFile(10, (s, name) => s.download(name, { groupName: OTHER })),
  "download of a bad name": alone((s) => s.download(BAD_NAME)),

  "file info": onFile(10, (s, name) => s.info(name)),
  "file info of an appender": onAppender(10, (s, name) => s.info(name)),
  "file info of an appender without CRC32": onAppender(10, (s, name) => s.info(name, { flags: 1 })),
  "file info of an empty appender": onAppender(0, (s, name) => s.info(name)),
  "file info of a large appender": onAppender(LARGE, (s, name) => s.info(name)),
  "file info of an appender of one buffer": onAppender(FIRST_DOWNLOAD_PIECE, (s, name) => s.info(name)),
  "file info of an appender of one buffer and a byte": onAppender(FIRST_DOWNLOAD_PIECE + 1, (s, name) => s.info(name)),
  "file info of a slave": on(slave(7), (s, name) => s.info(name)),
  "file info of a link": on(link, (s, name) => s.info(name)),
  "file info of a missing file": on(missingFile, (s, name) => s.info(name)),
  "file info of a missing appender": on(missingAppender, (s, name) => s.info(name)),
  "file info in another group": onFile(5, (s, name) => s.info(name, { groupName: OTHER })),

  "create a link": onFile(5, (s, name) => s.link(name)),
  "create a link to a missing file": on(missingFile, (s, name) => s.link(name)),
  "create a link in another group": onFile(5, (s, name) => s.link(name, OTHER)),
} satisfies Record<string, Operation>;

const MANY_PAIRS = Array.from({ length: 1000 }, (_, at) => `n${at}\x02${"v".repeat(200)}`).join("\x01");

/** Operations that fail because no file may become larger than `bytesMax`: well inside a piece, wherever the socket cuts chunks. */
export const refusedOperations = {
  "upload of a small file": { bytesMax: 100_000, operation: alone((s) => s.upload(150_000)) },
  "upload of a large file": { bytesMax: 400_000, operation: alone((s) => s.upload(LARGE)) },
  "upload of a slave": { bytesMax: 100_000, operation: onFile(5, (s, name) => s.uploadSlave(name, 150_000)) },
  append: { bytesMax: 220_000, operation: onAppender(200_000, (s, name) => s.append(name, 50_000)) },
  "append in its second piece": {
    bytesMax: 600_000,
    operation: onAppender(200_000, (s, name) => s.append(name, LARGE)),
  },
  modify: { bytesMax: 20_000, operation: onAppender(200_000, (s, name) => s.modify(name, 190_000, 50_000)) },
  truncate: { bytesMax: 220_000, operation: onAppender(200_000, (s, name) => s.truncate(name, 500_000)) },
  "download in its second piece": { bytesMax: 300_000, operation: onFile(LARGE, (s, name) => s.download(name)) },
  "set metadata": { bytesMax: 100_000, operation: onFile(5, (s, name) => s.setMetadata(name, "O", MANY_PAIRS)) },
} satisfies Record<string, { bytesMax: number; operation: Operation }>;
