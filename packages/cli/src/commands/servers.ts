// tracker and storage: one server in the foreground, from its configuration file. systemd or nohup put it into the
// background.
import { once } from "node:events";
import { resolve } from "node:path";

import {
  type ConfigWarning,
  loadStorageConfig,
  loadTrackerConfig,
  printConfigProblem,
  ShutdownStack,
} from "@fastdfs-ts/runtime";

import { startStorage, startTracker } from "../server/start-server.ts";
import { command, type Context } from "../table/command-row.ts";
import { argument } from "../table/option-kinds.ts";
import type { Terminal } from "../terminal/terminal.ts";

export const trackerCommand = command({
  name: "tracker",
  group: "servers",
  summary: "run a tracker in the foreground",
  details: "Ctrl-C or SIGTERM stops it; a second one cuts what is still under way. Its log is below base_path.",
  examples: ["tracker /etc/fdfs/tracker.conf"],
  arguments: { conf: argument("CONF", "tracker.conf") },
  options: {},
  async run(context, input) {
    const { config, warnings } = loadTrackerConfig(context.world.disk, resolve(context.cwd, input.conf));
    tellWarnings(context.terminal, warnings);
    await using stack = new ShutdownStack();
    const { server, logPath } = await startTracker(context, config, stack);
    context.terminal.tell(`Tracker on port ${server.local.port}, log ${logPath}`);
    await untilAsked(context);
    return 0;
  },
});

export const storageCommand = command({
  name: "storage",
  group: "servers",
  summary: "run a storage in the foreground",
  details: "Ctrl-C or SIGTERM stops it; a second one cuts what is still under way. Its log is below base_path.",
  examples: ["storage /etc/fdfs/storage.conf"],
  arguments: { conf: argument("CONF", "storage.conf") },
  options: {},
  async run(context, input) {
    const { config, warnings } = loadStorageConfig(context.world.disk, resolve(context.cwd, input.conf));
    tellWarnings(context.terminal, warnings);
    await using stack = new ShutdownStack();
    const { server, logPath } = await startStorage(context, config, stack);
    const { groupName, storageId } = server.identity;
    context.terminal.tell(`Storage ${storageId} of ${groupName} on port ${server.local.port}, log ${logPath}`);
    await untilAsked(context);
    return 0;
  },
});

/** What is odd about a configuration, for the person who starts the server. */
export function tellWarnings(terminal: Terminal, warnings: readonly ConfigWarning[]): void {
  for (const warning of warnings) {
    if (warning.severity === "warning") terminal.tell(`fdfs: warning: ${printConfigProblem(warning)}`);
  }
}

/** Waits for Ctrl-C or SIGTERM. */
export async function untilAsked({ signal, terminal }: Context): Promise<void> {
  if (!signal.aborted) await once(signal, "abort");
  terminal.tell("Stopping. Press Ctrl-C again to cut what is still under way.");
}
