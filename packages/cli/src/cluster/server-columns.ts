// How servers are shown in tables, wherever they are.
import type { TrackerStat } from "@fastdfs-ts/protocol";

import type { Column } from "../terminal/table.ts";
import { coloured, type Terminal } from "../terminal/terminal.ts";
import { printAgo } from "../terminal/units.ts";

export const trackerColumns = (terminal: Terminal, nowMs: number): Column<TrackerStat>[] => [
  { title: "tracker", cell: (row) => row.address },
  {
    title: "state",
    cell: (row) => `${row.isActive ? "active" : "silent"}${row.isLeader ? ", leader" : ""}`,
    style: (shown, row) => coloured(terminal, row.isActive ? "good" : "bad", shown),
  },
  {
    title: "conns",
    align: "right",
    cell: (row) => connectionsText(row.connectionsCurrent, row.connectionsMaximum),
  },
  { title: "version", cell: (row) => row.version },
  { title: "up for", cell: (row) => printAgo(row.upTimeSeconds, nowMs).replace(" ago", "") },
];

const goodStatuses = new Set(["ACTIVE"]);
const badStatuses = new Set(["OFFLINE", "DELETED"]);

export function toneOf(statusName: string): "good" | "warning" | "bad" {
  if (goodStatuses.has(statusName)) return "good";
  return badStatuses.has(statusName) ? "bad" : "warning";
}

export function connectionsText(current: number, maximum: number): string {
  return `${current} (max ${maximum})`;
}
