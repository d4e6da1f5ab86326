// What came of reading tracker.conf again, for people.
import { type KeyChange, type OptionRow, trackerConf } from "@fastdfs-ts/runtime";
import type { ReloadOutcome } from "@fastdfs-ts/tracker";

import { printFacts } from "../terminal/table.ts";

/** In one line, beside the log, which tells the rest. */
export function outcomeLine(conf: string, outcome: ReloadOutcome): string {
  if (outcome.kind === "refused") return `${conf} is refused, nothing has changed.`;
  const changes = outcome.changed.map(({ key, from, to }) => `${key} ${from} → ${to}`);
  return `${conf} was read again: ${changes.length === 0 ? "nothing to take over" : changes.join(", ")}.`;
}

/** The whole, in lines. */
export function printOutcome(conf: string, outcome: ReloadOutcome): string[] {
  if (outcome.kind === "refused") {
    return [...outcome.problems, `${conf} is refused, nothing has changed: the tracker goes on as it was.`];
  }
  const { changed, needsRestart, warnings } = outcome;
  const lines = warnings.map((warning) => `warning: ${warning}`);
  if (changed.length === 0) lines.push(`${conf} was read again: nothing to take over.`);
  else lines.push(`${conf} was read again:`, printChanges(changed));
  const waiting = changed.filter(({ key }) => storagesKeep(key)).map(({ key }) => key);
  if (waiting.length > 0) lines.push(`Storages take ${waiting.join(", ")} when they start.`);
  if (needsRestart.length > 0) lines.push("Needs a restart of the tracker:", printChanges(needsRestart));
  return lines;
}

function printChanges(changes: readonly KeyChange[]): string {
  return printFacts(changes.map(({ key, from, to }) => [key, `${from} → ${to}`] as const)).replace(/^/gm, "  ");
}

function storagesKeep(key: string): boolean {
  return Object.values(trackerConf.tables).some(({ section, rows }) =>
    Object.values<OptionRow>(rows).some(
      (row) => section === "" && row.name === key && row.reload === "storages-at-start",
    ),
  );
}
