// One run of the load generator: so many exchanges over so many connections, as fast as the answers come.
import { LatencyHistogram } from "./latency-histogram.ts";
import { type Address, LoadConnection } from "./load-connection.ts";
import { type LoadFiles, type OperationName, operationMaker } from "./operations.ts";

export interface LoadOptions {
  readonly operation: OperationName;
  readonly address: Address;
  readonly count: number;
  readonly connections: number;
}

/** Names and units are those of the external generator that FDFSLOAD may name. */
export interface LoadReport {
  readonly op: string;
  readonly size: number;
  readonly conns: number;
  readonly ok: number;
  readonly errors: number;
  readonly seconds: number;
  readonly ops_s: number;
  readonly mb_s: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
  readonly client_cpu_us_per_op: number;
  readonly first_error: string;
}

/** Resolves when all exchanges have ended, well or not. Rejects if the server cannot be reached. */
export async function runLoad(options: LoadOptions, files: LoadFiles): Promise<LoadReport> {
  const { count, connections } = options;
  const makeOperation = operationMaker(options.operation, files);
  const latencies = new LatencyHistogram();
  let taken = 0;
  let errors = 0;
  let firstError = "";
  let bytes = 0;
  const cpuBefore = process.cpuUsage();
  const startedMs = performance.now();
  await new Promise<void>((resolve, reject) => {
    let open = Math.min(connections, count);
    const run = {
      address: options.address,
      take: () => (taken < count ? taken++ : undefined),
      succeeded(milliseconds: number, bodyBytes: number) {
        latencies.record(milliseconds);
        bytes += options.operation === "upload" ? files.payload.length : bodyBytes;
      },
      failed(reason: string) {
        errors++;
        if (firstError === "") firstError = reason;
      },
      unreachable: reject,
      finished() {
        if (--open === 0) resolve();
      },
    };
    if (open === 0) resolve();
    for (let n = open; n > 0; n--) new LoadConnection(run, makeOperation()).open();
  });
  const seconds = (performance.now() - startedMs) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  const ok = latencies.count;
  return {
    op: options.operation,
    size: files.payload.length,
    conns: connections,
    ok,
    errors,
    seconds,
    ops_s: ok / seconds,
    mb_s: bytes / seconds / 1e6,
    p50_ms: latencies.quantileMs(0.5),
    p99_ms: latencies.quantileMs(0.99),
    max_ms: latencies.maxMs,
    client_cpu_us_per_op: ok === 0 ? 0 : (cpu.user + cpu.system) / ok,
    first_error: firstError,
  };
}
