// `npm run simulate`: tells stories by seed, and says which promises did not hold.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { HostCrashed } from "./life.ts";
import { faultKinds } from "./story/faults.ts";
import { runStory, type StoryResult } from "./story/story.ts";

const help = `Simulated clusters: real trackers, storages and clients in one process on virtual time, with faults drawn from a seed.

  npm run simulate -- --seed 17          one story with its faults
  npm run simulate -- --seeds 1..200     many; those that fail are shown with the end of their trace

  --minutes M    how long faults come and go, in minutes of virtual time (default 2)
  --jobs N       processes at a time (default 2)
  --every N      only each Nth seed of the range
  --trace N      lines of the trace that are shown of a failed story (default 40)
  --without TEXT no faults with this text in their names
  --about TEXT   only lines of the trace with this text, of any story
  --brief        of stories without complaints, only how many
  --json         one line of JSON per story instead of text
  --help

Exit code: 0 if all promises held, 1 if not, 2 for wrong arguments.`;

interface Arguments {
  readonly from: number;
  readonly to: number;
  readonly every: number;
  readonly minutes: number;
  readonly jobs: number;
  readonly traceLines: number;
  readonly without: string | undefined;
  readonly about: string | undefined;
  readonly isJson: boolean;
  readonly isBrief: boolean;
}

/** Lines of the trace that hide the others: every piece of every connection, the probes of disks. */
const tellsLittle = / bytes arrive$|\/\d+\.probe/;

interface Report extends StoryResult {
  /** What it took, in seconds. */
  readonly seconds: number;
}

/** So often a brief run says how far it is. */
const PROGRESS_STORIES = 50;

process.exitCode = await main();

async function main(): Promise<number> {
  const args = readArguments();
  if (typeof args === "string") {
    console.log(args);
    return args === help ? 0 : 2;
  }
  const startedMs = Date.now();
  const failed: number[] = [];
  let count = 0;
  await runAll(args, (report) => {
    count++;
    if (report.complaints.length > 0) failed.push(Number(report.seed));
    if (args.isJson) console.log(JSON.stringify(report));
    else if (!args.isBrief || report.complaints.length > 0) show(report, args);
    else if (count % PROGRESS_STORIES === 0) console.log(`${count} stories`);
  });
  const seconds = ((Date.now() - startedMs) / 1000).toFixed(1);
  if (!args.isJson) {
    const verdict = failed.length === 0 ? "all promises held" : `failed: ${failed.sort((a, b) => a - b).join(" ")}`;
    console.log(`${count} stories in ${seconds} s, ${verdict}`);
  }
  return failed.length === 0 ? 0 : 1;
}

function parsedOptions() {
  return parseArgs({
    options: {
      seed: { type: "string" },
      seeds: { type: "string" },
      minutes: { type: "string", default: "2" },
      jobs: { type: "string", default: "2" },
      every: { type: "string", default: "1" },
      trace: { type: "string", default: "40" },
      without: { type: "string" },
      about: { type: "string" },
      json: { type: "boolean", default: false },
      brief: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  }).values;
}

function readArguments(): Arguments | string {
  let values: ReturnType<typeof parsedOptions>;
  try {
    values = parsedOptions();
  } catch (error) {
    return `${(error as Error).message}\n\n${help}`;
  }
  if (values.help) return help;
  const [, from, to] = /^(\d+)(?:\.\.(\d+))?$/.exec(values.seed ?? values.seeds ?? "") ?? [];
  if (from === undefined) return `Name --seed N or --seeds A..B.\n\n${help}`;
  const numbers = { minutes: Number(values.minutes), jobs: Number(values.jobs), every: Number(values.every) };
  if (!Object.values(numbers).every((number) => number > 0)) return `--minutes, --jobs, --every: numbers.\n\n${help}`;
  const range = { from: Number(from), to: Number(to ?? from) };
  return {
    ...range,
    ...numbers,
    traceLines: Number(values.trace),
    without: values.without,
    about: values.about,
    isJson: values.json,
    isBrief: values.brief,
  };
}

/** Tells stories in processes of their own, `jobs` at a time. */
async function runAll(args: Arguments, onReport: (report: Report) => void): Promise<void> {
  const { from, to, every, jobs } = args;
  if (jobs === 1 || from === to) {
    for (let seed = from; seed <= to; seed += every) onReport(await runHere(seed, args));
    return;
  }
  await Promise.all(Array.from({ length: jobs }, (_, job) => runChild(job, args, onReport)));
}

async function runHere(seed: number, { minutes, traceLines, without, about }: Arguments): Promise<Report> {
  const unhandled: string[] = [];
  const onUnhandled = (reason: unknown) => {
    // The code of a process that was killed in the simulation is still here, and may well end badly.
    if (!(reason instanceof HostCrashed)) unhandled.push(reason instanceof Error ? reason.stack! : String(reason));
  };
  process.on("unhandledRejection", onUnhandled);
  const startedMs = Date.now();
  const result = await runStory({
    seed,
    minutes,
    faults: faultKinds.filter(({ name }) => without === undefined || !name.includes(without)),
  });
  process.off("unhandledRejection", onUnhandled);
  const complaints = [...result.complaints, ...unhandled.map((stack) => `no unhandled rejection: ${stack}`)];
  const isTold = (line: string) => (about === undefined ? !tellsLittle.test(line) : line.includes(about));
  const told = complaints.length === 0 && about === undefined ? [] : result.trace.filter(isTold);
  const trace = told.slice(Math.max(0, told.length - traceLines));
  return { ...result, complaints, trace, seconds: (Date.now() - startedMs) / 1000 };
}

function runChild(job: number, args: Arguments, onReport: (report: Report) => void): Promise<void> {
  const { from, to, every, jobs, minutes, traceLines, without, about } = args;
  const first = from + job * every;
  if (first > to) return Promise.resolve();
  const options = {
    ...(about === undefined ? {} : { about }),
    ...(without === undefined ? {} : { without }),
    seeds: `${first}..${to}`,
    every: every * jobs,
    jobs: 1,
    minutes,
    trace: traceLines,
  };
  const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), "--json", ...words], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  createInterface(child.stdout).on("line", (line) => onReport(JSON.parse(line) as Report));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0 || code === 1) resolve();
      else reject(new Error(`the job for seeds from ${first} ended with ${String(code)}`));
    });
  });
}

function show(report: Report, { minutes, without, from, to }: Arguments): void {
  const { seed, complaints, shape, faults, files, calls, failedCalls, events, virtualMinutes, seconds } = report;
  const cluster = `${shape.trackers} trackers, groups of ${shape.groups.join(" and ")}, ${shape.usesIds ? "ids" : "addresses"}`;
  const facts = `${virtualMinutes.toFixed(1)} min, ${files} files, ${failedCalls} of ${calls} calls failed, ${events} events`;
  const verdict = complaints.length === 0 ? "ok" : "FAILED";
  console.log(`seed ${seed} ${verdict}: ${cluster}; ${facts}; ${seconds.toFixed(1)} s; ${report.fingerprint}`);
  if (from === to || complaints.length > 0) for (const fault of faults) console.log(`  ${fault}`);
  for (const line of report.trace) console.log(`  | ${line}`);
  if (complaints.length === 0) return;
  for (const line of [...report.evidence, ...complaints]) console.log(`  ${line}`);
  console.log(
    `  again: npm run simulate -- --seed ${seed} --minutes ${minutes}${without === undefined ? "" : ` --without "${without}"`}`,
  );
}
