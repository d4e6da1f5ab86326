// download: one file or a part of it, or all files of a list.
import { mkdirSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, normalize, relative, resolve } from "node:path";
import { pipeline } from "node:stream/promises";

import type { FastDfsClient } from "@fastdfs-ts/client";

import { clusterOptions, withClient } from "../cluster/client-choice.ts";
import { CommandFailure, UsageFailure } from "../failure.ts";
import { type ListedFile, readFileList } from "../files/file-list.ts";
import { nameOfDownload } from "../files/local-files.ts";
import { increments, printOutcome, runMany } from "../files/many-files.ts";
import { command, type Context } from "../table/command-row.ts";
import { flag, optionalArgument, optionalSize, size, text, type ValuesOf, whole } from "../table/option-kinds.ts";
import { ProgressBar } from "../terminal/progress-bar.ts";

const downloadArguments = {
  id: optionalArgument("ID", "file id, as upload printed it"),
  path: optionalArgument(
    "PATH",
    'where to: a file, a directory, or "-" for standard output; else the last part of the id',
  ),
};

const downloadOptions = {
  offset: size("BYTES", "first byte wanted", "0"),
  length: optionalSize("BYTES", "bytes wanted at most; else to the end"),
  list: text("FILE", "download all files of this list (upload --ids-out)", "l"),
  to: text("DIR", "where to put the files of --list", "t"),
  jobs: whole("N", "files on their way at the same time", 4, { min: 1, max: 256 }),
  json: flag("print one JSON object at the end"),
  ...clusterOptions,
};

type Input = ValuesOf<typeof downloadArguments> & ValuesOf<typeof downloadOptions>;

export const downloadCommand = command({
  name: "download",
  group: "files",
  summary: "get a file, a part of it, or all files of a list",
  details: "A file gets its name when it is complete. An existing file is replaced.",
  examples: [
    "download group1/M00/00/00/oYYBAGc…jpg photo.jpg",
    "download group1/M00/00/00/oYYBAGc…log - --offset 1MB --length 64KB",
    "download --list ids.tsv --to ./restored",
  ],
  arguments: downloadArguments,
  options: downloadOptions,
  run(context, input) {
    const { list, to, id } = input;
    if (list === undefined) {
      if (to !== undefined) throw new UsageFailure("--to belongs to --list. Name the target after the file id.");
      if (id === undefined) throw new UsageFailure("download needs a file id, or --list FILE --to DIR.");
      return withClient(context, input, (client) => downloadOne(context, client, id, input));
    }
    if (to === undefined) throw new UsageFailure("--list needs --to DIR.");
    if (id !== undefined) throw new UsageFailure("give a file id or --list, not both.");
    return withClient(context, input, (client) => downloadList(context, client, list, to, input), {
      connections: input.jobs,
    });
  },
});

async function downloadOne(context: Context, client: FastDfsClient, id: string, input: Input): Promise<0> {
  const { terminal, world, signal, cwd } = context;
  const { offset, length } = input;
  const bar: { now?: ProgressBar } = {};
  const onProgress = increments({ addBytes: (bytes) => bar.now?.addBytes(bytes) });
  await using download = await client.download(id, { offset, length, signal, onProgress });
  // Standard output on a terminal shows the content; a bar would be drawn into it.
  const toStandardOutput = input.path === "-";
  if (!(toStandardOutput && terminal.isInteractive)) {
    bar.now = new ProgressBar(terminal, world.clock, { bytes: download.size });
  }
  try {
    if (toStandardOutput) {
      await pipeline(download.stream(), process.stdout, { end: false });
      return 0;
    }
    const path = targetPath(cwd, id, input.path);
    await download.saveTo(path, { sync: false });
    bar.now?.end();
    if (input.json) terminal.print(JSON.stringify({ fileId: id, path, bytes: download.size }));
    else terminal.print(relative(cwd, path).startsWith("..") ? path : relative(cwd, path));
    return 0;
  } finally {
    bar.now?.end();
  }
}

function targetPath(cwd: string, id: string, given: string | undefined): string {
  const name = nameOfDownload(id);
  if (given === undefined) return join(cwd, name);
  const path = resolve(cwd, given);
  const isDirectory = given.endsWith("/") || statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  if (isDirectory) mkdirSync(path, { recursive: true });
  return isDirectory ? join(path, name) : path;
}

async function downloadList(
  context: Context,
  client: FastDfsClient,
  listName: string,
  to: string,
  input: Input,
): Promise<0 | 1> {
  const { terminal, cwd, signal } = context;
  const files = readFileList(cwd, listName, true);
  const root = resolve(cwd, to);
  const made = new Set<string>();
  const outcome = await runMany<ListedFile>(context, {
    client,
    items: files,
    totals: { bytes: 0, files: files.length },
    jobs: input.jobs,
    nameOf: ({ path }) => path,
    async run(file, bar) {
      const path = pathBelow(root, file.path);
      if (!made.has(dirname(path))) {
        mkdirSync(dirname(path), { recursive: true });
        made.add(dirname(path));
      }
      const onProgress = increments(bar);
      await using download = await client.download(file.fileId, { signal, onProgress });
      await download.saveTo(path, { sync: false });
    },
  });
  const { done, failed, bytes } = outcome;
  if (input.json) terminal.print(JSON.stringify({ files: done, bytes, failed }));
  terminal.tell(printOutcome("downloaded", outcome));
  return failed.length === 0 ? 0 : 1;
}

/** A path of a list below a directory. Throws CommandFailure for one that leads elsewhere: lists come from anywhere. */
export function pathBelow(root: string, listed: string): string {
  const path = normalize(isAbsolute(listed) ? `.${listed}` : listed);
  if (path === ".." || path.startsWith("../") || path === "." || path.includes("\0")) {
    throw new CommandFailure(`the path "${listed}" leads out of the target directory. Correct the list.`);
  }
  return join(root, path);
}
