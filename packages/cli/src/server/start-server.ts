// Starts a tracker or a storage from its configuration: pid file, log, server. `fdfs up` and the daemons come through
// here, so they are the same servers.
import { join } from "node:path";

import { ShutdownStack, type StorageConfig, type TrackerConfigFile } from "@fastdfs-ts/runtime";
import { openStorage, type StorageServer } from "@fastdfs-ts/storage";
import { openTracker, type TrackerServer } from "@fastdfs-ts/tracker";

import { CommandFailure } from "../failure.ts";
import type { Context } from "../table/command-row.ts";
import { liveOwner, PidFile } from "./pid-file.ts";
import { ReloadsAtHangup } from "./reloads-at-hangup.ts";
import { openServerLog } from "./server-log.ts";

export interface Running<Server> {
  readonly server: Server;
  readonly logPath: string;
}

/** Pid files as C has them (storage-formats.md §2.1). */
export const pidFileNames = { tracker: "fdfs_trackerd.pid", storage: "fdfs_storaged.pid" } as const;

/** Starts a tracker; closing `stack` stops it. Throws CommandFailure, or what `openTracker` throws. */
export async function startTracker(
  context: Context,
  file: TrackerConfigFile,
  stack: ShutdownStack,
  label = "",
): Promise<Running<TrackerServer>> {
  const { config } = file;
  await claimBasePath(context, "tracker", config.basePath, stack);
  const serverLog = openServerLog(config, context.world, context.terminal, "trackerd.log", label);
  stack.defer(() => serverLog.close());
  const { log } = serverLog;
  const reloads = stack.use(ReloadsAtHangup.listen({ ...context, log, conf: file.path, basePath: config.basePath }));
  const server = await openTracker(config, context.world, { log, reread: () => file.reload() });
  stack.defer(() => server.stop());
  reloads.serve(server);
  return { server, logPath: serverLog.path };
}

/** Starts a storage; closing `stack` stops it. Throws CommandFailure, or what `openStorage` throws. */
export async function startStorage(
  context: Context,
  config: StorageConfig,
  stack: ShutdownStack,
  label = "",
): Promise<Running<StorageServer>> {
  await claimBasePath(context, "storage", config.basePath, stack);
  const serverLog = openServerLog(config, context.world, context.terminal, "storaged.log", label);
  stack.defer(() => serverLog.close());
  const { log } = serverLog;
  const reason = "a storage reads its configuration when it starts. Restart it.";
  stack.use(context.hangups.listen(() => log.warn("config.not-reloaded", { reason })));
  const server = await openStorage(config, context.world, { log, signal: context.signal });
  stack.defer(() => server.stop());
  return { server, logPath: serverLog.path };
}

/** Throws CommandFailure if a server of this base path runs. */
export function requireStopped(kind: keyof typeof pidFileNames, basePath: string): void {
  const owner = liveOwner(join(basePath, "data", pidFileNames[kind]));
  if (owner !== undefined) throw inUse(kind, basePath, owner);
}

async function claimBasePath(
  { world }: Context,
  kind: keyof typeof pidFileNames,
  basePath: string,
  stack: ShutdownStack,
): Promise<void> {
  const claimed = await PidFile.claim(join(basePath, "data", pidFileNames[kind]), world.clock);
  if (typeof claimed === "number") throw inUse(kind, basePath, claimed);
  stack.use(claimed);
}

function inUse(kind: string, basePath: string, process: number): CommandFailure {
  return new CommandFailure(
    `base_path ${basePath} is in use by another ${kind}, process ${process}. Stop it first: kill ${process}`,
  );
}
