// monitor: groups, storages and their statistics, for people and for scripts.
import type { GroupRecord } from "@fastdfs-ts/protocol";
import { sleep } from "@fastdfs-ts/runtime";

import { printMonitorAsC } from "../c-text/monitor-text.ts";
import { chooseCluster, clusterOptions, withClient } from "../cluster/client-choice.ts";
import { type ClusterView, type StorageView, viewCluster } from "../cluster/cluster-view.ts";
import { printExplanation } from "../cluster/explanation-section.ts";
import { connectionsText, toneOf, trackerColumns } from "../cluster/server-columns.ts";
import { command } from "../table/command-row.ts";
import { flag, text, whole } from "../table/option-kinds.ts";
import { type Column, printTable } from "../terminal/table.ts";
import { bold, coloured, type Terminal } from "../terminal/terminal.ts";
import { plural, printAgo, printBytes, printCount, printMib, printTime } from "../terminal/units.ts";

export const monitorCommand = command({
  name: "monitor",
  group: "cluster",
  summary: "show groups, storages, why they are as they are, and their statistics",
  details:
    "The matrix of a group shows by how much each member is behind each other one; `?` where nobody tells. " +
    "With --json all numbers as the trackers send them: sizes in MiB or bytes as named, times as Unix seconds.",
  examples: ["monitor", "monitor --watch --interval 5", "monitor --json | jq '.storages[].statusName'"],
  arguments: {},
  options: {
    json: flag("print a JSON object (with --watch one per line)"),
    cText: flag("print what fdfs_monitor of C prints, for scripts that read it"),
    watch: flag("show it again and again, until Ctrl-C", "w"),
    interval: whole("SECONDS", "pause between two pictures of --watch", 2, { min: 1, max: 3600 }),
    group: text("NAME", "only this group", "g"),
    storage: text("ID", "only this storage of --group", "s"),
    ...clusterOptions,
  },
  run: (context, input) =>
    withClient(context, input, async (client) => {
      const { terminal, world, signal } = context;
      const { group, storage } = input;
      const { trackers } = chooseCluster(context, input).options;
      const show = async (): Promise<void> => {
        const view = await viewCluster(client, world.clock.now(), { group, storage, signal });
        if (input.json) terminal.print(JSON.stringify(view));
        else if (input.cText) terminal.print(printMonitorAsC({ ...view, trackers, isOneGroup: group !== undefined }));
        else
          terminal.print(`${input.watch && terminal.isInteractive ? clearScreen : ""}${printCluster(terminal, view)}`);
      };
      await show();
      while (input.watch) {
        // Ctrl-C is how a person ends it: that is no failure.
        if (await isAborted(sleep(world.clock, input.interval * 1000, signal))) return 0;
        await show();
      }
      return 0;
    }),
});

const clearScreen = "\u001B[2J\u001B[H";

async function isAborted(waiting: Promise<void>): Promise<boolean> {
  try {
    await waiting;
    return false;
  } catch {
    return true; // sleep only fails when its signal fires
  }
}

/** The picture as text. */
function printCluster(terminal: Terminal, view: ClusterView): string {
  const { groups, storages, trackers, leader, takenMs } = view;
  const parts = [
    `${bold(terminal, "Cluster")} at ${printTime(takenMs / 1000)}: ${plural(groups.length, "group")}, ` +
      `${plural(storages.length, "storage")}${leader === undefined ? "" : `, leading tracker ${leader}`}`,
  ];
  if (trackers.length > 0) parts.push(section(terminal, "Trackers", trackerColumns(terminal, takenMs), trackers));
  if (groups.length > 0) parts.push(section(terminal, "Groups", groupColumns, groups));
  if (storages.length > 0) {
    parts.push(section(terminal, "Storages", storageColumns(terminal, takenMs), storages));
    parts.push(...printExplanation(terminal, view));
    parts.push(section(terminal, "Operations since the beginning (failed ones after +)", operationColumns, storages));
    parts.push(section(terminal, "Bytes and times", transferColumns(takenMs), storages));
  } else parts.push("No storage has joined yet. Start one: fdfs storage storage.conf");
  return parts.join("\n\n");
}

function section<Row>(
  terminal: Terminal,
  title: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): string {
  const table = printTable(terminal, columns, rows).replace(/^/gm, "  ");
  return `${bold(terminal, title)}\n${table}`;
}

