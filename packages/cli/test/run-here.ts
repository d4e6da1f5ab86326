// Runs a command line inside the test process.
import { nodeWorld } from "@fastdfs-ts/runtime/node";

import { run } from "../src/program.ts";
import { recordingTerminal } from "./recording-terminal.ts";

export interface RunResult {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

export async function runHere(
  words: readonly string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<RunResult> {
  const terminal = recordingTerminal();
  const hangups = { listen: () => ({ [Symbol.dispose]() {} }) };
  const context = { terminal, world: nodeWorld(), env, cwd, signal: new AbortController().signal, hangups };
  const exitCode = await run(["fdfs", ...words], context);
  return { exitCode, out: terminal.out(), err: terminal.err() };
}
