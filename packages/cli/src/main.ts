// The process of the fdfs command: its streams, signals and exit code. Everything else receives them.
import { setMaxListeners } from "node:events";
import { basename } from "node:path";

import { HangupSignal, nodeWorld, onShutdownSignal } from "@fastdfs-ts/runtime/node";

import { exitCodes } from "./failure.ts";
import { run } from "./program.ts";
import { processTerminal } from "./terminal/terminal.ts";

const LONG_MS = 2 ** 30;

/** Runs the command line of this process and sets its exit code. */
export async function main(): Promise<void> {
  // A reader that has seen enough ("fdfs monitor | head") is not an error worth a stack trace.
  process.stdout.on("error", onOutputError);
  process.stderr.on("error", onOutputError);
  const asked = new AbortController();
  // Every operation under way listens to it.
  setMaxListeners(0, asked.signal);
  // The ports' timers and workers do not keep a process alive; a command that waits for one of them is not done yet.
  const alive = setInterval(() => {}, LONG_MS);
  const hangups = new HangupSignal(() => asked.abort(new Error("the terminal is gone")));
  const stopListening = onShutdownSignal((signal) => asked.abort(new Error(signal)));
  try {
    process.exitCode = await run([basename(process.argv[1] ?? "fdfs"), ...process.argv.slice(2)], {
      terminal: processTerminal(process),
      world: nodeWorld(),
      env: process.env,
      cwd: process.cwd(),
      signal: asked.signal,
      hangups,
    });
  } finally {
    clearInterval(alive);
    stopListening();
  }
  // Everything is closed. Node aborts when it leaves a terminal that is gone; the signal, which nobody hears now, does not.
  if (hangups.isTerminalGone) process.kill(process.pid, "SIGHUP");
}

function onOutputError(error: NodeJS.ErrnoException): void {
  // The terminal is gone: what is still said while everything is closed is for nobody.
  if (error.code === "EIO") return;
  if (error.code !== "EPIPE") throw error;
  process.exit(exitCodes.pipeClosed);
}
