// up: a whole store on this machine with one command: tracker and storages in one process, on loopback.
import { mkdirSync } from "node:fs";
import { join, relative, resolve } from "node:path";

import { FastDfsClient } from "@fastdfs-ts/client";
import { ShutdownStack, sleep } from "@fastdfs-ts/runtime";
import { prepareEmptyMember } from "@fastdfs-ts/storage";

import { CommandFailure } from "../failure.ts";
import { PidFile } from "../server/pid-file.ts";
import { portTrouble } from "../server/port-check.ts";
import { startStorage, startTracker } from "../server/start-server.ts";
import { command, type Context } from "../table/command-row.ts";
import { flag, optionalWhole, text, textOr, type ValuesOf } from "../table/option-kinds.ts";
import { printFacts } from "../terminal/table.ts";
import { bold } from "../terminal/terminal.ts";
import { printDuration } from "../terminal/units.ts";
import { checkWishes, isSetUp, portsOf, readUpConfig, type UpConfig, writeUpConfig } from "../up/up-config.ts";
import { storagesMax, upDefaults, upDirectoryDefault, upFiles } from "../up/up-layout.ts";
import { tellWarnings, untilAsked } from "./servers.ts";

const upOptions = {
  dir: textOr("DIR", "data directory", upDirectoryDefault),
  port: optionalWhole("N", `port of the tracker (default: ${upDefaults.port})`, { min: 1, max: 65_535 }),
  storagePort: optionalWhole("N", `port of the first storage; the others follow (default: ${upDefaults.storagePort})`, {
    min: 1,
    max: 65_535,
  }),
  storages: optionalWhole("N", `number of storages (default: ${upDefaults.storages})`, { min: 1, max: storagesMax }),
  group: text("NAME", `group of the storages (default: ${upDefaults.group})`, "g"),
  json: flag("print one JSON line when it is ready"),
};

type Input = ValuesOf<typeof upOptions>;

/** Joining takes milliseconds here. */
const readyWithinMs = 15_000;
const readyPollMs = 20;

export const upCommand = command({
  name: "up",
  group: "servers",
  summary: "start a whole store here: a tracker and two storages in one process, on 127.0.0.1",
  details:
    "Data and configuration files go into --dir. A later start continues with them. Ctrl-C stops it; a second one cuts " +
    "what is still under way. For several machines use `fdfs tracker` and `fdfs storage` with files from `fdfs config init`.",
  examples: ["up", "up --dir /srv/fastdfs --port 22200 --storage-port 23200"],
  arguments: {},
  options: upOptions,
  async run(context, input) {
    const startMs = context.world.clock.monotonic();
    const directory = resolve(context.cwd, input.dir);
    await using stack = new ShutdownStack();
    await claimDirectory(context, directory, stack);
    const isNew = !isSetUp(directory);
    const config = await configure(context, directory, input);
    tellWarnings(context.terminal, config.warnings);
    const { server } = await startTracker(context, config.trackerFile, stack, "tracker    ");
    for (const [at, storage] of config.storages.entries()) {
      // In a new group nobody has to wait for the files of another member. One that lost its disk later does.
      if (isNew) {
        const joinSeconds = Math.floor(context.world.clock.now() / 1000);
        const paths = storage.storePaths.map(({ path }) => path);
        prepareEmptyMember(context.world.disk, storage.basePath, paths, joinSeconds);
      }
      await startStorage(context, storage, stack, `storage ${at + 1}  `);
    }
    await untilActive(context, config, server.local.port);
    tellReady(context, directory, config, input, context.world.clock.monotonic() - startMs);
    await untilAsked(context);
    return 0;
  },
});

async function claimDirectory({ world }: Context, directory: string, stack: ShutdownStack): Promise<void> {
  mkdirSync(directory, { recursive: true });
  const claimed = await PidFile.claim(join(directory, upFiles.pidFile), world.clock);
  if (typeof claimed === "number") {
    throw new CommandFailure(
      `${directory} is in use by another "fdfs up", process ${claimed}. Stop it (kill ${claimed}), or use another --dir.`,
    );
  }
  stack.use(claimed);
}

