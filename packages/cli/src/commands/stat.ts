// stat trackers, storages, groups: one list of the cluster, filtered by the trackers (96, 97, 98).
import type { StorageStat, VolumeStat } from "@fastdfs-ts/protocol";

import { clusterOptions, withClient } from "../cluster/client-choice.ts";
import { statusNameOf } from "../cluster/cluster-view.ts";
import { connectionsText, toneOf, trackerColumns } from "../cluster/server-columns.ts";
import { command, type CommandRow, type Context, type ExitCode } from "../table/command-row.ts";
import { flag, optionalYesNo } from "../table/option-kinds.ts";
import { type Column, printTable } from "../terminal/table.ts";
import { coloured, type Terminal } from "../terminal/terminal.ts";
import { plural, printAgo, printMib } from "../terminal/units.ts";

const json = flag("print a JSON array");

const trackersCommand = command({
  name: "stat trackers",
  group: "cluster",
  summary: "list the trackers as the leading one sees them",
  details: "Trackers of 6.15.5 or later tell.",
  examples: ["stat trackers --active no"],
  arguments: {},
  options: {
    active: optionalYesNo("only those that answer the leader, or that do not"),
    leader: optionalYesNo("only the leader, or only the others"),
    json,
    ...clusterOptions,
  },
  run: (context, input) =>
    withClient(context, input, async (client) => {
      const { terminal, world, signal } = context;
      const filter = { isActive: input.active, isLeader: input.leader, signal };
      const trackers = await client.cluster.trackerStat(filter);
      return show(context, input.json, trackers, trackerColumns(terminal, world.clock.now()), "tracker");
    }),
});

const storagesCommand = command({
  name: "stat storages",
  group: "cluster",
  summary: "list the storages of all groups",
  details: "Trackers of 6.16 or later tell.",
  examples: ["stat storages --active no"],
  arguments: {},
  options: {
    active: optionalYesNo("only those in service (ACTIVE), or all others"),
    trunk: optionalYesNo("only the trunk servers, or only the others; of no effect without trunk files"),
    json,
    ...clusterOptions,
  },
  run: (context, input) =>
    withClient(context, input, async (client) => {
      const { terminal, world, signal } = context;
      const status = input.active === undefined ? {} : { [input.active ? "status" : "statusIsNot"]: "ACTIVE" as const };
      const { storages } = await client.cluster.clusterStat({ ...status, isTrunkServer: input.trunk, signal });
      const named = storages.map((storage) => ({ ...storage, statusName: statusNameOf(storage.status) }));
      return show(context, input.json, named, storageColumns(terminal, world.clock.now()), "storage");
    }),
});

const groupsCommand = command({
  name: "stat groups",
  group: "cluster",
  summary: "list the groups and their space",
  details: "Trackers of 6.16 or later tell.",
  examples: ["stat groups --space no"],
  arguments: {},
  options: {
    space: optionalYesNo("only those that take uploads, on disk or in trunk files, or that do not"),
    disk: optionalYesNo("only those with disk space above the reserve, or without"),
    trunk: optionalYesNo("only those with space in trunk files, or without; of no effect without trunk files"),
    json,
    ...clusterOptions,
  },
  run: (context, input) =>
    withClient(context, input, async (client) => {
      const { space, disk, trunk } = input;
      const filter = { isSpaceAvailable: space, isDiskAvailable: disk, isTrunkAvailable: trunk };
      const { groups } = await client.cluster.storageVolumeStat({ ...filter, signal: context.signal });
      return show(context, input.json, groups, groupColumns, "group");
    }),
});

export const statCommands: readonly CommandRow[] = [trackersCommand, storagesCommand, groupsCommand];

function show<Row>(
  { terminal }: Context,
  asJson: boolean,
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  what: string,
): ExitCode {
  if (asJson) terminal.print(JSON.stringify(rows));
  else if (rows.length === 0) terminal.tell(`No such ${what}.`);
  else terminal.print(`${printTable(terminal, columns, rows)}\n\n${plural(rows.length, what)}`);
  return 0;
}

const storageColumns = (terminal: Terminal, nowMs: number): Column<StorageStat & { statusName: string }>[] => [
  { title: "storage", cell: (row) => row.storageId },
  { title: "address", cell: (row) => row.address },
  {
    title: "status",
    cell: (row) => `${row.statusName}${row.isTrunkServer ? ", trunk" : ""}`,
    style: (shown, row) => coloured(terminal, toneOf(row.statusName), shown),
  },
  {
    title: "conns",
    align: "right",
    cell: (row) => connectionsText(row.connectionsCurrent, row.connectionsMaximum),
  },
  { title: "version", cell: (row) => row.version },
  { title: "up for", cell: (row) => printAgo(row.upTimeSeconds, nowMs).replace(" ago", "") },
  { title: "last beat", cell: (row) => printAgo(row.lastHeartbeatSeconds, nowMs) },
];

const groupColumns: readonly Column<VolumeStat>[] = [
  { title: "group", cell: (row) => row.groupName },
  { title: "space", align: "right", cell: (row) => printMib(row.totalMib) },
  { title: "free", align: "right", cell: (row) => printMib(row.freeMib) },
  { title: "reserved", align: "right", cell: (row) => printMib(row.reservedMib) },
  { title: "available", align: "right", cell: (row) => printMib(row.availableMib) },
  { title: "in trunk files", align: "right", cell: (row) => printMib(row.trunkFreeMib) },
  { title: "takes uploads", cell: (row) => (row.isDiskAvailable || row.isTrunkAvailable ? "yes" : "no") },
];
