// Places in the operation log, which is a row of files (storage-formats.md §2.6.2).

export interface BinlogPosition {
  readonly part: number;
  readonly offset: number;
}

export const logStart: BinlogPosition = { part: 0, offset: 0 };

/** Below 0 if `a` is before `b`, 0 if they are the same, above 0 if it is behind. */
export function comparePositions(a: BinlogPosition, b: BinlogPosition): number {
  return a.part === b.part ? a.offset - b.offset : a.part - b.part;
}

/** Path of a part of the log. */
export function binlogPartPath(folder: string, part: number): string {
  return `${folder}/binlog.${String(part).padStart(3, "0")}`;
}
