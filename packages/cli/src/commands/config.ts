// config init: commented sample files. config check: what is wrong with a file.
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";

import {
  clientConf,
  ConfigError,
  printConfigProblem,
  printSample,
  printStorageIdsSample,
  storageConf,
  systemErrorCode,
  trackerConf,
} from "@fastdfs-ts/runtime";

import { type ConfigKind, configKinds, kindOfConfig, loadConfig } from "../server/config-kind.ts";
import { command } from "../table/command-row.ts";
import { choice, flag, someArguments, textOr } from "../table/option-kinds.ts";
import { coloured } from "../terminal/terminal.ts";

export const configInitCommand = command({
  name: "config init",
  group: "setup",
  summary: "write commented sample files: tracker.conf, storage.conf, client.conf, storage_ids.conf",
  details: "Existing files are left alone, unless --force.",
  examples: ["config init --dir /etc/fdfs"],
  arguments: {},
  options: {
    dir: textOr("DIR", "where to write them", "."),
    force: flag("replace existing files"),
  },
  run({ terminal, cwd }, input) {
    const directory = resolve(cwd, input.dir);
    mkdirSync(directory, { recursive: true });
    let kept = 0;
    for (const [name, content] of samples()) {
      const path = join(directory, name);
      const shown = relative(cwd, path);
      if (writeNew(path, content, input.force)) terminal.print(`written: ${shown.startsWith("..") ? path : shown}`);
      else {
        kept++;
        terminal.tell(`fdfs: ${path} exists and was left alone. Use --force to replace it.`);
      }
    }
    if (kept === 0)
      terminal.tell("Set base_path, store_path0 and tracker_server, then: fdfs doctor tracker.conf storage.conf");
    return Promise.resolve(kept === 0 ? 0 : 1);
  },
});

function samples(): [name: string, content: string][] {
  return [
    ["tracker.conf", printSample(trackerConf)],
    ["storage.conf", printSample(storageConf)],
    ["client.conf", printSample(clientConf)],
    ["storage_ids.conf", printStorageIdsSample()],
  ];
}

function writeNew(path: string, content: string, force: boolean): boolean {
  try {
    writeFileSync(path, content, { flag: force ? "w" : "wx" });
    return true;
  } catch (error) {
    if (systemErrorCode(error) === "EEXIST") return false;
    throw error;
  }
}

export const configCheckCommand = command({
  name: "config check",
  group: "setup",
  summary: "read configuration files and say what is wrong with them",
  details: "Exits with 1 if a server could not start. `fdfs doctor` also looks at the machine around them.",
  examples: ["config check /etc/fdfs/tracker.conf /etc/fdfs/storage.conf"],
  arguments: { files: someArguments("FILE", "tracker.conf, storage.conf, client.conf or storage_ids.conf") },
  options: {
    kind: choice(["auto", ...configKinds], "what kind of file it is; auto: by its name and keys", "auto"),
    json: flag("print a JSON array"),
  },
  run({ terminal, world, cwd }, input) {
    const results = input.files.map((file) => {
      const path = resolve(cwd, file);
      return {
        file,
        ...checkFile(path, input.kind === "auto" ? kindOfConfig(world.disk, path) : input.kind, world.disk),
      };
    });
    if (input.json) terminal.print(JSON.stringify(results));
    else {
      for (const { file, kind, errors, warnings } of results) {
        const isGood = errors.length === 0;
        const verdict = isGood ? (warnings.length === 0 ? "good" : "good, with warnings") : "cannot be used";
        terminal.print(coloured(terminal, isGood ? "good" : "bad", `${file} (${kind}): ${verdict}`));
        for (const error of errors) terminal.print(`  error    ${error}`);
        for (const { severity, text } of warnings) terminal.print(`  ${severity.padEnd(7)}  ${text}`);
      }
    }
    return Promise.resolve(results.every(({ errors }) => errors.length === 0) ? 0 : 1);
  },
});

function checkFile(path: string, kind: ConfigKind, disk: Parameters<typeof loadConfig>[0]) {
  try {
    const warnings = loadConfig(disk, path, kind).warnings;
    return {
      kind,
      errors: [],
      warnings: warnings.map((warning) => ({ severity: warning.severity, text: printConfigProblem(warning) })),
    };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { kind, errors: error.problems.map(printConfigProblem), warnings: [] };
  }
}
