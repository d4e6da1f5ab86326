// The first half of a recovery: another member's log of the lost path, split into lists that are worked off at the same
// time. All records of one name are in one list. The log may name millions of files: it goes through the disk.
import { FdfsError } from "@fastdfs-ts/protocol";
import type { Clock, Disk } from "@fastdfs-ts/runtime";

import { type BinlogRecord, parseBinlogRecord, printBinlogRecord } from "../binlog/binlog-record.ts";
import type { FileStore } from "../files/file-store.ts";
import { TimeSlices } from "../store/time-slices.ts";
import { linesOf, LineWriter } from "./line-file.ts";
import type { PeerClient } from "./peer-client.ts";
import type { RecoveryFiles } from "./recovery-files.ts";
import { restoredName } from "./restore-file.ts";

/** Keeps the other member's log of a store path beside the lists. Returns its length in bytes. */
export async function fetchPathLog(
  disk: Disk,
  files: RecoveryFiles,
  peer: PeerClient,
  storePathIndex: number,
): Promise<number> {
  const file = disk.open(files.fetchedLogPath, "replace");
  let at = 0;
  try {
    return await peer.fetchPathLog(storePathIndex, (piece) => {
      file.write(piece, 0, piece.length, at);
      at += piece.length;
    });
  } finally {
    file.close();
  }
}

export interface SplitOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  readonly store: Pick<FileStore, "paths">;
  readonly files: RecoveryFiles;
  readonly storePathIndex: number;
  readonly lists: number;
}

/**
 * Writes the lists; they are on the disk when this returns. Lines that say nothing of use are left out; of the files in
 * one trunk file the first stands for all. Returns how many records there are. Throws the disk's error.
 */
export async function splitIntoLists(options: SplitOptions): Promise<number> {
  const { disk, files, store, storePathIndex } = options;
  const slices = new TimeSlices(options.clock, options.signal);
  const writers = Array.from({ length: options.lists }, (_, list) => new LineWriter(disk, files.listPath(list)));
  // As many as there are trunk files on one disk.
  const trunkFiles = new Set<string>();
  let records = 0;
  try {
    for (const { text } of linesOf(disk, files.fetchedLogPath)) {
      const record = usefulRecord(text);
      const target = record === undefined ? undefined : restoredName(store, record);
      if (record === undefined || target?.storePath.index !== storePathIndex) continue;
      if (target.logicalName !== record.logicalName) {
        if (trunkFiles.has(target.logicalName)) continue;
        trunkFiles.add(target.logicalName);
      }
      writers[hash(target.logicalName) % writers.length]!.add(printBinlogRecord(record));
      records++;
      const turn = slices.letOthersRun();
      if (turn !== undefined) await turn;
    }
    for (const writer of writers) writer.finish();
  } finally {
    for (const writer of writers) writer.close();
  }
  for (let list = 0; list < options.lists; list++) files.writeMark(list, 0);
  disk.unlink(files.fetchedLogPath);
  return records;
}

const MAKES_FILE = "CcLlRr";

/** A record that makes a file, or undefined. */
export function usefulRecord(line: string): BinlogRecord | undefined {
  try {
    const record = parseBinlogRecord(line);
    return MAKES_FILE.includes(record.op) ? record : undefined;
  } catch (error) {
    if (error instanceof FdfsError) return undefined;
    throw error;
  }
}

/** Any even spread will do. */
export function hash(text: string): number {
  let value = 0;
  for (let at = 0; at < text.length; at++) value = (Math.imul(value, 31) + text.charCodeAt(at)) >>> 0;
  return value;
}
