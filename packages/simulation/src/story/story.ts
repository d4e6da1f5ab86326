// One story: a cluster drawn from the seed, clients that work, faults that come and go; then everything is whole again,
// and after some time all promises must hold.
import { checkersAlways, checkersSettled } from "../checkers/all.ts";
import { complaintsOf } from "../checkers/checker.ts";
import { LogWatch } from "../checkers/log-watch.ts";
import { quietComplaints } from "../checkers/quiet.ts";
import { SimCluster } from "../sim-cluster.ts";
import { Prng } from "../prng.ts";
import { evidence } from "./evidence.ts";
import { FaultSchedule } from "./fault-schedule.ts";
import { type FaultKind, faultKinds } from "./faults.ts";
import { Ledger } from "./ledger.ts";
import { Losses } from "./losses.ts";
import type { StoryStage } from "./stage.ts";
import { drawShape, type StoryShape } from "./story-shape.ts";
import { work } from "./workload.ts";

export interface StoryOptions {
  readonly seed: number | string;
  /** How long faults come and go, in minutes of virtual time. */
  readonly minutes: number;
  /** Default: all. */
  readonly faults?: readonly FaultKind[];
  /** What is not drawn from the seed. */
  readonly shape?: Partial<StoryShape>;
}

export interface StoryResult {
  readonly seed: number | string;
  /** What does not hold; empty if all is well. */
  readonly complaints: readonly string[];
  /** Equal for equal runs. */
  readonly fingerprint: string;
  readonly shape: StoryShape;
  readonly faults: readonly string[];
  readonly files: number;
  readonly calls: number;
  readonly failedCalls: number;
  readonly events: number;
  readonly virtualMinutes: number;
  /** What the logs of the members say about the files in the complaints. */
  readonly evidence: readonly string[];
  /** The last lines of the trace. */
  readonly trace: readonly string[];
}

/** Time for a start in which every fault has ended. */
const startLimitMs = 300_000;
/** No faults at first: that a disk loses the set-up of its member is not what stories are about. */
const quietStartMs = 20_000;
/** After the last fault all promises must hold within so long: back-offs, joins, repairs and what is left to replicate. */
const settleLimitMs = 600_000;
const checkEveryMs = 5000;
const clients = 3;

export async function runStory(options: StoryOptions): Promise<StoryResult> {
  const random = Prng.fromSeed(options.seed).fork("story");
  const shape: StoryShape = { ...drawShape(random), ...options.shape };
  const cluster = SimCluster.create({ seed: options.seed, ...shape });
  const { world } = cluster;
  const ledger = new Ledger();
  const losses = new Losses(cluster, ledger);
  const stage: StoryStage = { cluster, ledger, losses, random, busy: new Set() };
  const logs = new LogWatch(cluster);
  const schedule = new FaultSchedule(stage, options.faults ?? faultKinds);
  const complaints = new Set<string>();
  const note = (found: readonly string[]) => found.forEach((complaint) => complaints.add(complaint));
  let results: Awaited<ReturnType<typeof work>>[] = [];

  for (const process of cluster.processes) world.after(random.below(3000), () => process.start());
  try {
    await cluster.untilInService(startLimitMs);
    let isOver = false;
    const working = Promise.all(
      Array.from({ length: clients }, (_, index) =>
        work(cluster, random.fork(`client ${index}`), ledger, () => isOver),
      ),
    );
    await world.runFor(quietStartMs);
    schedule.begin();
    const endMs = world.nowMs + options.minutes * 60_000;
    while (world.nowMs < endMs) {
      await world.runFor(checkEveryMs);
      note(complaintsOf(checkersAlways, stage));
    }
    schedule.end();
    isOver = true;
    results = await world.run(working);
    note(results.flatMap((result) => result.complaints));
    note(await settle(stage));
    note(complaintsOf(checkersAlways, stage));
    if (complaints.size === 0) note(await quietComplaints(stage, logs));
  } catch (error) {
    note([`the story goes on: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`]);
  }
  note(logs.complaints);
  return {
    seed: options.seed,
    complaints: [...complaints],
    fingerprint: world.trace.fingerprint,
    shape,
    faults: schedule.history,
    files: ledger.size,
    calls: results.reduce((sum, { calls }) => sum + calls, 0),
    failedCalls: results.reduce((sum, { failures }) => sum + failures, 0),
    events: world.events,
    virtualMinutes: world.nowMs / 60_000,
    evidence: evidence(cluster, complaints),
    trace: world.trace.lines,
  };
}

/** Lets time pass until everything that must hold at last does. */
async function settle(stage: StoryStage): Promise<string[]> {
  const { world } = stage.cluster;
  const limitMs = world.nowMs + settleLimitMs;
  for (;;) {
    const unsettled = firstComplaints(stage);
    if (unsettled.length === 0 || world.nowMs > limitMs) return unsettled;
    await world.runFor(checkEveryMs);
  }
}

/** Those of the first promise that does not hold. */
function firstComplaints(stage: StoryStage): string[] {
  for (const checker of checkersSettled) {
    const complaints = complaintsOf([checker], stage);
    if (complaints.length > 0) return complaints;
  }
  return [];
}
