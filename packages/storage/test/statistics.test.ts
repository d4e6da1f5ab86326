// What each operation adds to the counters that the trackers and `fdfs monitor` show: exactly what it adds at a C storage
// (6.16.1, measured operation by operation through command 92 of its tracker). A counter that stands here with one number
// has grown by it in both forms, total and success.
import { SystemError, type World } from "@fastdfs-ts/runtime";
import { nodeWorld } from "@fastdfs-ts/runtime/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StorageStatistics } from "../src/stats.ts";
import { RawClient } from "./raw-client.ts";
import { type ServedStore, serveStore } from "./served-store.ts";
import { type Operation, operations, refusedOperations } from "./statistics-operations.ts";
import { NO_ANSWER, StatisticsStage } from "./statistics-stage.ts";

const counters = {
  upload: ["totalUploadCount", "successUploadCount"],
  uploadBytes: ["totalUploadBytes", "successUploadBytes"],
  append: ["totalAppendCount", "successAppendCount"],
  appendBytes: ["totalAppendBytes", "successAppendBytes"],
  modify: ["totalModifyCount", "successModifyCount"],
  modifyBytes: ["totalModifyBytes", "successModifyBytes"],
  truncate: ["totalTruncateCount", "successTruncateCount"],
  setMeta: ["totalSetMetaCount", "successSetMetaCount"],
  getMeta: ["totalGetMetaCount", "successGetMetaCount"],
  delete: ["totalDeleteCount", "successDeleteCount"],
  download: ["totalDownloadCount", "successDownloadCount"],
  downloadBytes: ["totalDownloadBytes", "successDownloadBytes"],
  createLink: ["totalCreateLinkCount", "successCreateLinkCount"],
  deleteLink: ["totalDeleteLinkCount", "successDeleteLinkCount"],
  syncInBytes: ["totalSyncInBytes", "successSyncInBytes"],
  syncOutBytes: ["totalSyncOutBytes", "successSyncOutBytes"],
  open: ["totalFileOpenCount", "successFileOpenCount"],
  read: ["totalFileReadCount", "successFileReadCount"],
  write: ["totalFileWriteCount", "successFileWriteCount"],
} as const satisfies Record<string, readonly [keyof StorageStatistics, keyof StorageStatistics]>;

type CounterName = keyof typeof counters;
const names = Object.keys(counters) as CounterName[];

interface Row extends Partial<Record<CounterName, number | readonly [total: number, success: number]>> {
  readonly status: number;
  /** Whether the time of the last change moves. */
  readonly isChange?: true;
}

