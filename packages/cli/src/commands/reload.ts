// reload: the running tracker reads its tracker.conf again, without a restart.
import { existsSync, realpathSync } from "node:fs";
import { join, resolve } from "node:path";

import { ConfigError, loadTrackerConfig, printConfigProblem, sleep, systemErrorCode } from "@fastdfs-ts/runtime";
import type { ReloadOutcome } from "@fastdfs-ts/tracker";

import { CommandFailure, exitCodes } from "../failure.ts";
import { liveOwner } from "../server/pid-file.ts";
import { printOutcome } from "../server/reload-outcome.ts";
import { readReloadRecord, type ReloadRecord } from "../server/reload-record.ts";
import { pidFileNames } from "../server/start-server.ts";
import { command, type Context } from "../table/command-row.ts";
import { flag, optionalArgument } from "../table/option-kinds.ts";
import { upDirectoryDefault, upFiles } from "../up/up-layout.ts";

const confDefault = "/etc/fdfs/tracker.conf";
/** A reload takes milliseconds; a tracker that is being started is waited for, too. */
const answerWithinMs = 10_000;
const answerPollMs = 10;

export const reloadCommand = command({
  name: "reload",
  group: "servers",
  summary: "make a running tracker read its tracker.conf again",
  details:
    "Keys that docs/CONFIGURATION.md marks with Reload count at once; of the others it lists which need a restart. If " +
    "anything in the file is wrong, nothing changes. It finds the tracker by the pid file below base_path and sends it " +
    "SIGHUP, so it has to run on the same machine, as the same user or root; `kill -HUP` alone does the same, and the log " +
    "tells the outcome. Each tracker of a cluster has its own file. Storages have nothing to reload: restart them.",
  examples: ["reload /etc/fdfs/tracker.conf", "reload --json"],
  arguments: {
    conf: optionalArgument(
      "CONF",
      `the file that the tracker was started with; without it that of a "fdfs up" below this folder, or ${confDefault}`,
    ),
  },
  options: { json: flag("print a JSON object") },
  async run(context, input) {
    const conf = resolve(context.cwd, input.conf ?? confOfUp(context) ?? confDefault);
    const outcome = await reload(context, conf);
    const { terminal } = context;
    const isRefused = outcome.kind === "refused";
    if (input.json) terminal.print(JSON.stringify({ conf, ...outcome }));
    else if (isRefused) for (const line of printOutcome(conf, outcome)) terminal.tell(`fdfs: ${line}`);
    else terminal.print(printOutcome(conf, outcome).join("\n"));
    return isRefused ? exitCodes.failed : exitCodes.ok;
  },
});

function confOfUp({ cwd }: Context): string | undefined {
  const conf = join(cwd, upDirectoryDefault, upFiles.trackerConf);
  return existsSync(conf) ? conf : undefined;
}

/** Throws CommandFailure if the tracker cannot be told, or does not answer. */
async function reload(context: Context, conf: string): Promise<ReloadOutcome> {
  let basePath: string;
  try {
    // What is wrong with the file is better known before a tracker is bothered with it.
    ({ basePath } = loadTrackerConfig(context.world.disk, conf).config);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { kind: "refused", problems: error.problems.map(printConfigProblem) };
  }
  const pidPath = join(basePath, "data", pidFileNames.tracker);
  const pid = liveOwner(pidPath);
  if (pid === undefined) {
    throw new CommandFailure(
      `no tracker runs on base_path ${basePath}: ${pidPath} names no live process. Start it: fdfs tracker ${conf} start. ` +
        "A tracker that runs with another base_path takes this one over when it is restarted.",
    );
  }
  const before = requireOurs(readReloadRecord(basePath), pid, conf);
  tell(pid);
  return answerOf(context, basePath, before);
}

function requireOurs(record: ReloadRecord | undefined, pid: number, conf: string): ReloadRecord {
  if (record?.pid !== pid) {
    throw new CommandFailure(
      `process ${pid} cannot reload: it is starting just now, or it is a tracker of C or of an older version. Restart it.`,
    );
  }
  if (realPath(record.conf) === realPath(conf)) return record;
  throw new CommandFailure(
    `process ${pid} was started with another file: ${record.conf}. Change that one, then: fdfs reload ${record.conf}`,
  );
}

function realPath(path: string): string {
  return existsSync(path) ? realpathSync(path) : path;
}

function tell(pid: number): void {
  try {
    process.kill(pid, "SIGHUP");
  } catch (error) {
    if (systemErrorCode(error) !== "EPERM") throw error;
    throw new CommandFailure(`process ${pid} belongs to another user. Run this as that user or as root.`, {
      cause: error,
    });
  }
}

/** The first outcome after `before`. The file was written before the signal was sent, so it is about this file. */
async function answerOf({ world, signal }: Context, basePath: string, before: ReloadRecord): Promise<ReloadOutcome> {
  const deadlineMs = world.clock.monotonic() + answerWithinMs;
  for (;;) {
    const record = readReloadRecord(basePath);
    if (record?.pid !== before.pid) throw new CommandFailure(`process ${before.pid} has ended. Look into its log.`);
    if (record.reloads > before.reloads && record.outcome !== undefined) return record.outcome;
    if (world.clock.monotonic() > deadlineMs) {
      throw new CommandFailure(
        `process ${before.pid} was told, and has not read the file within ${answerWithinMs / 1000} seconds. Look into its ` +
          `log below ${basePath}.`,
      );
    }
    await sleep(world.clock, answerPollMs, signal);
  }
}
