// A million small uploads, downloads and deletes in cycles, with new connections for each step: does the memory of the
// server stay flat? The bare server runs the same cycles beside it.
import { join } from "node:path";
import { startContestants, type Subject } from "./contestants.ts";
import { generateLoad } from "./load/generate.ts";
import { medianOfEach } from "./medians.ts";
import { peakMib } from "./process-usage.ts";
import type { MemorySample } from "./servers/memory-probe.ts";
import type { ServerProcess } from "./servers/server-process.ts";

const SIZE_BYTES = 5 * 1024;
const FILES_PER_CYCLE = 20_000;
const STEPS = ["upload", "download", "delete"] as const;
const CONNECTIONS = 16;
/** While code is compiled and caches fill, memory grows; the first cycles say nothing. */
const SETTLING_SHARE = 0.25;
/** Fewer would leave nothing to compare. */
const CYCLES_MIN = 4;
/** Between the first and the last third of a million operations this is less than ten bytes per operation. */
export const GROWTH_MAX_MIB = 4;

interface SoakSide {
  /** One after each cycle, garbage collected. */
  readonly samples: readonly MemorySample[];
  /** Medians of the first and of the last third of the settled samples. */
  readonly early: MemorySample;
  readonly late: MemorySample;
  /** The most that was ever resident. */
  readonly peakMib: number;
}

export interface SoakResult {
  readonly operations: number;
  readonly bare: SoakSide;
  readonly subject: SoakSide;
  /** The subject's live memory grew by at most `GROWTH_MAX_MIB`. */
  readonly isFlat: boolean;
}

export interface SoakOptions {
  readonly subject: Subject;
  /** Rounded up to whole cycles. */
  readonly operations: number;
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onCycle: (done: number, ofAll: number, subject: MemorySample) => void;
}

/** Throws if any exchange fails. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  await using contestants = await startContestants("storage", options.subject, options.folder);
  const servers = [contestants.bare, contestants.subject] as const;
  const samples: readonly [MemorySample[], MemorySample[]] = [[], []];
  const perCycle = FILES_PER_CYCLE * STEPS.length;
  const cycles = Math.max(CYCLES_MIN, Math.ceil(options.operations / perCycle));
  for (let cycle = 1; cycle <= cycles; cycle++) {
    for (const [i, server] of servers.entries()) {
      await runCycle(server, options);
      samples[i]!.push(await server.sampleMemory());
    }
    options.onCycle(cycle * perCycle, cycles * perCycle, samples[1].at(-1)!);
  }
  const bare = soakSide(contestants.bare, samples[0]);
  const subject = soakSide(contestants.subject, samples[1]);
  const isFlat = subject.late.liveMib - subject.early.liveMib <= GROWTH_MAX_MIB;
  return { operations: cycles * perCycle, bare, subject, isFlat };
}

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

function soakSide(server: ServerProcess, samples: readonly MemorySample[]): SoakSide {
  const settled = samples.slice(Math.floor(samples.length * SETTLING_SHARE));
  const third = Math.ceil(settled.length / 3);
  return {
    samples,
    early: medianOfEach(settled.slice(0, third)),
    late: medianOfEach(settled.slice(-third)),
    peakMib: peakMib(server.pid),
  };
}
