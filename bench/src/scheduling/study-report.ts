// The words and tables of the study.
import type { Picture } from "./plots.ts";
import type { StudyResult } from "./run-study.ts";
import {
  DURATION_MS,
  groupPlans,
  incidents,
  MEMBERS,
  REQUESTS_PER_SECOND,
  TASKS_MAX,
  UPLOAD_SHARE,
} from "./scenario.ts";

interface Column {
  readonly title: string;
  readonly value: (result: StudyResult) => string;
}

const ms = (value: number) => (value < 10_000 ? value.toFixed(value < 100 ? 1 : 0) : `${(value / 1000).toFixed(0)} s`);
const percent = (share: number) => `${(100 * share).toFixed(0)} %`;

const columns: readonly Column[] = [
  { title: "method", value: ({ method }) => method.name },
  { title: "busiest group / mean", value: ({ summary }) => summary.imbalance.toFixed(2) },
  { title: "one idle, one overloaded", value: ({ summary }) => percent(summary.idleWhileOverloaded) },
  { title: "upload p50 ms", value: ({ summary }) => ms(summary.uploads.p50Ms) },
  { title: "upload p99 ms", value: ({ summary }) => ms(summary.uploads.p99Ms) },
  { title: "download p99 ms", value: ({ summary }) => ms(summary.downloads.p99Ms) },
  { title: "p99 ms while a disk is slow", value: ({ summary }) => ms(summary.whileOneIsSlow.p99Ms) },
  {
    title: "spread of disk usage",
    value: ({ summary }) => `${percent(summary.usageSpread.begin)} → ${percent(summary.usageSpread.end)}`,
  },
  { title: "rejected uploads", value: ({ summary }) => `${summary.rejected} of ${summary.uploaded}` },
];

export function studyTable(results: readonly StudyResult[]): string {
  const rows = [
    columns.map(({ title }) => title),
    columns.map(() => "---"),
    ...results.map((result) => columns.map(({ value }) => value(result))),
  ];
  return rows.map((row) => `| ${row.join(" | ")} |`).join("\n");
}

export function studyText(results: readonly StudyResult[], pictures: readonly Picture[], seed: number): string {
  const plans = groupPlans.map(
    ({ name, totalMib, usedShare }) => `${name} ${totalMib / 1000} GB, ${percent(usedShare)} used`,
  );
  return `# Study: C's scheduling and ours

Printed by \`npm run bench:scheduling -- --write\`, seed ${seed}. Modelled storages, real choices: the tracker's own records and
functions decide, on virtual time; \`src/scheduling/scenario.ts\` says what happens, \`storage-model.ts\` what a storage is.

## Result

${studyTable(results)}

- **busiest group / mean**: clients' tasks that are assigned and not finished, means of ten seconds, of the groups that take uploads;
  the mean over time. Aim: at most 1.25 where most free space is above 2.
- **one idle, one overloaded**: share of these ten seconds in which one group has less than a tenth of the mean and another more than
  twice as much. Aim: none.
- Latencies are without the time in which the client's own network has the bytes. Aim: with a slow disk at most half of C's p99.
- **spread of disk usage**: fullest minus emptiest group that takes uploads, at the beginning and at the end. It shrinks slowly by
  load: as long as there is much to do, the tasks are evened out first (\`disk_usage_weight\`).
- **rejected**: C's methods go on sending to a group that fills up until the next disk report. Ours counts what it has promised since.

${pictures.map(({ file, title }) => `## ${title}\n\n![${title}](${file})`).join("\n\n")}

## What is assumed

${results.map(({ method }) => `- ${method.name}: ${method.keys}.`).join("\n")}

${groupPlans.length} groups of ${MEMBERS} members: ${plans.join("; ")}. ${REQUESTS_PER_SECOND} requests per second, ${percent(UPLOAD_SHARE)} of them uploads,
1.8 times as many in the last ten seconds of each minute, for ${DURATION_MS / 60_000} minutes; files of 4 KiB to 16 MiB, most of them small; clients
with 5 MB/s. A storage serves six requests at a time, two of them copies from its peers; \`max_tasks_per_storage\` is ${TASKS_MAX}. Beats every 10 s,
disk reports every 60 s, load reports every 2 s.

${incidents.map(({ atMs, storage, what }) => `- ${atMs / 1000} s: ${storage} ${what}`).join("\n")}

A model shows how methods differ, not what a machine does: real processes are measured in \`packages/cli/test/scheduling\`.
`;
}
