// doctor: looks at configuration files and the machine around them, and says what to do.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

import {
  ConfigError,
  type ConfigWarning,
  parseServerAddress,
  printConfigProblem,
  printServerAddress,
  type ServerAddress,
  type ServerIdSource,
} from "@fastdfs-ts/runtime";

import { chooseCluster, clusterOptions } from "../cluster/client-choice.ts";
import { checkCluster } from "../doctor/cluster-checks.ts";
import {
  countFindings,
  type Examination,
  failure,
  type Finding,
  note,
  ok,
  printExamination,
  printVerdict,
  warning,
} from "../doctor/finding.ts";
import { checkNode, checkOpenFiles } from "../doctor/machine-checks.ts";
import { checkPort, checkTracker } from "../doctor/network-checks.ts";
import { checkDirectory, checkStorePath } from "../doctor/path-checks.ts";
import { type AnyConfig, kindOfConfig, loadConfig } from "../server/config-kind.ts";
import { liveOwner } from "../server/pid-file.ts";
import { pidFileNames } from "../server/start-server.ts";
import { command, type Context } from "../table/command-row.ts";
import { anyArguments, flag } from "../table/option-kinds.ts";
import { plural } from "../terminal/units.ts";
import { storagesMax, upDirectoryDefault, upFiles } from "../up/up-layout.ts";

export const doctorCommand = command({
  name: "doctor",
  group: "setup",
  summary: "look for trouble: configuration, ports, paths, space, limits, trackers; say what to do",
  details:
    "With configuration files: what their servers need. Without: this machine, ./fastdfs-data if there is one, and the " +
    "trackers. Exits with 1 if something is wrong.",
  examples: ["doctor", "doctor /etc/fdfs/tracker.conf /etc/fdfs/storage.conf", "doctor --tracker 192.0.2.10"],
  arguments: { files: anyArguments("CONF", "tracker.conf, storage.conf, client.conf or storage_ids.conf") },
  options: { json: flag("print a JSON object"), ...clusterOptions },
  async run(context, input) {
    const { terminal, cwd } = context;
    const asksForCluster = input.conf !== undefined || input.tracker.length > 0;
    const files = input.files.length > 0 || asksForCluster ? input.files : filesOfUp(cwd);
    const configs = files.map((file) => readConfig(context, file));
    const maxConnections = Math.max(0, ...configs.map(({ config }) => maxConnectionsOf(config)));
    const examinations: Examination[] = [
      { title: "This machine", findings: [checkNode(), checkOpenFiles(maxConnections)] },
    ];
    for (const { file, config, findings } of configs) {
      const around = config === undefined ? [] : await examine(context, config);
      examinations.push({ title: file, findings: [...findings, ...around] });
    }
    if (files.length === 0) {
      const { options, origin } = chooseCluster(context, input);
      const trackers = options.trackers
        .map((text) => parseServerAddress(text, 22122))
        .filter((one) => typeof one !== "string");
      examinations.push({ title: `Trackers (from ${origin})`, findings: await examineTrackers(context, trackers) });
    }
    const errors = countFindings(examinations, "error");
    if (input.json) {
      terminal.print(JSON.stringify({ examinations, errors, warnings: countFindings(examinations, "warning") }));
    } else {
      const parts = examinations.map((one) => printExamination(terminal, one));
      terminal.print([...parts, printVerdict(terminal, examinations)].join("\n\n"));
    }
    return errors === 0 ? 0 : 1;
  },
});

function filesOfUp(cwd: string): string[] {
  if (!existsSync(join(cwd, upDirectoryDefault, upFiles.trackerConf))) return [];
  const storages = Array.from({ length: storagesMax }, (_, at) => upFiles.storageConf(at + 1));
  return [upFiles.trackerConf, ...storages]
    .map((name) => join(upDirectoryDefault, name))
    .filter((name) => existsSync(join(cwd, name)));
}

interface ReadConfig {
  readonly file: string;
  /** `undefined` if it cannot be used. */
  readonly config: AnyConfig | undefined;
  readonly findings: readonly Finding[];
}

function readConfig({ world, cwd }: Context, file: string): ReadConfig {
  const path = resolve(cwd, file);
  const kind = kindOfConfig(world.disk, path);
  try {
    const config = loadConfig(world.disk, path, kind);
    return {
      file,
      config,
      findings: [ok("configuration", `is a good ${kind} configuration`), ...config.warnings.map(warned)],
    };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const findings = error.problems.map((problem) => {
      // A problem's text ends with its remedy, as a sentence of its own.
      const [what = "", ...remedy] = problem.text.split(/(?<=[.?!]) (?=[A-Z])/);
      const where = problem.line === undefined ? "configuration" : `line ${problem.line}`;
      return failure(where, what, remedy.length === 0 ? `correct ${problem.file}` : remedy.join(" "));
    });
    return { file, config: undefined, findings };
  }
}

function warned(problem: ConfigWarning): Finding {
  const where = problem.line === undefined ? "configuration" : `line ${problem.line}`;
  return problem.severity === "note" ? note(where, problem.text) : warning(where, problem.text, printPlace(problem));
}

function printPlace(problem: ConfigWarning): string {
  return `in ${printConfigProblem({ ...problem, text: "" }).replace(/: $/, "")}`;
}

function maxConnectionsOf(config: AnyConfig | undefined): number {
  return config?.kind === "tracker" || config?.kind === "storage" ? config.config.maxConnections : 0;
}

async function examine(context: Context, loaded: AnyConfig): Promise<Finding[]> {
  const { disk } = context.world;
  if (loaded.kind === "storage-ids") {
    const groups = new Set(loaded.config.map(({ groupName }) => groupName));
    return [note("ids", `${plural(loaded.config.length, "storage")} in ${plural(groups.size, "group")}`)];
  }
  if (loaded.kind === "client") return examineTrackers(context, loaded.config.trackerServers);
  const { basePath, bindAddresses, port } = loaded.config;
  const owner = liveOwner(join(basePath, "data", pidFileNames[loaded.kind]));
  const listening = await checkPort(context.world, loaded.kind, bindAddresses, port, owner);
  const base = checkDirectory(disk, "base_path", basePath);
  if (loaded.kind === "tracker") return [...listening, ...base];
  const { storePaths, trackerServers, serverId } = loaded.config;
  const paths = storePaths.flatMap(({ path }, index) => [
    ...(path === basePath ? [] : checkDirectory(disk, `store_path${index}`, path)),
    checkStorePath(disk, loaded.config, index),
  ]);
  return [...listening, ...base, ...paths, ...(await examineTrackers(context, trackerServers, serverId))];
}

async function examineTrackers(
  { world, signal }: Context,
  trackers: readonly ServerAddress[],
  serverId?: ServerIdSource,
): Promise<Finding[]> {
  const findings = await Promise.all(trackers.map((address) => checkTracker(world, address)));
  const answering = trackers.filter((_, at) => findings[at]!.severity === "ok").map(printServerAddress);
  if (answering.length === 0) return findings;
  return [...findings, ...(await checkCluster(world, answering, signal, serverId))];
}
