// tracker and storage: one server from its configuration file, in the foreground, or in the background with start, stop,
// restart and status.
import { once } from "node:events";
import { resolve } from "node:path";

import {
  type ConfigWarning,
  loadStorageConfig,
  printConfigProblem,
  ShutdownStack,
  type StorageConfig,
  TrackerConfigFile,
} from "@fastdfs-ts/runtime";
import { rejoinAsNew } from "@fastdfs-ts/storage";

import { UsageFailure } from "../failure.ts";
import { controlDaemon, type Daemon, type DaemonAction, daemonActions, tellStarter } from "../server/daemon.ts";
import { requireStopped, startStorage, startTracker } from "../server/start-server.ts";
import { command, type Context, type ExitCode } from "../table/command-row.ts";
import { argument, flag, optionalArgument } from "../table/option-kinds.ts";
import type { Terminal } from "../terminal/terminal.ts";

const serverDetails =
  "In the foreground, until Ctrl-C or SIGTERM; a second one cuts what is still under way. Its log is below base_path. " +
  "With an action it runs in the background: start, stop, restart, or status, which tells its process.";
const reloadDetails = " `fdfs reload` and SIGHUP make it read its configuration again.";

const actionArgument = optionalArgument("ACTION", `${daemonActions.join(", ")}; without it, in the foreground`);

export const trackerCommand = command({
  name: "tracker",
  group: "servers",
  summary: "run a tracker",
  details: serverDetails + reloadDetails,
  examples: ["tracker /etc/fdfs/tracker.conf", "tracker /etc/fdfs/tracker.conf restart"],
  arguments: { conf: argument("CONF", "tracker.conf"), action: actionArgument },
  options: {},
  async run(context, input) {
    const conf = resolve(context.cwd, input.conf);
    const file = TrackerConfigFile.open(context.world.disk, conf);
    tellWarnings(context.terminal, file.warnings);
    const { basePath } = file.config;
    if (input.action !== undefined) return control(context, { kind: "tracker", conf, basePath }, input.action);
    await using stack = new ShutdownStack();
    const { server, logPath } = await startTracker(context, file, stack);
    context.terminal.tell(`Tracker on port ${server.local.port}, log ${logPath}`);
    tellStarter();
    await untilAsked(context);
    return 0;
  },
});

export const storageCommand = command({
  name: "storage",
  group: "servers",
  summary: "run a storage",
  details: serverDetails,
  examples: [
    "storage /etc/fdfs/storage.conf",
    "storage /etc/fdfs/storage.conf restart",
    "storage /etc/fdfs/storage.conf start --rejoin",
  ],
  arguments: { conf: argument("CONF", "storage.conf"), action: actionArgument },
  options: {
    rejoin: flag("if an administrator removed this storage: set its data aside and join as a new member"),
  },
  async run(context, input) {
    const conf = resolve(context.cwd, input.conf);
    const { config, warnings } = loadStorageConfig(context.world.disk, conf);
    tellWarnings(context.terminal, warnings);
    const { basePath } = config;
    if (input.rejoin) setRemovedDataAside(context, config);
    if (input.action !== undefined) return control(context, { kind: "storage", conf, basePath }, input.action);
    await using stack = new ShutdownStack();
    const { server, logPath } = await startStorage(context, config, stack);
    const { groupName, storageId } = server.identity;
    context.terminal.tell(`Storage ${storageId} of ${groupName} on port ${server.local.port}, log ${logPath}`);
    tellStarter();
    await untilAsked(context);
    return 0;
  },
});

/** What `--rejoin` does before the storage starts; nothing if it was not removed. */
function setRemovedDataAside({ world, terminal }: Context, { basePath, storePaths }: StorageConfig): void {
  requireStopped("storage", basePath);
  const paths = storePaths.map(({ path }) => path);
  const kept = rejoinAsNew(world.disk, basePath, paths, Math.floor(world.clock.now() / 1000));
  if (kept.length === 0) terminal.tell("fdfs: this storage was not removed from its group: it starts as it is.");
  for (const folder of kept) terminal.tell(`fdfs: the data of the removed storage is kept in ${folder}`);
}

function control(context: Context, daemon: Daemon, given: string): Promise<ExitCode> {
  const action = daemonActions.find((one): one is DaemonAction => one === given);
  if (action === undefined) throw new UsageFailure(`"${given}" is none of ${daemonActions.join(", ")}.`);
  return controlDaemon(context, daemon, action);
}

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
