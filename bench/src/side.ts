// One side of a comparison: a server and the load on it.
import { join } from "node:path";
import { generateLoad } from "./load/generate.ts";
import type { OperationName } from "./load/operations.ts";
import { cpuMicroseconds, peakMib, resetPeak } from "./process-usage.ts";
import type { ServerProcess } from "./servers/server-process.ts";
import { isInMemory } from "./working-folder.ts";

/** What is asked of both sides. */
export interface Workload {
  readonly operation: OperationName;
  readonly sizeBytes: number;
  /** Files that downloads read in turn. */
  readonly files: number;
}

/** Of one round, or medians of several. */
export interface RoundFigures {
  readonly opsPerSecond: number;
  readonly secondsPerOp: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Of the server process: all threads, user and kernel. */
  readonly cpuMicrosPerOp: number;
}

/** Such files are few per round. */
export const LARGE_BYTES = 1024 * 1024;
const PREPARING_CONNECTIONS = 8;

export class Side {
  private readonly server: ServerProcess;
  private readonly workload: Workload;
  private readonly idsFile: string;
  private readonly signal: AbortSignal;
  /**
   * Whether a round's uploads are deleted after it. On a disk that would make creating the files of the next round slow
   * (working-folder.ts), so there only large ones are, which would fill it.
   */
  private readonly deletes: boolean;

  /** `folder` takes the list of file ids; the server's files are on the same file system. */
  constructor(server: ServerProcess, workload: Workload, folder: string, signal: AbortSignal) {
    this.server = server;
    this.workload = workload;
    this.idsFile = join(folder, `ids-${server.pid}`);
    this.signal = signal;
    this.deletes = workload.sizeBytes >= LARGE_BYTES || isInMemory(folder);
  }

  /** Stores the files that downloads will read. */
  async prepare(): Promise<void> {
    if (this.workload.files > 0) await this.load("upload", this.workload.files, PREPARING_CONNECTIONS);
  }

  /** Runs `ops` exchanges and measures them. Throws if one fails. */
  async measure(ops: number, connections: number): Promise<RoundFigures> {
    const cpuBefore = cpuMicroseconds(this.server.pid);
    const report = await this.load(this.workload.operation, ops, connections);
    const cpu = cpuMicroseconds(this.server.pid) - cpuBefore;
    if (this.workload.operation === "upload" && this.deletes) await this.load("delete", ops, PREPARING_CONNECTIONS);
    return {
      opsPerSecond: report.ok / report.seconds,
      secondsPerOp: report.seconds / report.ok,
      p50Ms: report.p50_ms,
      p99Ms: report.p99_ms,
      maxMs: report.max_ms,
      cpuMicrosPerOp: cpu / report.ok,
    };
  }

  /** The most memory that the server had since `restartPeak`, in MiB. */
  get peakMib(): number {
    return peakMib(this.server.pid);
  }

  restartPeak(): void {
    resetPeak(this.server.pid);
  }

  private load(operation: OperationName, count: number, connections: number) {
    const { server, idsFile, signal } = this;
    const { sizeBytes } = this.workload;
    return generateLoad({ operation, address: server.address, sizeBytes, count, connections, idsFile }, signal);
  }
}
