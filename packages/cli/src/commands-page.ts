// docs/COMMANDS.md, printed from the table of commands and that of the C tools.
import { cTools } from "./c-tools.ts";
import { commands } from "./commands.ts";
import { argumentText, optionText } from "./program.ts";
import { commandGroups, type CommandRow } from "./table/command-row.ts";

/** The page as markdown. */
export function renderCommandsPage(): string {
  const parts = ["# Commands", "", introduction];
  for (const [group, heading] of Object.entries(commandGroups)) {
    parts.push("", `## ${heading}`);
    for (const row of commands.filter((one) => one.group === group)) parts.push("", renderCommand(row));
  }
  parts.push("", "## The names of the C tools", "", cToolsIntroduction, "", "| command | arguments |", "| --- | --- |");
  for (const [name, { usage }] of Object.entries(cTools))
    parts.push(`| \`${name}\` | \`${usage.replaceAll("|", "\\|")}\` |`);
  return `${parts.join("\n")}\n`;
}

const introduction = [
  "Generated from the tables in `packages/cli/src`: change those, then run `npm run docs`. In a clone, write `npx fdfs …`.",
  "",
  "Exit codes: 0 done · 1 it, or a part of it, failed · 2 the command line makes no sense · 130 interrupted. Results go to",
  "standard output, everything else to standard error, one line per failure: what, where, what to do. `FDFS_DEBUG=1` adds",
  "the stack. Progress bars appear only on a terminal; `NO_COLOR=1` turns colours off.",
  "",
  "Commands that talk to a cluster find its trackers in this order: `--tracker`, `--conf`, the environment variable",
  "`FDFS_TRACKERS=host:port,…`, a `fdfs up` below the current folder, `127.0.0.1:22122`.",
].join("\n");

const cToolsIntroduction =
  "The same program under other names (`npx fdfs_upload_file …`, or `fdfs fdfs_upload_file …`), with the arguments in " +
  "C's order, for scripts that were written for them. What is printed is ours, except for `fdfs_monitor` and " +
  "`fdfs_file_info`, which scripts read. The others of C's programs have no counterpart: `fdfs_appender_test` and " +
  "`fdfs_appender_test1` try out C's library (use `append`, `modify`, `truncate`), `fdfs_link_library.sh` installs it.";

function renderCommand(row: CommandRow): string {
  const argumentWords = Object.values(row.arguments).map(argumentText);
  const options = Object.entries(row.options);
  const usage = ["fdfs", row.name, ...(options.length === 0 ? [] : ["[options]"]), ...argumentWords].join(" ");
  const lines = [
    `### ${row.name}`,
    "",
    `\`${usage}\``,
    "",
    `${row.summary.charAt(0).toUpperCase()}${row.summary.slice(1)}.`,
  ];
  if (row.details !== undefined) lines.push("", row.details);
  const rows = [
    ...Object.values(row.arguments).map((spec) => [argumentText(spec), spec.meaning]),
    ...options.map(([name, spec]) => [optionText(name, spec), `${spec.meaning}${defaultText(spec.initialText)}`]),
  ];
  if (rows.length > 0) {
    lines.push("", "| | |", "| --- | --- |");
    for (const [name, meaning] of rows) lines.push(`| \`${cell(name!)}\` | ${cell(meaning!)} |`);
  }
  return [...lines, "", "```sh", ...row.examples.map((example) => `fdfs ${example}`), "```"].join("\n");
}

function defaultText(initialText: string | undefined): string {
  return initialText === undefined ? "" : ` (default: ${initialText})`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
