// The part of `monitor` that says why each storage is in its state, and how far the members of a group are behind each other.
import type { GroupExplanation, StorageExplanation } from "@fastdfs-ts/protocol";

import { type Column, printTable } from "../terminal/table.ts";
import { bold, coloured, type Terminal } from "../terminal/terminal.ts";
import { printAgo, printPercent, printTime } from "../terminal/units.ts";
import type { ClusterView } from "./cluster-view.ts";
import { printLagMatrix } from "./lag-matrix.ts";
import { toneOf } from "./server-columns.ts";

/** One text for the reasons and one per group that has something to replicate. */
export function printExplanation(terminal: Terminal, { explanation, storages, takenMs }: ClusterView): string[] {
  if (explanation === undefined) return [];
  // --storage shows one of a group.
  const shown = new Set(storages.map(({ groupName, storageId }) => `${groupName} ${storageId}`));
  const isShown = ({ groupName }: GroupExplanation, storageId: string) => shown.has(`${groupName} ${storageId}`);
  const states = explanation.groups.flatMap((group) =>
    group.storages.filter(({ storageId }) => isShown(group, storageId)),
  );
  const matrices = explanation.groups.flatMap((group) => {
    const links = group.replication.filter(({ sourceId }) => isShown(group, sourceId));
    if (links.length === 0) return [];
    const title = `Replication in ${group.groupName}: by how much the storage of a column is behind that of a row`;
    return [titled(terminal, title, printLagMatrix(terminal, links))];
  });
  const title = explanation.isFromTracker ? "Why" : "Why (guessed: the trackers do not tell)";
  return [titled(terminal, title, printTable(terminal, columns(terminal, takenMs), states)), ...matrices];
}

function titled(terminal: Terminal, title: string, table: string): string {
  return `${bold(terminal, title)}\n${table.replace(/^/gm, "  ")}`;
}

const columns = (terminal: Terminal, nowMs: number): Column<StorageExplanation>[] => [
  { title: "storage", cell: (row) => row.storageId },
  {
    title: "status",
    cell: (row) => row.status,
    style: (shown, row) => coloured(terminal, toneOf(row.status), shown),
  },
  { title: "since", cell: (row) => printAgo(row.sinceSeconds, nowMs) },
  { title: "source", cell: (row) => row.sourceId },
  {
    title: "progress",
    align: "right",
    cell: ({ progress }) => (progress === undefined ? "" : printPercent(progress.doneBytes, progress.totalBytes)),
  },
  { title: "ends", cell: (row) => (row.estimatedEndSeconds === undefined ? "" : printTime(row.estimatedEndSeconds)) },
  { title: "reason", cell: (row) => row.reason },
];
