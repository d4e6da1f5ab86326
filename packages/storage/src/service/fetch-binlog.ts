// The operation log for other members: of one store path for one that lost the disk (26), from a time on for one that
// lost power (123). The log may have millions of lines, so it is read and sent piece by piece, as fast as the peer takes
// it, and others get their turn in between.
import {
  type BinlogSinceRequest,
  FdfsError,
  type FetchBinlogRequest,
  storageCommands,
  UNMEASURED_LOG_BYTES,
  writeI64,
} from "@fastdfs-ts/protocol";
import { answerRaw, type Route, type StreamedAnswer } from "@fastdfs-ts/rpc";

import { comparePositions, logStart } from "../binlog/binlog-position.ts";
import { type BinlogRecord, printBinlogRecord } from "../binlog/binlog-record.ts";
import { BinlogReader } from "../binlog/binlog-reader.ts";
import { type FileStore, requireOwnGroup } from "../files/file-store.ts";
import { asRestorable, type Restorable } from "../files/restorable-record.ts";
import { TimeSlices } from "../store/time-slices.ts";

/** Lines are collected until a piece has so many bytes. */
const PIECE_BYTES = 64 * 1024;
const COUNT_BYTES = 8;

export function binlogRoutes(store: FileStore): Route[] {
  return [
    answerRaw(storageCommands.fetchBinlog, (request) => fetchBinlog(store, request)),
    answerRaw(storageCommands.binlogSince, (request) => binlogSince(store, request)),
  ];
}

/** Which records leave, and as what. */
type Selection = (record: BinlogRecord) => Restorable;

function fetchBinlog(store: FileStore, { groupName, storePathIndex }: FetchBinlogRequest): StreamedAnswer {
  requireOwnGroup(store, groupName);
  const storePath = store.paths.all[storePathIndex];
  if (storePath === undefined) {
    const reason = `there is no store path ${storePathIndex}, this server has ${store.paths.count}`;
    throw new FdfsError("BAD_REQUEST", { reason });
  }
  return streamRecords(store, (record) => asRestorable(store, storePath, record));
}

function binlogSince(store: FileStore, { groupName, sinceSeconds }: BinlogSinceRequest): StreamedAnswer {
  requireOwnGroup(store, groupName);
  return streamRecords(store, (record) => (record.seconds >= sinceSeconds ? record : undefined));
}

/** The selected records of the log as it is now, then how many bytes of lines there were. */
function streamRecords(store: FileStore, select: Selection): StreamedAnswer {
  const reader = BinlogReader.open(store.disk, store.binlog.folder, logStart);
  const end = store.binlog.position;
  const slices = new TimeSlices(store.clock);
  let sentBytes = 0;
  let isDone = false;

  async function nextLines(): Promise<Buffer> {
    let lines = "";
    while (lines.length < PIECE_BYTES) {
      const entry = comparePositions(reader.position, end) < 0 ? reader.next() : undefined;
      if (entry === undefined) {
        isDone = true;
        break;
      }
      if (entry.kind === "record") {
        const selected = select(entry.record);
        const record = selected instanceof Promise ? await selected : selected;
        if (record !== undefined) lines += printBinlogRecord(record);
      }
      const turn = slices.letOthersRun();
      if (turn !== undefined) await turn;
    }
    sentBytes += lines.length;
    return Buffer.from(isDone ? `${lines}${"\0".repeat(COUNT_BYTES)}` : lines, "latin1");
  }

  return {
    bodyBytes: UNMEASURED_LOG_BYTES,
    isUnmeasured: true,
    async next() {
      if (isDone) return undefined;
      const piece = await nextLines();
      // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- set by nextLines
      if (isDone) writeI64(piece, piece.length - COUNT_BYTES, sentBytes);
      return piece;
    },
    close: () => reader.close(),
  };
}
