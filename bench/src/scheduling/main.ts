// `npm run bench:scheduling`: runs every method through the scenario and prints the comparison; with --write it also renews
// the report and its pictures in bench/scheduling. Takes about a minute.
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { methods } from "./methods.ts";
import { drawPictures } from "./plots.ts";
import { runStudy } from "./run-study.ts";
import { studyTable, studyText } from "./study-report.ts";

const FOLDER = fileURLToPath(new URL("../../scheduling/", import.meta.url));

const usage = `usage: npm run bench:scheduling [-- options]

options    --seed N   another stream of chance (1)
           --json     the figures as JSON on standard output
           --write    renew bench/scheduling/README.md and its pictures`;

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    json: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

if (values.help) console.log(usage);
else if (!/^\d+$/.test(values.seed)) {
  console.error(`bench: --seed ${values.seed} is not a number\n${usage}`);
  process.exitCode = 2;
} else run(Number(values.seed));

function run(seed: number): void {
  const results = methods.map((method) => {
    console.error(`running: ${method.name}`);
    return runStudy(method, seed);
  });
  if (values.json) console.log(JSON.stringify(results.map(({ method, summary }) => ({ method, ...summary }))));
  else console.log(studyTable(results));
  if (!values.write) return;
  const pictures = drawPictures(results);
  mkdirSync(FOLDER, { recursive: true });
  for (const { file, svg } of pictures) writeFileSync(`${FOLDER}${file}`, svg);
  writeFileSync(`${FOLDER}README.md`, studyText(results, pictures, seed));
}
