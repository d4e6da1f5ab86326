// storage_sync_timestamp.dat: who has what from whom, up to when (storage-formats.md §3.4). One line per group and source;
// its columns are the members of the group in the order of their own lines, which makes the file readable without the
// servers file that C ties it to.
import type { StateProblem } from "./state-ini.ts";

export interface StoredStamps {
  readonly groupName: string;
  readonly sourceId: string;
  /** Seconds, one per member of the group; the source's own is 0. */
  readonly seconds: readonly number[];
}

export function parseSyncTimestampsFile(text: string): { rows: StoredStamps[]; problems: StateProblem[] } {
  const rows: StoredStamps[] = [];
  const problems: StateProblem[] = [];
  const lines = text.split("\n");
  const unfinished = lines.pop()!;
  if (unfinished !== "") {
    problems.push({ line: lines.length + 1, what: "the file ends in the middle of a line", lost: "this line" });
  }
  for (const [index, line] of lines.entries()) {
    if (line.trim() === "") continue;
    const [groupName, sourceId, ...columns] = line.trim().split(",");
    const isSound = groupName !== undefined && sourceId !== undefined && sourceId !== "";
    if (!isSound || !columns.every((column) => /^\d{1,15}$/.test(column))) {
      problems.push({
        line: index + 1,
        what: "not group,source,time,time,…",
        lost: "one source's progress, until the members report it again",
      });
      continue;
    }
    rows.push({ groupName, sourceId, seconds: columns.map(Number) });
  }
  return { rows, problems };
}

export function printSyncTimestampsFile(rows: readonly StoredStamps[]): string {
  return rows.map((row) => `${[row.groupName, row.sourceId, ...row.seconds].join(",")}\n`).join("");
}
