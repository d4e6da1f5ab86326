// A server under measurement: a child process, ready when it answers, stopped by its own pid.
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
const HOST = "127.0.0.1";

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
  port: number,
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
  const address = { host: HOST, port };
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
  return ask({ host, port }, undefined);
}

/** Ready when this request is answered with status 0. */
export function answers(request: Buffer): (address: Address) => Promise<boolean> {
  return (address) => ask(address, request);
}

const STATUS_AT = 9;

function ask({ host, port }: Address, request: Buffer | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.once("error", () => resolve(false));
    socket.once("close", () => resolve(false));
    socket.once("connect", () => {
      if (request !== undefined) socket.write(request);
      else {
        resolve(true);
        socket.destroy();
      }
    });
    socket.once("data", (answer) => {
      resolve(answer[STATUS_AT] === 0);
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
