// storage_removals.dat: members that an administrator removed (ours, C knows no such file). One line each:
// group,id,join time,removal time,time of return.
import type { Removal } from "@fastdfs-ts/protocol";

import { oneLine, type StateProblem } from "./state-ini.ts";

export interface StoredRemoval extends Removal {
  readonly groupName: string;
}

const LINE = /^([A-Za-z0-9]{1,16}),([^,\s]{1,15}),(\d{1,15}),(\d{1,15}),(\d{1,15})$/;

export function parseRemovalsFile(text: string): { removals: StoredRemoval[]; problems: StateProblem[] } {
  const removals: StoredRemoval[] = [];
  const problems: StateProblem[] = [];
  const lines = text.split("\n");
  if (lines.pop() !== "") {
    problems.push({ line: lines.length + 1, what: "the file ends in the middle of a line", lost: "this line" });
  }
  for (const [index, line] of lines.entries()) {
    const [, groupName, storageId, joinSeconds, removedSeconds, returnedSeconds] = LINE.exec(line) ?? [];
    if (groupName === undefined || storageId === undefined) {
      problems.push({
        line: index + 1,
        what: "not group,id,time,time,time",
        lost: "that a storage was removed, until another tracker or storage tells it again",
      });
      continue;
    }
    removals.push({
      groupName,
      storageId,
      joinSeconds: Number(joinSeconds),
      removedSeconds: Number(removedSeconds),
      returnedSeconds: Number(returnedSeconds),
    });
  }
  return { removals, problems };
}

export function printRemovalsFile(removals: readonly StoredRemoval[]): string {
  return removals
    .map(({ groupName, storageId, joinSeconds, removedSeconds, returnedSeconds }) => {
      return `${groupName},${oneLine(storageId)},${joinSeconds},${removedSeconds},${returnedSeconds}\n`;
    })
    .join("");
}
