// How much of the log lies between two places, for displays.
import type { Disk } from "@fastdfs-ts/runtime";

import { binlogPartPath, type BinlogPosition, comparePositions } from "../binlog/binlog-position.ts";

/** Bytes from `from` to `to`; 0 if that is backwards. A part that is compressed counts as it lies on the disk. */
export function logBytesBetween(disk: Disk, folder: string, from: BinlogPosition, to: BinlogPosition): number {
  if (comparePositions(from, to) >= 0) return 0;
  let bytes = to.offset - from.offset;
  for (let part = from.part; part < to.part; part++) {
    const path = binlogPartPath(folder, part);
    bytes += disk.stat(path)?.sizeBytes ?? disk.stat(`${path}.gz`)?.sizeBytes ?? 0;
  }
  return Math.max(0, bytes);
}
