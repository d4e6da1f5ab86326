// A server in the background, as fdfs_trackerd and fdfs_storaged of C do it: start, stop, restart and status by the pid
// file below base_path. The background process is the same program in its foreground form.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { errnoByCode, sleep, SystemError } from "@fastdfs-ts/runtime";

import { CommandFailure, exitCodes } from "../failure.ts";
import type { Context, ExitCode } from "../table/command-row.ts";
import { liveOwner } from "./pid-file.ts";
import { pidFileNames } from "./start-server.ts";

export interface Daemon {
  readonly kind: keyof typeof pidFileNames;
  /** Its configuration file, absolute. */
  readonly conf: string;
  readonly basePath: string;
}

export const daemonActions = ["start", "stop", "restart", "status"] as const;
export type DaemonAction = (typeof daemonActions)[number];

/** A storage waits for its tracker, perhaps for ever; whoever starts it does not. */
const startWaitMs = 10_000;
const stopWaitMs = 60_000;
const stopPollMs = 50;

const programPath = fileURLToPath(new URL("../../bin/fdfs.js", import.meta.url));

/** Throws CommandFailure if it does not work out. */
export async function controlDaemon(context: Context, daemon: Daemon, action: DaemonAction): Promise<ExitCode> {
  switch (action) {
    case "start":
      return start(context, daemon);
    case "stop":
      return stop(context, daemon);
    case "restart":
      await stop(context, daemon);
      return start(context, daemon);
    case "status":
      return status(context, daemon);
  }
}

/** For the foreground process: tells who started it that it serves. */
export function tellStarter(): void {
  if (process.send === undefined || !process.connected) return;
  process.send("ready", () => {
    if (process.connected) process.disconnect();
  });
}

async function start(context: Context, daemon: Daemon): Promise<ExitCode> {
  const { kind, conf, basePath } = daemon;
  const owner = ownerOf(daemon);
  if (owner !== undefined) {
    const cause = new SystemError("EEXIST", "open", pidPathOf(daemon));
    throw new CommandFailure(`the ${kind} of ${basePath} runs already, process ${owner}.`, { cause });
  }
  mkdirSync(join(basePath, "logs"), { recursive: true });
  // What it says before its log is open, and what Node.js itself has to say.
  const outPath = join(basePath, "logs", `${kind}.out`);
  const out = openSync(outPath, "w");
  const child = spawn(process.execPath, [...process.execArgv, programPath, kind, conf], {
    cwd: context.cwd,
    env: { ...context.env },
    detached: true,
    stdio: ["ignore", "ignore", out, "ipc"],
  });
  closeSync(out);
  const waiting = new AbortController();
  const { signal } = waiting;
  try {
    const ended = await Promise.race([
      once(child, "message", { signal }).then(() => undefined),
      once(child, "exit", { signal }).then(([code]) => (code as number | null) ?? exitCodes.failed),
      sleep(context.world.clock, startWaitMs, signal, context.signal).then(() => undefined),
    ]);
    if (ended === undefined) return exitCodes.ok;
    context.terminal.tell(readFileSync(outPath, "utf8").trimEnd());
    return ended;
  } finally {
    waiting.abort();
    if (child.connected) child.disconnect();
    child.unref();
  }
}

async function stop(context: Context, daemon: Daemon): Promise<ExitCode> {
  const { terminal, world, signal, isCTool } = context;
  const owner = ownerOf(daemon);
  if (owner === undefined) {
    terminal.tell(`fdfs: no ${daemon.kind} runs on ${daemon.basePath}: ${pidPathOf(daemon)} names no live process.`);
    return isCTool === true ? errnoByCode.ENOENT : exitCodes.failed;
  }
  process.kill(owner, "SIGTERM");
  terminal.tell(`waiting for process ${owner} to stop`);
  const deadlineMs = world.clock.monotonic() + stopWaitMs;
  while (ownerOf(daemon) === owner) {
    if (world.clock.monotonic() > deadlineMs) {
      throw new CommandFailure(
        `process ${owner} does not stop within ${stopWaitMs / 1000} seconds. Look into its log, or: kill -9 ${owner}`,
      );
    }
    await sleep(world.clock, stopPollMs, signal);
  }
  return exitCodes.ok;
}

function status({ terminal, isCTool }: Context, daemon: Daemon): ExitCode {
  const owner = ownerOf(daemon);
  terminal.print(owner === undefined ? "NOT running" : `Running, pid: ${owner}`);
  if (owner !== undefined) return exitCodes.ok;
  return isCTool === true ? errnoByCode.ENOENT : exitCodes.failed;
}

function ownerOf(daemon: Daemon): number | undefined {
  return liveOwner(pidPathOf(daemon));
}

function pidPathOf({ kind, basePath }: Daemon): string {
  return join(basePath, "data", pidFileNames[kind]);
}
