// Runs one scenario: bare server and subject in turn, several rounds, on the same machine in the same minutes.
import { startContestants, type Subject } from "./contestants.ts";
import { median, medianOfEach } from "./medians.ts";
import { type Scenario, type ScenarioName, scenarios } from "./scenarios.ts";
import { LARGE_BYTES, type RoundFigures, Side } from "./side.ts";

export interface RunOptions {
  readonly subject: Subject;
  readonly rounds: number;
  /** How long one round of one side should take. */
  readonly roundSeconds: number;
  /** Instead of the scenario's own. */
  readonly connections: readonly number[] | undefined;
  /** An empty directory. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** Medians of all rounds, and the peak of memory over them. */
export interface SideFigures extends RoundFigures {
  readonly peakMib: number;
}

/** One row of the results. */
export interface Comparison {
  readonly scenario: ScenarioName;
  readonly connections: number;
  readonly rounds: number;
  readonly opsPerRound: number;
  readonly bare: SideFigures;
  readonly subject: SideFigures;
  /** Subject / bare: medians of the ratios of each round, because a disturbance often hits both halves of one. */
  readonly cpuRatio: number;
  readonly secondsRatio: number;
  readonly aim: Scenario["aim"];
  readonly isReached: boolean;
}

/** Until the compiler has settled, and the speed is known. */
const WARM_UP_OPS = 3000;
const WARM_UP_OPS_LARGE = 2;
const ROUND_OPS_MIN = 4;

/** Yields one comparison per number of connections. Throws if any exchange fails. */
export async function* compare(name: ScenarioName, options: RunOptions): AsyncGenerator<Comparison> {
  const scenario: Scenario = scenarios[name];
  const kind = scenario.operation === "query" ? "tracker" : "storage";
  await using contestants = await startContestants(kind, options.subject, options.folder);
  const bare = new Side(contestants.bare, scenario, options.folder, options.signal);
  const subject = new Side(contestants.subject, scenario, options.folder, options.signal);
  await bare.prepare();
  await subject.prepare();
  for (const connections of options.connections ?? scenario.connections) {
    const opsPerRound = await warmUp(scenario, bare, subject, connections, options.roundSeconds);
    const measured = await measureInTurn(bare, subject, opsPerRound, connections, options.rounds);
    const { cpu, seconds = Infinity } = scenario.aim;
    yield {
      scenario: name,
      connections,
      rounds: options.rounds,
      opsPerRound,
      ...measured,
      aim: scenario.aim,
      isReached: measured.cpuRatio <= cpu && measured.secondsRatio <= seconds,
    };
  }
}

/** Returns how many exchanges the bare server manages in `seconds`, within the scenario's bound. */
async function warmUp(
  scenario: Scenario,
  bare: Side,
  subject: Side,
  connections: number,
  seconds: number,
): Promise<number> {
  const ops = scenario.sizeBytes < LARGE_BYTES ? WARM_UP_OPS : WARM_UP_OPS_LARGE;
  const { opsPerSecond } = await bare.measure(ops, connections);
  await subject.measure(ops, connections);
  return Math.min(scenario.roundOpsMax, Math.max(ROUND_OPS_MIN, Math.round(opsPerSecond * seconds)));
}

async function measureInTurn(bare: Side, subject: Side, ops: number, connections: number, rounds: number) {
  bare.restartPeak();
  subject.restartPeak();
  const ofBare: RoundFigures[] = [];
  const ofSubject: RoundFigures[] = [];
  for (let round = 0; round < rounds; round++) {
    ofBare.push(await bare.measure(ops, connections));
    ofSubject.push(await subject.measure(ops, connections));
  }
  const ratio = (key: keyof RoundFigures) => median(ofSubject.map((figures, i) => figures[key] / ofBare[i]![key]));
  return {
    bare: { ...medianOfEach(ofBare), peakMib: bare.peakMib },
    subject: { ...medianOfEach(ofSubject), peakMib: subject.peakMib },
    cpuRatio: ratio("cpuMicrosPerOp"),
    secondsRatio: ratio("secondsPerOp"),
  };
}