const groupColumns: Column<GroupRecord>[] = [
  { title: "group", cell: (row) => row.groupName },
  { title: "storages", align: "right", cell: (row) => String(row.storageCount) },
  { title: "readable", align: "right", cell: (row) => String(row.readableStorageCount) },
  { title: "writable", align: "right", cell: (row) => String(row.writableStorageCount) },
  { title: "space", align: "right", cell: (row) => printMib(row.totalMib) },
  { title: "free", align: "right", cell: (row) => printMib(row.freeMib) },
  { title: "reserved", align: "right", cell: (row) => printMib(row.reservedMib) },
  { title: "trunk free", align: "right", cell: (row) => printMib(row.trunkFreeMib) },
  { title: "store paths", align: "right", cell: (row) => String(row.storePathCount) },
];

const rwModeNames: Readonly<Record<number, string>> = { 0: "none", 2: "write", 4: "read", 6: "both" };

const storageColumns = (terminal: Terminal, nowMs: number): Column<StorageView>[] => [
  { title: "storage", cell: (row) => row.storageId },
  { title: "group", cell: (row) => row.groupName },
  { title: "address", cell: (row) => `${row.storageIp}:${row.storagePort}` },
  {
    title: "status",
    cell: (row) => `${row.statusName}${row.isTrunkServer ? ", trunk" : ""}`,
    style: (shown, row) => coloured(terminal, toneOf(row.statusName), shown),
  },
  { title: "serves", cell: (row) => rwModeNames[row.rwMode] ?? String(row.rwMode) },
  { title: "space", align: "right", cell: (row) => printMib(row.totalMib) },
  { title: "free", align: "right", cell: (row) => printMib(row.freeMib) },
  {
    title: "used",
    align: "right",
    cell: (row) => (row.totalMib === 0 ? "" : `${Math.round((1 - row.freeMib / row.totalMib) * 100)}%`),
  },
  {
    title: "conns",
    align: "right",
    cell: ({ statistics }) => connectionsText(statistics.connectionsCurrent, statistics.connectionsMaximum),
  },
  { title: "version", cell: (row) => row.version },
  { title: "up for", cell: (row) => printAgo(row.upTimeSeconds, nowMs).replace(" ago", "") },
  { title: "last beat", cell: (row) => printAgo(row.statistics.lastHeartbeatSeconds, nowMs) },
];

type Statistics = StorageView["statistics"];

const operation = (title: string, total: keyof Statistics, success: keyof Statistics): Column<StorageView> => ({
  title,
  align: "right",
  cell: ({ statistics }) => {
    const failed = statistics[total] - statistics[success];
    return `${printCount(statistics[success])}${failed > 0 ? ` +${printCount(failed)}` : ""}`;
  },
});

const operationColumns: Column<StorageView>[] = [
  { title: "storage", cell: (row) => row.storageId },
  operation("uploads", "totalUploadCount", "successUploadCount"),
  operation("downloads", "totalDownloadCount", "successDownloadCount"),
  operation("deletes", "totalDeleteCount", "successDeleteCount"),
  operation("appends", "totalAppendCount", "successAppendCount"),
  operation("modifies", "totalModifyCount", "successModifyCount"),
  operation("truncates", "totalTruncateCount", "successTruncateCount"),
  operation("set meta", "totalSetMetaCount", "successSetMetaCount"),
  operation("get meta", "totalGetMetaCount", "successGetMetaCount"),
  operation("links", "totalCreateLinkCount", "successCreateLinkCount"),
];

const bytes = (title: string, success: keyof Statistics): Column<StorageView> => ({
  title,
  align: "right",
  cell: ({ statistics }) => printBytes(statistics[success]),
});

const transferColumns = (nowMs: number): Column<StorageView>[] => [
  { title: "storage", cell: (row) => row.storageId },
  bytes("uploaded", "successUploadBytes"),
  bytes("downloaded", "successDownloadBytes"),
  bytes("appended", "successAppendBytes"),
  bytes("sync in", "successSyncInBytes"),
  bytes("sync out", "successSyncOutBytes"),
  { title: "last change", cell: ({ statistics }) => printAgo(statistics.lastSourceUpdateSeconds, nowMs) },
  { title: "last sync in", cell: ({ statistics }) => printAgo(statistics.lastSyncUpdateSeconds, nowMs) },
  { title: "synced up to", cell: ({ statistics }) => timeOrNone(statistics.lastSyncedSeconds) },
];

function timeOrNone(seconds: number): string {
  return seconds === 0 ? "" : printTime(seconds);
}
