// docs/CONFIGURATION.md, rendered from the option tables.
import type { ConfFile, OptionRow, OptionTable } from "./option-table.ts";
import { clientConf } from "./options/client-options.ts";
import { storageConf } from "./options/storage-options.ts";
import { trackerConf } from "./options/tracker-options.ts";
import { allowedText, defaultText, reloadText, typeText } from "./row-text.ts";

const intro = `# Configuration

This page is generated from the option tables in \`packages/runtime/src/config/options\`. Do not edit it.

The files are those of FastDFS 6.16. Defaults are what a missing key means; where the shipped samples of FastDFS set
another value, it stands in the column "sample". "No effect here" marks keys that are read and checked, but that this
implementation has no use for. Keys since "fastdfs-ts" are our own; C servers ignore them.

A tracker reads its file again at \`fdfs reload\`, and at SIGHUP. Keys marked "Reload" then count at once; of the others it is
said which differ from what the tracker runs with and need a restart. If anything in the file is refused, all stays as it
was. Each tracker of a cluster has its own file and is reloaded by itself. Storages read their file when they start, and then
ask a tracker for \`store_path\`, \`reserved_storage_space\` and \`storage_sync_file_max_delay\`.

## The files

- Empty lines and lines whose first character is \`#\` are skipped. There are no comments after a value.
- \`[name]\` opens a section, \`[]\` leads back to the global part. \`key = value\`; keys are case-sensitive.
- A repeated key: the last one counts, except for keys marked "one line each".
- \`#include <file>\` inserts a file, relative to the directory of the main file. Other directives (\`#@…\`) are refused.
- Keys have at most 63 bytes, values at most 255.
- An unknown key is ignored with a warning that names the nearest known one.

| type | spelling |
|---|---|
| yes or no | \`true\`, \`yes\`, \`on\` or \`1\`; everything else means no |
| number | decimal digits |
| size | a whole number with an optional unit \`K\`, \`M\`, \`G\`, \`T\` (times 1024); no unit: bytes |
| time of day | \`H:M\` or \`H:M:S\`, local time |
| share or size | \`20%\` (above 0%, below 100%) or a size |
`;

const storageIds = `## storage_ids.conf

One storage per line: \`<id> <group> <address>[:port] [rw=<mode>]\`, separated by blanks or tabs; \`#\` starts a comment line.

| column | meaning |
|---|---|
| id | 1 to 16777215, no leading zero |
| group | 1 to 16 letters and digits |
| address | an IP address or host name, or two as \`a,b\` (one inner and one outer, or IPv4 and IPv6); IPv6 in brackets; port 23000 if missing |
| rw | \`none\`, \`read\`, \`write\` or \`both\`; \`both\` if missing |

Ids and addresses must be unique. All trackers need the same file; after a change restart the trackers, then the storages.
`;

/** The whole page in Markdown. */
export function renderConfigurationPage(): string {
  return [intro, ...[trackerConf, storageConf, clientConf].map(fileChapter), storageIds].join("\n");
}

function fileChapter(conf: ConfFile): string {
  const tables = Object.values(conf.tables).map(tableSection);
  const removed = conf.removed.map((name) => `\`${name}\``).join(", ");
  const old = `### Keys of older versions\n\nRead without complaint and ignored: ${removed}.\n`;
  return [`## ${conf.name}\n`, ...tables, old].join("\n");
}

function tableSection(table: OptionTable): string {
  const fallback = table.fallsBackToGlobal ? ", a missing key is looked up in the global part" : "";
  const where = table.section === "" ? "" : `In section \`[${table.section}]\`${fallback}.\n\n`;
  const rows = Object.values(table.rows).map(tableRow).join("\n");
  const head = "| key | type | default | sample | allowed | meaning | since |\n|---|---|---|---|---|---|---|";
  return `### ${table.title}\n\n${where}${head}\n${rows}\n`;
}

function tableRow(row: OptionRow): string {
  const effect = row.effect === "used" ? "" : ` **No effect here** ${row.effect.slice(row.effect.indexOf("because"))}.`;
  const reload = row.reload === undefined ? "" : ` **Reload**${reloadText(row).slice("reload".length)}.`;
  const cells = [
    `\`${row.name.replace("{n}", "N")}\``,
    typeText(row),
    defaultText(row),
    row.sample === row.default ? "" : (row.sample ?? ""),
    allowedText(row),
    `${row.meaning}.${effect}${reload}`,
    row.since ?? "",
  ];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}
