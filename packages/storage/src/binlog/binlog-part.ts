// One file of the operation log as bytes that can be read from a place on, plain or compressed.
import { type Disk, systemErrorCode } from "@fastdfs-ts/runtime";

import { binlogPartPath } from "./binlog-position.ts";

export interface BinlogPart {
  /** Reads up to `into.length` bytes at `offset`. Returns how many there were, 0 at the end. */
  read(into: Uint8Array, offset: number): number;
  /** How many bytes there are. */
  end(): number;
  close(): void;
}

/** A part of the log in `folder`, or undefined if there is none of this number. Throws the disk's error. */
export function openBinlogPart(disk: Disk, folder: string, part: number): BinlogPart | undefined {
  const file = openExisting(disk, binlogPartPath(folder, part));
  if (file === undefined) return undefined;
  return {
    read: (into, offset) => file.read(into, 0, into.length, offset),
    end: () => file.stat().sizeBytes,
    close: () => file.close(),
  };
}

function openExisting(disk: Disk, path: string) {
  try {
    return disk.open(path, "read");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Whether there is a part of this number. */
export function hasBinlogPart(disk: Disk, folder: string, part: number): boolean {
  return disk.stat(binlogPartPath(folder, part)) !== undefined;
}

/** The numbers of all parts in `folder`, in order; none without a folder. */
export function binlogPartNumbers(disk: Disk, folder: string): number[] {
  const numbers = new Set<number>();
  if (disk.stat(folder) === undefined) return [];
  for (const name of disk.readDirectory(folder)) {
    const digits = /^binlog\.(\d{3,})(?:\.gz)?$/.exec(name)?.[1];
    if (digits !== undefined) numbers.add(Number(digits));
  }
  return [...numbers].sort((a, b) => a - b);
}
