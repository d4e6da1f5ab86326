// An explained choice of a tracker for people: tables of the candidates, and in words who it is and why.
import type {
  Choice,
  ChoiceExplanation,
  ChoicePurpose,
  ChoiceRefusal,
  GroupCandidate,
  MemberCandidate,
  NamedFile,
  PathCandidate,
} from "@fastdfs-ts/protocol";

import { type Column, printTable } from "../terminal/table.ts";
import { bold, coloured, type Terminal } from "../terminal/terminal.ts";
import { printBytes, printDuration, printMib, printTime } from "../terminal/units.ts";
import { toneOf } from "./server-columns.ts";

export function printChoice(terminal: Terminal, explained: ChoiceExplanation): string {
  const { groups, members, paths, choice, refusal, groupName, file, purpose } = explained;
  const table = <Row>(title: string, columns: readonly Column<Row>[], rows: readonly Row[]): string[] => {
    if (rows.length === 0) return [];
    // C storages tell nothing of their load, and few clusters have trunk files.
    const told = columns.filter((column) => rows.some((row) => column.cell(row) !== ""));
    return [`${bold(terminal, title)}\n${printTable(terminal, told, rows).replace(/^/gm, "  ")}`];
  };
  const storageId = choice?.storageId ?? refusal?.storageId ?? "";
  return [
    ...table("Settings", settingColumns, explained.settings),
    ...(file === undefined ? [] : [describeFile(file)]),
    ...(purpose === "upload" ? table("Groups", groupColumns(choice), groups) : []),
    ...table(`Storages of ${groupName}`, memberColumns(terminal, explained), members),
    ...table(`Store paths of ${storageId}`, pathColumns(choice), paths),
    ...(choice === undefined ? [] : [describeChoice(choice, purpose)]),
    ...(refusal === undefined ? [] : [describeRefusal(refusal)]),
  ].join("\n\n");
}

const settingColumns: readonly Column<ChoiceExplanation["settings"][number]>[] = [
  { title: "setting", cell: ({ key }) => key },
  { title: "value", cell: ({ value }) => value },
  { title: "meaning", cell: ({ meaning }) => meaning },
];

const groupColumns = (choice: Choice | undefined): Column<GroupCandidate>[] => [
  mark((row) => row.groupName === choice?.groupName),
  { title: "group", cell: (row) => row.groupName },
  number("chance", (row) => percent(row.chance)),
  number("writable", (row) => String(row.writableMembers)),
  number("free", (row) => printMib(row.freeMib)),
  number("of", (row) => printMib(row.totalMib)),
  number("reserved", (row) => printMib(row.reservedMib)),
  number("in trunk files", (row) => (row.trunkFreeMib === 0 ? "" : printMib(row.trunkFreeMib))),
  number("promised", (row) => (row.promisedMib < 1 ? "" : printMib(row.promisedMib))),
  number("disk load", (row) => percent(row.diskUsage)),
  number("task load", (row) => percent(row.taskRatio)),
  number("load", (row) => percent(row.load)),
  { title: "ruled out", cell: (row) => row.ruledOut ?? "" },
];

const memberColumns = (terminal: Terminal, { choice, file }: ChoiceExplanation): Column<MemberCandidate>[] => [
  mark((row) => row.storageId === choice?.storageId),
  { title: "storage", cell: (row) => row.storageId },
  { title: "address", cell: (row) => `${row.address}:${row.port}` },
  {
    title: "status",
    cell: (row) => row.status,
    style: (shown, row) => coloured(terminal, toneOf(row.status), shown),
  },
  number("chance", (row) => percent(row.chance)),
  number("cost", (row) => row.cost.toFixed(2)),
  number("capacity", (row) => row.capacity.toFixed(2)),
  number("tasks", (row) => row.tasks.toFixed(1)),
  number("latency", ({ latencyMicros }) => (latencyMicros === undefined ? "" : printMicros(latencyMicros))),
  number("cpu", ({ report }) => share(report?.cpuPermille)),
  number("memory", ({ report }) => share(report?.memoryPermille)),
  number("disk", ({ report }) => share(report?.diskPermille)),
  number("throughput", ({ report }) => rate(report?.diskBytesPerSecond)),
  number("disk speed", ({ diskSpeed }) => rate(diskSpeed)),
  number("network", ({ report }) => share(report?.networkPermille)),
  number("reported", ({ report }) => (report === undefined ? "" : `${printDuration(report.ageMs)} ago`)),
  ...(file === undefined ? uploadColumns : fileColumns(file)),
  { title: "notes", cell: ({ ruledOut, trouble, hasFile }) => ruledOut ?? trouble ?? hasFile ?? "" },
];