/** Writes the files at the first start, after the ports were found free: a refused start leaves nothing behind. */
async function configure(context: Context, directory: string, input: Input): Promise<UpConfig> {
  if (!isSetUp(directory)) {
    checkWishes(input);
    const { tracker, storages } = portsOf(input);
    await refuseUsedPort(context, tracker, "the tracker", "Stop the other program or choose another port: --port N");
    for (const port of storages) {
      await refuseUsedPort(context, port, "a storage", "Stop the other program or choose others: --storage-port N");
    }
    writeUpConfig(directory, input);
    return readUpConfig(context.world, directory, input);
  }
  const config = readUpConfig(context.world, directory, input);
  const { trackerConf, storageConf, clientConf, storageIds } = upFiles;
  const trackerRemedy = `Stop the other program, or change port in ${trackerConf} and tracker_server in ${clientConf} and storage-N.conf (in ${directory})`;
  await refuseUsedPort(context, config.tracker.port, "the tracker", trackerRemedy);
  for (const [at, { port }] of config.storages.entries()) {
    const remedy = `Stop the other program, or change it in ${storageConf(at + 1)} and ${storageIds} (in ${directory})`;
    await refuseUsedPort(context, port, `storage ${at + 1}`, remedy);
  }
  return config;
}

async function refuseUsedPort({ world }: Context, port: number, whose: string, remedy: string): Promise<void> {
  const trouble = await portTrouble(world.network, "127.0.0.1", port);
  if (trouble === undefined) return;
  const what = trouble === "EADDRINUSE" ? "is used by another program" : `cannot be used (${trouble})`;
  throw new CommandFailure(`port ${port} for ${whose} ${what}. ${remedy}.`);
}

/** Waits until the tracker sends clients to every storage. */
async function untilActive(context: Context, config: UpConfig, trackerPort: number): Promise<void> {
  const { world, signal } = context;
  const client = FastDfsClient.open({ trackers: [`127.0.0.1:${trackerPort}`] }, world);
  const deadline = world.clock.monotonic() + readyWithinMs;
  try {
    for (;;) {
      const groups = await client.cluster.listGroups({ signal });
      const writable = groups.reduce((sum, group) => sum + group.writableStorageCount, 0);
      if (writable >= config.storages.length) return;
      if (world.clock.monotonic() > deadline) {
        throw new CommandFailure(
          `only ${writable} of ${config.storages.length} storages became active within ${printDuration(readyWithinMs)}. Look into the logs below ${config.tracker.basePath} and ${config.storages[0]!.basePath}.`,
        );
      }
      await sleep(world.clock, readyPollMs, signal);
    }
  } finally {
    await client.close();
  }
}

function tellReady(context: Context, directory: string, config: UpConfig, input: Input, readyMs: number): void {
  const { terminal } = context;
  const tracker = `127.0.0.1:${config.tracker.port}`;
  if (input.json) {
    const storages = config.storages.map(({ port, groupName, basePath, serverId }) => {
      return { address: `127.0.0.1:${port}`, id: idOf(serverId), groupName, basePath };
    });
    terminal.print(
      JSON.stringify({ ready: true, tracker, storages, directory, pid: process.pid, readyMs: Math.round(readyMs) }),
    );
    return;
  }
  const shown = relative(context.cwd, directory);
  const place = shown.startsWith("..") ? directory : `./${shown}`;
  const servers = config.storages.map(({ port, groupName, serverId }, at): [string, string] => [
    `storage ${at + 1}`,
    `127.0.0.1:${port}  ${groupName ?? ""}  id ${idOf(serverId)}`,
  ]);
  const fdfs = context.env.npm_execpath === undefined ? "fdfs" : "npx fdfs";
  const conf =
    shown === upDirectoryDefault ? "" : ` --conf ${shown.startsWith("..") ? directory : shown}/${upFiles.clientConf}`;
  terminal.print(
    [
      `${bold(terminal, "FastDFS is ready")} (${printDuration(readyMs)}). Files are kept in ${place}`,
      "",
      printFacts([["tracker", tracker], ...servers]).replace(/^/gm, "  "),
      "",
      "In another terminal, in this folder:",
      `  ${fdfs} upload${conf} README.md            ${bold(terminal, "prints the file id")}`,
      `  ${fdfs} download${conf} FILE_ID copy.md`,
      `  ${fdfs} monitor${conf}`,
      "",
      "Ctrl-C stops it. The next start continues with the same files.",
    ].join("\n"),
  );
}

function idOf(serverId: UpConfig["storages"][number]["serverId"]): string {
  return serverId.kind === "fixed" ? String(serverId.id) : "";
}
