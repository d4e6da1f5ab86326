// A server under measurement: a child process, ready when it answers, stopped by its own pid.
import { frameStatus, HEADER_BYTES } from "@fastdfs-ts/protocol";
import { type ChildProcess, spawn } from "node:child_process";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Address } from "../load/load-connection.ts";
import type { MemorySample } from "./memory-probe.ts";

const MEMORY_PROBE = new URL("./memory-probe.js", import.meta.url).href;
const READY_MS = 60_000;
const READY_POLL_MS = 50;
const STOP_MS = 10_000;
const KEPT_ERROR_CHARS = 4000;

export interface ServerProcess {
  readonly pid: number;
  readonly address: Address;
  /** Collects garbage and measures what is left. */
  sampleMemory(): Promise<MemorySample>;
  /** SIGTERM, and SIGKILL if that does not help. Resolves when the process is gone. */
  stop(): Promise<void>;
}

/**
 * Starts `node ARGS` and waits until `isReady` says yes for its address. Throws with the end of its error output if it
 * ends before, or is not ready after a minute.
 */
export async function startServer(
  args: readonly string[],
  address: Address,
  isReady: (address: Address) => Promise<boolean>,
): Promise<ServerProcess> {
  const child = spawn(process.execPath, ["--expose-gc", "--import", MEMORY_PROBE, ...args], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  let output = "";
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-KEPT_ERROR_CHARS);
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  const deadline = performance.now() + READY_MS;
  while (!(await isReady(address))) {
    const hasEnded = child.exitCode !== null || child.signalCode !== null;
    if (hasEnded || performance.now() > deadline) {
      await stopChild(child);
      throw new Error(
        `node ${args.join(" ")}: ${hasEnded ? "ended" : "not ready in time"}. Its last words:\n${output}`,
      );
    }
    await sleep(READY_POLL_MS);
  }
  return { pid: child.pid!, address, sampleMemory: () => sampleMemory(child), stop: () => stopChild(child) };
}

/** Ready when the port accepts a connection. */
export function isListening({ host, port }: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.once("error", () => resolve(false));
    socket.once("connect", () => {
      resolve(true);
      socket.destroy();
    });
  });
}

/** The body of an answer with status 0 that comes in one piece; `undefined` for any other answer, and for none. */
export function ask({ host, port }: Address, request: Buffer): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, host, () => socket.write(request));
    socket.once("error", () => resolve(undefined));
    socket.once("close", () => resolve(undefined));
    socket.once("data", (answer) => {
      resolve(frameStatus(answer) === 0 ? answer.subarray(HEADER_BYTES) : undefined);
      socket.destroy();
    });
  });
}

function sampleMemory(child: ChildProcess): Promise<MemorySample> {
  return new Promise((resolve, reject) => {
    child.once("message", (sample) => resolve(sample as MemorySample));
    child.send("sample", (error) => {
      if (error !== null) reject(error);
    });
  });
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const force = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  await gone;
  clearTimeout(force);
}
