// Runs the load generator as a process: ours, or the external one that FDFSLOAD names (same arguments, same report). A
// cheap external one leaves more of the machine to the server.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Address } from "./load-connection.ts";
import type { OperationName } from "./operations.ts";
import type { LoadReport } from "./run-load.ts";

const OWN_MAIN = fileURLToPath(new URL("./main.js", import.meta.url));
/** A generator that takes longer hangs. */
const LOAD_MS = 10 * 60_000;
const run = promisify(execFile);

export interface Load {
  readonly operation: OperationName;
  readonly address: Address;
  readonly sizeBytes: number;
  readonly count: number;
  readonly connections: number;
  readonly idsFile: string;
}

export function externalGenerator(): string | undefined {
  const program = process.env.FDFSLOAD;
  return program === "" ? undefined : program;
}

/** Throws if an exchange failed: figures of a run with errors mean nothing. */
export async function generateLoad(load: Load, signal: AbortSignal): Promise<LoadReport> {
  const { operation, address, sizeBytes, count, connections, idsFile } = load;
  const args = [
    operation,
    operation === "query" || operation === "fetch" ? "--tracker" : "--storage",
    `${address.host}:${address.port}`,
    ...["--size", sizeBytes, "--count", count, "--conns", connections, "--ids", idsFile].map(String),
  ];
  // The external one does not know where files are.
  const external = operation === "fetch" ? undefined : externalGenerator();
  const [program, all] = external === undefined ? [process.execPath, [OWN_MAIN, ...args]] : [external, args];
  let output: string;
  try {
    output = (await run(program, all, { signal, timeout: LOAD_MS, maxBuffer: 1024 * 1024 })).stdout;
  } catch (error) {
    const { stdout } = error as { stdout?: string };
    if (!stdout?.startsWith("{")) throw error;
    output = stdout;
  }
  const report = JSON.parse(output) as LoadReport;
  if (report.errors > 0) {
    throw new Error(
      `${report.errors} of ${report.errors + report.ok} exchanges failed (${args.join(" ")}): ${report.first_error}`,
    );
  }
  return report;
}
