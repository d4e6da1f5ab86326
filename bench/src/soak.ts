// A million small uploads, downloads and deletes in cycles, with new connections for each step: does the memory of the
// server stay flat? The bare server runs the same cycles beside it.
import { join } from "node:path";
import { startContestants, type Subject } from "./contestants.ts";
import { generateLoad } from "./load/generate.ts";
import { median } from "./medians.ts";
import { peakMib, residentMib } from "./process-usage.ts";
import type { ServerProcess } from "./servers/server-process.ts";

const SIZE_BYTES = 5 * 1024;
const FILES_PER_CYCLE = 20_000;
const STEPS = ["upload", "download", "delete"] as const;
const CONNECTIONS = 16;
/** Memory grows while code is compiled and the heap finds its size; the first cycles say nothing. */
const SETTLING_SHARE = 0.25;

export interface SoakSide {
  /** Resident memory after each cycle, in MiB. */
  readonly samplesMib: readonly number[];
  readonly peakMib: number;
  /** Medians of the first and the last third of the settled samples. */
  readonly earlyMib: number;
  readonly lateMib: number;
}

export interface SoakResult {
  readonly operations: number;
  readonly bare: SoakSide;
  readonly subject: SoakSide;
  /** The subject's late memory is at most `GROWTH_MAX` above its early one. */
  readonly isFlat: boolean;
}

export const GROWTH_MAX = 1.1;

export interface SoakOptions {
  readonly subject: Subject;
  /** Rounded up to whole cycles. */
  readonly operations: number;
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onCycle: (done: number, ofAll: number, subjectMib: number) => void;
}

/** Throws if any exchange fails. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  await using contestants = await startContestants("storage", options.subject, options.folder);
  const servers = [contestants.bare, contestants.subject] as const;
  const samples: readonly [number[], number[]] = [[], []];
  const perCycle = FILES_PER_CYCLE * STEPS.length;
  const cycles = Math.max(MIN_CYCLES, Math.ceil(options.operations / perCycle));
  for (let cycle = 1; cycle <= cycles; cycle++) {
    for (const [i, server] of servers.entries()) {
      await runCycle(server, options);
      samples[i]!.push(residentMib(server.pid));
    }
    options.onCycle(cycle * perCycle, cycles * perCycle, samples[1].at(-1)!);
  }
  const bare = soakSide(contestants.bare, samples[0]);
  const subject = soakSide(contestants.subject, samples[1]);
  return { operations: cycles * perCycle, bare, subject, isFlat: subject.lateMib <= subject.earlyMib * GROWTH_MAX };
}

/** Fewer would leave nothing to compare. */
const MIN_CYCLES = 4;

async function runCycle(server: ServerProcess, { folder, signal }: SoakOptions): Promise<void> {
  const idsFile = join(folder, `ids-${server.pid}`);
  const load = {
    address: server.address,
    sizeBytes: SIZE_BYTES,
    count: FILES_PER_CYCLE,
    connections: CONNECTIONS,
    idsFile,
  };
  for (const operation of STEPS) await generateLoad({ ...load, operation }, signal);
}

function soakSide(server: ServerProcess, samplesMib: readonly number[]): SoakSide {
  const settled = samplesMib.slice(Math.floor(samplesMib.length * SETTLING_SHARE));
  const third = Math.ceil(settled.length / 3);
  return {
    samplesMib,
    peakMib: peakMib(server.pid),
    earlyMib: median(settled.slice(0, third)),
    lateMib: median(settled.slice(-third)),
  };
}
