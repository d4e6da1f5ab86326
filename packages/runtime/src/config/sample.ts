// Commented sample files, printed from the option tables (`fdfs config init`). C servers can read them too.
import type { ConfFile, OptionRow, OptionTable, OptionTables } from "./option-table.ts";
import { allowedText, defaultText, reloadText, typeText } from "./row-text.ts";

const commentWidth = 100;

/** Values to print instead of the samples, by key. An array gives one line each. */
export type SampleValues = Readonly<Record<string, string | readonly string[]>>;

/** Prints a sample of a configuration file. Keys without a default and without a value are commented out. */
export function printSample<T extends OptionTables>(conf: ConfFile<T>, values: SampleValues = {}): string {
  const lines = [
    `# ${conf.name}: configuration of ${conf.purpose}`,
    "#",
    "# A comment is a line of its own that begins with #: there are no comments after a value.",
    "# Sizes may have a unit K, M, G or T (times 1024).",
  ];
  let section = "";
  for (const table of sectionsLast(conf.tables)) {
    lines.push("", `# ---- ${table.title} ----`);
    if (table.section !== section) lines.push("", `[${table.section}]`);
    section = table.section;
    for (const row of Object.values(table.rows)) lines.push(...sampleRow(row, table, values));
  }
  return `${lines.join("\n")}\n`;
}

/** A sample of storage_ids.conf. */
export function printStorageIdsSample(): string {
  return [
    "# storage_ids.conf: which storage has which id, group and address",
    "#",
    "# <id> <group> <address>[:port] [rw=<mode>]",
    "#",
    "# id       1 to 16777215",
    "# address  an IP address or host name; two as a,b (one inner and one outer, or IPv4 and IPv6); IPv6 in brackets",
    "# port     23000 if missing",
    "# rw       none, read, write or both; both if missing",
    "#",
    "# All trackers must have the same file. After a change restart the trackers, then the storages.",
    "",
    "100001 group1 192.0.2.11",
    "100002 group1 192.0.2.12:23000",
    "100003 group2 10.98.0.13,192.0.2.13:23000 rw=read",
    "",
  ].join("\n");
}

/** The global part must come before the first section. */
function sectionsLast(tables: OptionTables): OptionTable[] {
  const all = Object.values(tables);
  return [...all.filter((table) => table.section === ""), ...all.filter((table) => table.section !== "")];
}

function sampleRow(row: OptionRow, table: OptionTable, values: SampleValues): string[] {
  const name = row.name.replace("{n}", "0");
  const given = table.section === "" ? values[name] : undefined;
  const value = given ?? row.sample ?? row.default;
  const facts = [typeText(row), allowedText(row), defaultFact(row), sinceText(row), reloadText(row)];
  const lines = [
    "",
    ...comment(row.meaning),
    ...comment(facts.filter((fact) => fact !== "").join("; ")),
    ...(row.effect === "used" ? [] : comment(row.effect)),
  ];
  // Nothing set is spelled most clearly by a missing key.
  if (value === undefined || value === "") return [...lines, `# ${name} =`];
  // A line with an optional key that has only an example would change what the server does.
  const isExample = given === undefined && row.default === undefined && row.required !== true;
  const isOff = row.onlyWith !== undefined && row.default === undefined && given === undefined;
  const prefix = isExample || isOff ? "# " : "";
  const all = typeof value === "string" ? [value] : value;
  return [...lines, ...all.map((text) => `${prefix}${name} = ${text}`.trimEnd())];
}

function defaultFact(row: OptionRow): string {
  return row.default === undefined ? defaultText(row) : `default: ${defaultText(row)}`;
}

function sinceText(row: OptionRow): string {
  return row.since === undefined ? "" : `since ${row.since}`;
}

function comment(text: string): string[] {
  const lines: string[] = [];
  let line = "#";
  for (const word of text.split(" ")) {
    if (line.length + 1 + word.length > commentWidth && line !== "#") {
      lines.push(line);
      line = "#";
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