const expected: Readonly<Record<keyof typeof operations, Row>> = {
  "upload of 5 bytes": { status: 0, upload: 1, uploadBytes: 5, open: 1, write: 1, isChange: true },
  "upload of 0 bytes": { status: 0, upload: 1, open: 1, write: 1, isChange: true },
  "upload of a large file": { status: 0, upload: 1, uploadBytes: 600_000, open: 1, write: 3, isChange: true },
  "upload of one buffer": { status: 0, upload: 1, uploadBytes: 262_119, open: 1, write: 1, isChange: true },
  "upload of one buffer and a byte": { status: 0, upload: 1, uploadBytes: 262_120, open: 1, write: 2, isChange: true },
  "upload of two buffers": { status: 0, upload: 1, uploadBytes: 524_263, open: 1, write: 2, isChange: true },
  "upload of two buffers and a byte": { status: 0, upload: 1, uploadBytes: 524_264, open: 1, write: 3, isChange: true },
  "upload of an appender": { status: 0, upload: 1, uploadBytes: 5, open: 1, write: 1, isChange: true },
  "upload of an empty appender": { status: 0, upload: 1, open: 1, write: 1, isChange: true },
  "upload with another length than announced": { status: 22 },
  "upload with a bad extension": { status: 22 },
  "upload to a store path that is not there": { status: 22 },
  "upload cut off in its head": { status: NO_ANSWER },
  "upload cut off in the first buffer": { status: NO_ANSWER },
  "upload cut off in the second buffer": { status: NO_ANSWER, open: 1, write: 1 },
  "upload of a slave": { status: 0, upload: 1, uploadBytes: 7, open: 1, write: 1, isChange: true },
  "upload of an empty slave": { status: 0, upload: 1, open: 1, write: 1, isChange: true },
  "upload of a large slave": { status: 0, upload: 1, uploadBytes: 600_000, open: 1, write: 3, isChange: true },
  "upload of a slave that exists": { status: 17 },
  "upload of a slave without its master": { status: 2 },
  "upload of a slave with a bad master": { status: 22 },
  append: { status: 0, append: 1, appendBytes: 5, open: 1, write: 1, isChange: true },
  "append of 0 bytes": { status: 0 },
  "append of many bytes": { status: 0, append: 1, appendBytes: 600_000, open: 1, write: 3, isChange: true },
  "append with another length than announced": { status: 22 },
  "append to a missing file": { status: 2 },
  "append to a normal file": { status: 22 },
  "append of 0 bytes to a missing file": { status: 2 },
  modify: { status: 0, modify: 1, modifyBytes: 5, open: 1, write: 1, isChange: true },
  "modify of 0 bytes": { status: 0 },
  "modify of many bytes": { status: 0, modify: 1, modifyBytes: 600_000, open: 1, write: 3, isChange: true },
  "modify behind the end": { status: 22 },
  "modify with another length than announced": { status: 22 },
  "modify of a missing file": { status: 2 },
  "modify of a normal file": { status: 22 },
  truncate: { status: 0, truncate: 1, open: 1, isChange: true },
  "truncate to the same size": { status: 0 },
  "truncate to a larger size": { status: 0, truncate: 1, open: 1, isChange: true },
  "truncate of a missing file": { status: 2 },
  "truncate of a normal file": { status: 22 },
  regenerate: { status: 0, open: 1, read: 1 },
  "regenerate of an empty file": { status: 0, open: 1, read: 1 },
  "regenerate of a large file": { status: 0, open: 1, read: 3 },
  "regenerate of a missing file": { status: 2 },
  "regenerate of a normal file": { status: 22 },
  delete: { status: 0, delete: 1, isChange: true },
  "delete with metadata": { status: 0, delete: 1, isChange: true },
  "delete of an appender": { status: 0, delete: 1, isChange: true },
  "delete of a link": { status: 0, deleteLink: 1, isChange: true },
  "delete of a missing file": { status: 2 },
  "delete in another group": { status: 22 },
  "delete of a bad name": { status: 22 },
  "set metadata": { status: 0, setMeta: 1, isChange: true },
  "set metadata again": { status: 0, setMeta: 1, isChange: true },
  "set metadata to nothing": { status: 0, setMeta: 1, isChange: true },
  "set metadata to nothing where none is": { status: 0, setMeta: 1, isChange: true },
  "merge metadata": { status: 0, setMeta: 1, isChange: true },
  "merge the same metadata": { status: 0, setMeta: 1, isChange: true },
  "merge metadata where none is": { status: 0, setMeta: 1, isChange: true },
  "merge nothing into metadata": { status: 0, setMeta: 1, isChange: true },
  "merge nothing where no metadata is": { status: 0, setMeta: 1, isChange: true },
  "set metadata with a bad letter": { status: 22 },
  "set metadata in another group": { status: 22 },
  "set metadata of a missing file": { status: 2 },
  "merge metadata of a missing file": { status: 2 },
  "get metadata": { status: 0, getMeta: 1, open: 1, read: 1 },
  "get metadata where none is": { status: 2 },
  "get metadata of a missing file": { status: 2 },
  "get metadata in another group": { status: 22 },
  "get metadata of a bad name": { status: 22 },
  download: { status: 0, download: 1, downloadBytes: 10, open: 1, read: 1 },
  "download of a part": { status: 0, download: 1, downloadBytes: 3, open: 1, read: 1 },
  "download of more than there is": { status: 0, download: 1, downloadBytes: 8, open: 1, read: 1 },
  "download of a large file": { status: 0, download: 1, downloadBytes: 600_000, open: 1, read: 3 },
  "download of one buffer": { status: 0, download: 1, downloadBytes: 262_134, open: 1, read: 1 },
  "download of one buffer and a byte": { status: 0, download: 1, downloadBytes: 262_135, open: 1, read: 2 },
  "download of two buffers": { status: 0, download: 1, downloadBytes: 524_278, open: 1, read: 2 },
  "download of two buffers and a byte": { status: 0, download: 1, downloadBytes: 524_279, open: 1, read: 3 },
  "download of an appender": { status: 0, download: 1, downloadBytes: 10, open: 1, read: 1 },
  "download of a slave": { status: 0, download: 1, downloadBytes: 7, open: 1, read: 1 },
  "download of a link": { status: 0, download: 1, downloadBytes: 5, open: 1, read: 1 },
  "download of an empty file": { status: 22 },
  "download from the end": { status: 22 },
  "download of a missing file": { status: 2 },
  "download of a part of a missing file": { status: 2 },
  "download in another group": { status: 22 },
  "download of a bad name": { status: 22 },
  "file info": { status: 0 },
  "file info of an appender": { status: 0, open: 1, read: 1 },
  "file info of an appender without CRC32": { status: 0 },
  "file info of an empty appender": { status: 0, open: 1, read: 1 },
  "file info of a large appender": { status: 0, open: 1, read: 3 },
  "file info of a slave": { status: 0, open: 1, read: 1 },
  "file info of a link": { status: 0 },
  "file info of a missing file": { status: 2 },
  "file info of a missing appender": { status: 2 },
  "file info in another group": { status: 22 },
  "create a link": { status: 0, createLink: 1, isChange: true },
  "create a link to a missing file": { status: 2, createLink: [1, 0] },
  "create a link in another group": { status: 22 },
  "upload cut off in the third buffer": { status: NO_ANSWER, open: 1, write: 2 },
  "append cut off in the third buffer": { status: NO_ANSWER, open: 1, write: 2 },
  "modify cut off in the third buffer": { status: NO_ANSWER, open: 1, write: 2 },
  "file info of an appender of one buffer": { status: 0, open: 1, read: 1 },
  "file info of an appender of one buffer and a byte": { status: 0, open: 1, read: 2 },
  "append of one buffer": { status: 0, append: 1, appendBytes: 262_074, open: 1, write: 1, isChange: true },
  "append of one buffer and a byte": { status: 0, append: 1, appendBytes: 262_075, open: 1, write: 2, isChange: true },
  "modify of one buffer": { status: 0, modify: 1, modifyBytes: 262_066, open: 1, write: 1, isChange: true },
  "modify of one buffer and a byte": { status: 0, modify: 1, modifyBytes: 262_067, open: 1, write: 2, isChange: true },
  "upload of a slave of one buffer": { status: 0, upload: 1, uploadBytes: 262_052, open: 1, write: 1, isChange: true },
  "upload of a slave of one buffer and a byte": {
    status: 0,
    upload: 1,
    uploadBytes: 262_053,
    open: 1,
    write: 2,
    isChange: true,
  },
};