const uploadColumns: readonly Column<MemberCandidate>[] = [
  number("priority", (row) => String(row.uploadPriority)),
  number("free", (row) => printMib(row.freeMib)),
];

const fileColumns = (file: NamedFile): Column<MemberCandidate>[] => [
  {
    title: file.sourceId === "" ? "has until" : `has of ${file.sourceId} until`,
    cell: ({ isSource, syncedSeconds }) =>
      isSource ? "source" : syncedSeconds === undefined ? "?" : printTime(syncedSeconds),
  },
];

const pathColumns = (choice: Choice | undefined): Column<PathCandidate>[] => [
  mark((row) => row.index === choice?.storePathIndex),
  { title: "path", cell: (row) => pathText(row.index) },
  number("free", (row) => printMib(row.freeMib)),
  number("of", (row) => printMib(row.totalMib)),
  number("reserved", (row) => printMib(row.reservedMib)),
  { title: "ruled out", cell: (row) => row.ruledOut ?? "" },
];

/** The chosen row is marked. */
function mark<Row>(isChosen: (row: Row) => boolean): Column<Row> {
  return { title: " ", cell: (row) => (isChosen(row) ? ">" : " ") };
}

function number<Row>(title: string, cell: (row: Row) => string): Column<Row> {
  return { title, align: "right", cell };
}

function describeFile({ sourceId, createdSeconds, mayChange }: NamedFile): string {
  const source = sourceId === "" ? "its source is no member of the group" : `${sourceId} took the upload`;
  const time =
    createdSeconds === undefined
      ? "the name does not say when it was stored"
      : `stored at ${printTime(createdSeconds)}`;
  return `File: ${time}, ${source}${mayChange ? "; it may have been changed since (an appender, or a slave file)" : ""}.`;
}

function describeChoice(choice: Choice, purpose: ChoicePurpose): string {
  const { groupName, storageId, address, port, storePathIndex, chance, reasons } = choice;
  const path = storePathIndex === undefined ? "" : `, store path ${pathText(storePathIndex)}`;
  const likely = chance < 1 ? ` with a chance of ${percent(chance)}` : "";
  return `Choice: the ${purpose} goes to ${storageId} at ${address}:${port} in ${groupName}${path}${likely}. Why: ${reasons.join("; ")}.`;
}

function describeRefusal({ status, groupName, reason, setting }: ChoiceRefusal): string {
  const where = groupName === undefined ? "" : `${groupName}: `;
  return `No choice: the client is answered with status ${status}. Why: ${where}${reason}.${setting === undefined ? "" : ` The tracker's setting: ${setting}.`}`;
}

/** As file names spell it. */
function pathText(index: number): string {
  return `${index} (M${index.toString(16).toUpperCase().padStart(2, "0")})`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}

function share(permille: number | undefined): string {
  return permille === undefined ? "" : percent(permille / 1000);
}

/** Bytes per second. */
function rate(bytes: number | undefined): string {
  return bytes === undefined ? "" : `${printBytes(bytes)}/s`;
}

function printMicros(micros: number): string {
  return micros < 1000 ? `${Math.round(micros)} us` : `${(micros / 1000).toFixed(1)} ms`;
}
