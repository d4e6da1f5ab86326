// `npm run bench -- [scenario …] [options]`: measures our servers against bare Node servers that do nothing but the
// same system calls, in one run. README.md says how to read the results.
import { appendFileSync, existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { codecTimings } from "./codec.ts";
import { compare, type Comparison } from "./compare.ts";
import { type Subject, subjects } from "./contestants.ts";
import { thisMachine } from "./machine.ts";
import { measureReplication, type ReplicationResult } from "./replication/replication.ts";
import { type Results, resultsText } from "./report.ts";
import { type ScenarioName, scenarioNames } from "./scenarios.ts";
import { soak, type SoakResult } from "./soak.ts";
import { measureTrackerScale, type ScaleResult } from "./tracker-scale/tracker-scale.ts";
import { inFolder } from "./working-folder.ts";

const RESULTS = fileURLToPath(new URL("../RESULTS.md", import.meta.url));
const EXTRAS = ["codec", "soak", "replication", "trackerScale"] as const;

const usage = `usage: npm run bench -- [scenario …] [options]

scenarios  ${[...scenarioNames, ...EXTRAS].join(", ")}
           without one: all but soak, replication and trackerScale
options    --connections 1,16   instead of the scenario's own
           --rounds N           rounds of each side (5)
           --seconds N          how long a round should take (1.5)
           --operations N       of soak (1000000)
           --files N            of replication (30000)
           --queries N          of a round of trackerScale (60000)
           --subject bare       compare the bare server with itself: shows the noise of this machine
           --json               results as JSON on standard output
           --write              append the results to bench/RESULTS.md
environment
           TMPDIR               where the servers keep their files, removed afterwards; without it /dev/shm if it has room
           FDFSLOAD             program to use as load generator (arguments: see src/load/main.ts)`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    connections: { type: "string" },
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "1.5" },
    operations: { type: "string", default: "1000000" },
    files: { type: "string", default: "30000" },
    queries: { type: "string", default: "60000" },
    subject: { type: "string", default: "ours" },
    json: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

if (values.help) {
  console.log(usage);
} else {
  const abort = new AbortController();
  process.once("SIGINT", () => abort.abort(new Error("interrupted")));
  process.once("SIGTERM", () => abort.abort(new Error("terminated")));
  try {
    const results = await runAll(abort.signal);
    if (values.json) console.log(JSON.stringify(results, undefined, 2));
    else console.log(resultsText(results));
    if (values.write) write(results);
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}

async function runAll(signal: AbortSignal): Promise<Results> {
  const chosen = positionals.length > 0 ? positionals : [...scenarioNames, "codec"];
  const unknown = chosen.find((name) => !isScenario(name) && !EXTRAS.some((extra) => extra === name));
  if (unknown !== undefined) throw new Error(`there is no scenario "${unknown}"\n${usage}`);
  const subject = parseSubject(values.subject);
  const comparisons: Comparison[] = [];
  for (const name of chosen.filter(isScenario)) {
    await inFolder(async (folder) => {
      const options = {
        subject,
        rounds: positive("rounds", values.rounds),
        roundSeconds: positive("seconds", values.seconds),
        connections: values.connections?.split(",").map((each) => positive("connections", each)),
        folder,
        signal,
      };
      for await (const comparison of compare(name, options)) {
        comparisons.push(comparison);
        note(`${name} at ${comparison.connections}: CPU × ${comparison.cpuRatio.toFixed(2)}`);
      }
    });
  }
  const soaked = chosen.includes("soak") ? await runSoak(subject, signal) : undefined;
  const replication = chosen.includes("replication") ? await runReplication(signal) : undefined;
  const trackerScale = chosen.includes("trackerScale") ? await runTrackerScale(signal) : [];
  return {
    command: ["npm run bench --", ...process.argv.slice(2)].join(" "),
    machine: thisMachine(),
    subject,
    comparisons,
    soak: soaked,
    replication,
    trackerScale,
    codec: chosen.includes("codec") ? codecTimings() : [],
  };
}

function runSoak(subject: Subject, signal: AbortSignal): Promise<SoakResult> {
  return inFolder((folder) =>
    soak({
      subject,
      operations: positive("operations", values.operations),
      folder,
      signal,
      onCycle: (done, ofAll, { liveMib }) =>
        note(`soak: ${done} of ${ofAll} operations, ${liveMib.toFixed(1)} MiB live`),
    }),
  );
}

function runReplication(signal: AbortSignal): Promise<ReplicationResult> {
  return inFolder((folder) =>
    measureReplication({
      files: positive("files", values.files),
      rounds: positive("rounds", values.rounds),
      folder,
      signal,
      note: (line) => note(`replication: ${line}`),
    }),
  );
}

function runTrackerScale(signal: AbortSignal): Promise<ScaleResult[]> {
  return inFolder((folder) =>
    measureTrackerScale({
      rounds: positive("rounds", values.rounds),
      queries: positive("queries", values.queries),
      folder,
      signal,
      note: (line) => note(`trackerScale: ${line}`),
    }),
  );
}

function isScenario(name: string): name is ScenarioName {
  return scenarioNames.some((each) => each === name);
}

function parseSubject(word: string): Subject {
  const subject = subjects.find((each) => each === word);
  if (subject === undefined) throw new Error(`--subject is one of ${subjects.join(", ")}`);
  return subject;
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} takes positive numbers, not "${text}"`);
  return value;
}

/** Progress goes beside the results, so that --json stays clean. */
function note(line: string): void {
  console.error(line);
}

function write(results: Results): void {
  if (!existsSync(RESULTS))
    appendFileSync(RESULTS, "# Results\n\nAppended by `npm run bench -- … --write`; newest last.\n");
  appendFileSync(RESULTS, `\n${resultsText(results)}`);
}