/** The same where the disk takes no more (at C: a limit on the size of files). */
const expectedRefused: Readonly<Record<keyof typeof refusedOperations, Row>> = {
  "upload of a small file": { status: 27, open: 1, write: [1, 0] },
  "upload of a large file": { status: 27, open: 1, write: [2, 1] },
  "upload of a slave": { status: 27, open: 1, write: [1, 0] },
  append: { status: 27, append: [1, 0], appendBytes: [50_070, 0], open: 1, write: [1, 0] },
  "append in its second piece": { status: 27, append: [1, 0], appendBytes: [524_288, 0], open: 1, write: [2, 1] },
  modify: { status: 27, modify: [1, 0], modifyBytes: [50_078, 0], open: 1, write: [1, 0] },
  truncate: { status: 27, truncate: [1, 0], open: 1 },
  // The header of the answer has gone before; at C a file was cut short while it was read.
  "download in its second piece": {
    status: 0,
    download: [1, 0],
    downloadBytes: [262_134, 0],
    open: 1,
    read: [2, 1],
  },
  "set metadata": { status: 27, setMeta: [1, 0] },
};

/** Files of the store can be neither read nor written behind `limit.bytes`. */
function limitedWorld(limit: { bytes: number }): World {
  const world = nodeWorld();
  const requireSmall = (bytes: number): void => {
    if (bytes > limit.bytes) throw new SystemError("EFBIG", "write", "a file of the test");
  };
  const disk: World["disk"] = Object.create(world.disk, {
    open: {
      value(...[path, mode]: Parameters<World["disk"]["open"]>) {
        const file = world.disk.open(path, mode);
        if (!path.includes("/path0/data/")) return file;
        const read = file.read.bind(file);
        const write = file.write.bind(file);
        const truncate = file.truncate.bind(file);
        return Object.assign(file, {
          read(into: Uint8Array, offset: number, length: number, position: number) {
            requireSmall(position + length);
            return read(into, offset, length, position);
          },
          write(from: Uint8Array, offset: number, length: number, position: number) {
            requireSmall(position + length);
            write(from, offset, length, position);
          },
          truncate(bytes: number) {
            requireSmall(bytes);
            truncate(bytes);
          },
        });
      },
    },
  }) as World["disk"];
  return { ...world, disk };
}

describe("statistics count as C's do", () => {
  const limit = { bytes: Infinity };
  let served: ServedStore;
  let stage: StatisticsStage;

  beforeAll(async () => {
    served = await serveStore({ storePathCount: 2, world: limitedWorld(limit) });
    stage = new StatisticsStage(() => RawClient.dial(served.port));
  });

  afterAll(() => served.remove());

  /** Waits until the server has noticed that its clients are gone. */
  async function settled(): Promise<void> {
    const connections = () => served.server.connectionCounts.current;
    await expect.poll(connections, { timeout: 20_000, interval: 1 }).toBe(0);
  }

  async function measure(operation: Operation, bytesMax = Infinity): Promise<Row> {
    const { statistics } = served.store;
    const act = await operation(stage);
    await settled();
    const before = Object.assign({}, statistics);
    statistics.lastSourceUpdateSeconds = 0;
    limit.bytes = bytesMax;
    const status = await act();
    limit.bytes = Infinity;
    await settled();
    const grown = names.flatMap((name) => {
      const [total, success] = counters[name].map((field) => statistics[field] - before[field]) as [number, number];
      return total === 0 && success === 0 ? [] : [[name, total === success ? total : [total, success]] as const];
    });
    const isChange = statistics.lastSourceUpdateSeconds > 0;
    return { status, ...Object.fromEntries(grown), ...(isChange ? { isChange } : {}) };
  }

  it.each(Object.keys(operations) as (keyof typeof operations)[])("%s", async (name) => {
    expect(await measure(operations[name])).toEqual(expected[name]);
  });

  it.each(Object.keys(refusedOperations) as (keyof typeof refusedOperations)[])(
    "%s that the disk refuses",
    async (name) => {
      const { bytesMax, operation } = refusedOperations[name];
      expect(await measure(operation, bytesMax)).toEqual(expectedRefused[name]);
    },
  );
});
