// `data/sync/binlog_index.dat`: which part of the binlog is written and which are compressed (storage-formats.md §2.6.3).
// C writes it in place, so a crash can leave it empty; the parts themselves tell the same.
import { join } from "node:path";

import type { Disk, Logger } from "@fastdfs-ts/runtime";

import { parseKeyValues, parseWhole, printKeyValues } from "./key-values.ts";
import { StateFile } from "./state-file.ts";

const INDEX_FILE = "binlog_index.dat";

export interface BinlogIndex {
  /** The part that is appended to. */
  readonly currentWrite: number;
  /** The first part that is not compressed yet. */
  readonly currentCompress: number;
}

/** The index, or undefined if the text lacks a number. */
export function parseBinlogIndex(text: string): BinlogIndex | undefined {
  const values = parseKeyValues(text);
  const currentWrite = parseWhole(values.get("current_write"));
  const currentCompress = parseWhole(values.get("current_compress") ?? "0");
  if (currentWrite === undefined || currentCompress === undefined) return undefined;
  return currentWrite < 0 || currentCompress < 0 ? undefined : { currentWrite, currentCompress };
}

export function printBinlogIndex(index: BinlogIndex): string {
  return printKeyValues([
    ["current_write", index.currentWrite],
    ["current_compress", index.currentCompress],
  ]);
}

/**
 * The index of the binlog in `folder` (`<base_path>/data/sync`). Without a file the one number of the old `binlog.index`
 * counts; a damaged file is rebuilt from the parts that are there, with a warning. Undefined if there is neither. Throws
 * FdfsError if the folder cannot be read.
 */
export function readBinlogIndex(disk: Disk, folder: string, log?: Logger): BinlogIndex | undefined {
  const file = new StateFile(disk, join(folder, INDEX_FILE));
  const text = file.read();
  const index = text === undefined ? readOldForm(disk, folder) : parseBinlogIndex(text);
  if (index !== undefined) return index;
  const found = indexOfParts(disk, folder);
  if (text !== undefined) {
    log?.warn("binlog.index-rebuilt", { path: file.path, currentWrite: found?.currentWrite ?? 0 });
  }
  return found;
}

/** Replaces the index file. Throws FdfsError. */
export function writeBinlogIndex(disk: Disk, folder: string, index: BinlogIndex): void {
  new StateFile(disk, join(folder, INDEX_FILE)).replace(printBinlogIndex(index));
}

/** Whether any part of the binlog in `folder` holds records. False if there is no folder. */
export function hasBinlogRecords(disk: Disk, folder: string): boolean {
  if (disk.stat(folder) === undefined) return false;
  return disk
    .readDirectory(folder)
    .some((name) => /^binlog\.\d{3,}(\.gz)?$/.test(name) && (disk.stat(join(folder, name))?.sizeBytes ?? 0) > 0);
}

function readOldForm(disk: Disk, folder: string): BinlogIndex | undefined {
  const text = new StateFile(disk, join(folder, "binlog.index")).read();
  const currentWrite = parseWhole(text?.trim());
  return currentWrite === undefined || currentWrite < 0 ? undefined : { currentWrite, currentCompress: 0 };
}

function indexOfParts(disk: Disk, folder: string): BinlogIndex | undefined {
  if (disk.stat(folder) === undefined) return undefined;
  const plain: number[] = [];
  for (const name of disk.readDirectory(folder)) {
    const digits = /^binlog\.(\d{3,})$/.exec(name)?.[1];
    if (digits !== undefined) plain.push(Number(digits));
  }
  return plain.length === 0 ? undefined : { currentWrite: Math.max(...plain), currentCompress: Math.min(...plain) };
}
