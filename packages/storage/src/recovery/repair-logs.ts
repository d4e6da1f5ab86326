// The logs that a repair compares, each as a file of its own with the records of the uncertain time only, so that they may
// be of any length.
import { FdfsError } from "@fastdfs-ts/protocol";
import type { Disk } from "@fastdfs-ts/runtime";

import { binlogPartNumbers } from "../binlog/binlog-part.ts";
import { type BinlogPosition, binlogPartPath, comparePositions } from "../binlog/binlog-position.ts";
import { BinlogReader } from "../binlog/binlog-reader.ts";
import { type BinlogRecord, parseBinlogRecord, printBinlogRecord } from "../binlog/binlog-record.ts";
import type { FileStore } from "../files/file-store.ts";
import { AHEAD_SECONDS_MAX, mayBeAhead } from "../files/record-seconds.ts";
import { isOwn } from "../replication/push-task.ts";
import { TimeSlices } from "../store/time-slices.ts";
import { linesOf, LineWriter } from "./line-file.ts";
import { historyOf } from "./name-history.ts";
import type { PeerClient } from "./peer-client.ts";
import { isUncertain, isYoung, type UncertainTime } from "./pending-repair.ts";
import type { TimeSpan } from "./time-spans.ts";

/** A part of our log that was not written to for so long before a time has no record of it, whatever clocks did. */
const CLOCK_SLACK_SECONDS = 86_400;

export interface KeptOwnLog {
  /** Up to where our log was read. */
  readonly end: BinlogPosition;
  /**
   * Unix times of the first and last change that clients made here from `logFrom` on, whatever the clock said by then; undefined
   * if there was none.
   */
  readonly ownSeconds: TimeSpan | undefined;
}

/** Writes our own records of an uncertain time, and all later ones, to `path`. */
export async function keepOwnLog(
  store: FileStore,
  time: UncertainTime,
  path: string,
  signal?: AbortSignal,
): Promise<KeptOwnLog> {
  const { logFrom } = time;
  const slices = new TimeSlices(store.clock, signal);
  const writer = new LineWriter(store.disk, path);
  const reader = BinlogReader.open(store.disk, store.binlog.folder, {
    part: firstPartOf(store, earliestOf(time)),
    offset: 0,
  });
  let ownSeconds: KeptOwnLog["ownSeconds"];
  try {
    for (let entry = reader.next(); entry !== undefined; entry = reader.next()) {
      if (entry.kind === "record") {
        const isRecent = logFrom !== undefined && comparePositions(entry.at, logFrom) >= 0;
        const { seconds } = entry.record;
        if (isRecent || isYoung(time, seconds)) writer.add(printBinlogRecord(entry.record));
        if (isRecent && isOwn(entry.record)) {
          const { fromSeconds, untilSeconds } = ownSeconds ?? { fromSeconds: seconds, untilSeconds: seconds };
          ownSeconds = {
            fromSeconds: Math.min(fromSeconds, seconds),
            untilSeconds: Math.max(untilSeconds, seconds),
          };
        }
      }
      const turn = slices.letOthersRun();
      if (turn !== undefined) await turn;
    }
    writer.finish();
    return { end: reader.position, ownSeconds };
  } finally {
    writer.close();
    reader.close();
  }
}

/** Whether our log has a record of a name behind a position, other than the lines in `except`. */
export function isLoggedSince(
  store: FileStore,
  since: BinlogPosition,
  name: string,
  except: ReadonlySet<string> = new Set(),
): boolean {
  const reader = BinlogReader.open(store.disk, store.binlog.folder, since);
  try {
    for (let entry = reader.next(); entry !== undefined; entry = reader.next()) {
      if (entry.kind !== "record" || except.has(printBinlogRecord(entry.record))) continue;
      if (historyOf(entry.record).some(([each]) => each === name)) return true;
    }
    return false;
  } finally {
    reader.close();
  }
}

function earliestOf({ fromSeconds, clockWas = [] }: UncertainTime): number {
  return Math.min(fromSeconds, ...clockWas.map((span) => span.fromSeconds));
}

function firstPartOf({ disk, binlog: { folder } }: FileStore, fromSeconds: number): number {
  const numbers = binlogPartNumbers(disk, folder);
  const written = (part: number) => (disk.stat(binlogPartPath(folder, part))?.modifiedMs ?? 0) / 1000;
  return numbers.find((part) => written(part) >= fromSeconds - CLOCK_SLACK_SECONDS) ?? numbers.at(-1) ?? 0;
}

/**
 * Writes what another member knows of the uncertain time to `path`. A C storage tells only of files that are there
 * (26, one store path after the other). Throws FdfsError.
 */
export async function keepMemberLog(
  store: FileStore,
  peer: PeerClient,
  time: UncertainTime,
  path: string,
): Promise<"everything" | "files"> {
  const writer = new LineWriter(store.disk, path);
  try {
    const isOurs = await peer.isOurs();
    const filter = new LineFilter(time, writer);
    if (isOurs) await peer.fetchLogSince(earliestOf(time), (piece) => filter.take(piece));
    else for (const { index } of store.paths.all) await peer.fetchPathLog(index, (piece) => filter.take(piece));
    writer.finish();
    return isOurs ? "everything" : "files";
  } finally {
    writer.close();
  }
}

/**
 * Cuts pieces into lines and keeps the records of a time. A deletion of ours may be ahead of our clock of that time, and the
 * others alone may still know it.
 */
class LineFilter {
  private readonly time: UncertainTime;
  private readonly timeOfDeletions: UncertainTime;
  private readonly writer: LineWriter;
  private rest = "";

  constructor(time: UncertainTime, writer: LineWriter) {
    this.time = time;
    this.timeOfDeletions = {
      ...later(time),
      clockWas: time.clockWas?.map(later),
    };
    this.writer = writer;
  }

  take(piece: Buffer): void {
    const lines = (this.rest + piece.toString("latin1")).split("\n");
    this.rest = lines.pop() ?? "";
    for (const line of lines) {
      const seconds = Number.parseInt(line, 10);
      if (isUncertain(this.time, seconds) || this.mayBeOurDeletion(line, seconds)) this.writer.add(`${line}\n`);
    }
  }

  private mayBeOurDeletion(line: string, seconds: number): boolean {
    if (!isUncertain(this.timeOfDeletions, seconds)) return false;
    const record = recordOrNot(line);
    return record?.op.toUpperCase() === "D" && mayBeAhead(record.logicalName);
  }
}

function later({ fromSeconds, untilSeconds }: TimeSpan): TimeSpan {
  return { fromSeconds, untilSeconds: untilSeconds + AHEAD_SECONDS_MAX };
}

/** The records in a kept log; what is no record is left out. */
export function* keptRecords(disk: Disk, path: string): Generator<BinlogRecord, void> {
  for (const { text } of linesOf(disk, path)) {
    const record = recordOrNot(text);
    if (record !== undefined) yield record;
  }
}

function recordOrNot(line: string): BinlogRecord | undefined {
  try {
    return parseBinlogRecord(line);
  } catch (error) {
    if (error instanceof FdfsError) return undefined;
    throw error;
  }
}
