// What replication costs: uploads to a member alone and to a pair by turns. Both clusters are up all the time, and turns are
// short: what the machine does to one, it does to the other.
import { medianOfEach } from "../medians.ts";
import type { ClusterUploads } from "./cluster-uploads.ts";

const TURNS = 10;

interface CpuOfRound {
  readonly aloneMicrosPerFile: number;
  /** Both members together. */
  readonly pairMicrosPerFile: number;
  /** The pair's by that of the one alone. */
  readonly times: number;
}

export interface CpuResult extends CpuOfRound {
  readonly timesOfRounds: readonly number[];
}

export interface CpuOptions {
  /** Of a round, for each side. */
  readonly files: number;
  readonly rounds: number;
  readonly note: (line: string) => void;
}

/** Medians of the rounds. One round before them is for the compiler, and does not count. */
export async function cpuByTurns(alone: ClusterUploads, pair: ClusterUploads, options: CpuOptions): Promise<CpuResult> {
  await measureRound(alone, pair, options.files);
  const rounds: CpuOfRound[] = [];
  for (let number = 1; number <= options.rounds; number++) {
    const round = await measureRound(alone, pair, options.files);
    rounds.push(round);
    const [aloneMicros, pairMicros] = [round.aloneMicrosPerFile, round.pairMicrosPerFile].map((us) => us.toFixed(1));
    options.note(
      `round ${number}: CPU × ${round.times.toFixed(2)}, ${aloneMicros} µs per file alone, ${pairMicros} both members`,
    );
  }
  return { ...medianOfEach(rounds), timesOfRounds: rounds.map(({ times }) => times) };
}

async function measureRound(alone: ClusterUploads, pair: ClusterUploads, files: number): Promise<CpuOfRound> {
  const ofTurn = Math.ceil(files / TURNS);
  let [aloneMicros, pairMicros] = [0, 0];
  for (let turn = 0; turn < TURNS; turn++) {
    aloneMicros += await costOf(alone, ofTurn);
    pairMicros += await costOf(pair, ofTurn);
  }
  return {
    aloneMicrosPerFile: aloneMicros / (ofTurn * TURNS),
    pairMicrosPerFile: pairMicros / (ofTurn * TURNS),
    times: pairMicros / aloneMicros,
  };
}

async function costOf(side: ClusterUploads, files: number): Promise<number> {
  const before = side.cpuMicros();
  await side.upload(files);
  return side.cpuMicros() - before;
}
