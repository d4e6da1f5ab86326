// What is measured, and what we aim at (docs/ARCHITECTURE.md, the hot path). One row per scenario.
import type { OperationName } from "./load/operations.ts";

const KIB = 1024;
const MIB = 1024 * 1024;

export interface Scenario {
  readonly operation: Exclude<OperationName, "delete" | "fetch">;
  readonly sizeBytes: number;
  readonly connections: readonly number[];
  /** Files that downloads read in turn. */
  readonly files: number;
  /** Largest number of exchanges in one round: it bounds the disk space in use. */
  readonly roundOpsMax: number;
  /** Our cost at most, as a multiple of the bare server's. */
  readonly aim: { readonly cpu: number; readonly seconds?: number };
}

export const scenarios = {
  upload5k: {
    operation: "upload",
    sizeBytes: 5 * KIB,
    connections: [1, 16, 64],
    files: 0,
    roundOpsMax: 25_000,
    aim: { cpu: 1.3 },
  },
  download5k: {
    operation: "download",
    sizeBytes: 5 * KIB,
    connections: [1, 16, 64],
    files: 5000,
    roundOpsMax: 100_000,
    aim: { cpu: 1.3 },
  },
  upload100m: {
    operation: "upload",
    sizeBytes: 100 * MIB,
    connections: [1],
    files: 0,
    roundOpsMax: 10,
    aim: { cpu: 1.3, seconds: 1.2 },
  },
  download100m: {
    operation: "download",
    sizeBytes: 100 * MIB,
    connections: [1],
    files: 3,
    roundOpsMax: 30,
    aim: { cpu: 1.3, seconds: 1.2 },
  },
  trackerQuery: {
    operation: "query",
    sizeBytes: 0,
    connections: [1, 16, 64],
    files: 0,
    roundOpsMax: 200_000,
    aim: { cpu: 1.5 },
  },
} as const satisfies Record<string, Scenario>;

export type ScenarioName = keyof typeof scenarios;
export const scenarioNames = Object.keys(scenarios) as ScenarioName[];
