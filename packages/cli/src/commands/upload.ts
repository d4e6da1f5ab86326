// upload: local files, whole directories or standard input become stored files.
import type { FastDfsClient } from "@fastdfs-ts/client";

import { clusterOptions, withClient } from "../cluster/client-choice.ts";
import { type ListedFile, FileListWriter, printListedFile } from "../files/file-list.ts";
import { findLocalFiles, type LocalFile } from "../files/local-files.ts";
import { exitCodeOf, increments, printOutcome, runMany } from "../files/many-files.ts";
import { parseMetadataPairs } from "../files/metadata-pairs.ts";
import { command, type Context, type ExitCode } from "../table/command-row.ts";
import { flag, optionalWhole, someArguments, text, texts, type ValuesOf, whole } from "../table/option-kinds.ts";
import { plural } from "../terminal/units.ts";

const uploadArguments = {
  files: someArguments("FILE", 'a file, a directory with --recursive, or "-" for standard input'),
};

const uploadOptions = {
  group: text("NAME", "group that shall keep the files; else the trackers choose", "g"),
  ext: text("EXT", "extension of the stored names, without the dot; else that of the file", "e"),
  appender: flag("make files that can be appended to, modified and truncated", "a"),
  meta: texts("NAME=VALUE", "metadata to keep beside each file; may stand several times", "m"),
  recursive: flag("take all files below directories; symbolic links are skipped", "r"),
  jobs: whole("N", "files on their way at the same time", 4, { min: 1, max: 256 }),
  idsOut: text("FILE", "add the lines to this file instead of printing them", "o"),
  json: flag("print one JSON object at the end"),
  storage: text("HOST:PORT", "send to this storage, whichever the trackers choose"),
  pathIndex: optionalWhole("N", "store path of the storage (0 is M00); else the tracker chooses", { min: 0, max: 255 }),
  ...clusterOptions,
};

type Input = ValuesOf<typeof uploadArguments> & ValuesOf<typeof uploadOptions>;

export const uploadCommand = command({
  name: "upload",
  group: "files",
  summary: "store files and print their file ids",
  details:
    "One file: prints its id. Several files, or a directory: prints a line `file id TAB path` for each, which download, " +
    "verify and delete take back with --list. Goes on after a failure and exits with 1 at the end.",
  examples: ["upload photo.jpg", "upload --recursive ./pictures --ids-out ids.tsv", "upload - --ext log < today.log"],
  arguments: uploadArguments,
  options: uploadOptions,
  run(context, input) {
    const { jobs: connections, storage } = input;
    return withClient(
      context,
      input,
      (client) =>
        input.files.length === 1 && input.files[0] === "-"
          ? uploadStandardInput(context, client, input)
          : uploadFiles(context, client, input),
      { connections, storage },
    );
  },
});

async function uploadFiles(context: Context, client: FastDfsClient, input: Input): Promise<ExitCode> {
  const { terminal, cwd } = context;
  const { files, skipped } = findLocalFiles(cwd, input.files, input.recursive);
  const isSingle = files.length === 1 && files[0]!.name === input.files[0];
  using list = input.idsOut === undefined ? undefined : FileListWriter.open(cwd, input.idsOut);
  const stored: (ListedFile & { bytes: number })[] = [];
  const totalBytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const options = uploadOptionsOf(context, input);
  const outcome = await runMany<LocalFile>(context, {
    client,
    items: files,
    totals: isSingle ? { bytes: totalBytes } : { bytes: totalBytes, files: files.length },
    jobs: input.jobs,
    nameOf: ({ name }) => name,
    async run(file, bar) {
      const onProgress = increments(bar);
      const { fileId } = await client.uploadFile(file.path, { ...options, onProgress });
      const listed = { fileId, path: file.name };
      list?.add(listed);
      if (input.json) stored.push({ ...listed, bytes: file.bytes });
      else if (list === undefined) bar.print(isSingle ? fileId : printListedFile(listed));
    },
  });
  if (input.json) terminal.print(JSON.stringify({ files: stored, failed: outcome.failed, skipped }));
  if (!isSingle) {
    const links =
      skipped === 0
        ? ""
        : `; ${plural(skipped, "symbolic link or special file", "symbolic links or special files")} skipped`;
    terminal.tell(`${printOutcome("uploaded", outcome)}${links}`);
  }
  return exitCodeOf(context, outcome);
}

/** A stream of any length: nobody knows its size before its end. */
async function uploadStandardInput(context: Context, client: FastDfsClient, input: Input): Promise<0> {
  const { appender, ...options } = uploadOptionsOf(context, input);
  const stored = appender
    ? await client.upload(process.stdin, { ...options, appender, buffer: { maxBytes: standardInputBytesMax } })
    : await client.uploadStream(process.stdin, options);
  using list = input.idsOut === undefined ? undefined : FileListWriter.open(context.cwd, input.idsOut);
  const listed = { fileId: stored.fileId, path: "-" };
  list?.add(listed);
  if (input.json) context.terminal.print(JSON.stringify({ files: [listed], failed: [], skipped: 0 }));
  else if (list === undefined) context.terminal.print(stored.fileId);
  return 0;
}

/** Standard input that must be sent in one request is read into memory first. */
export const standardInputBytesMax = 256 * 1024 * 1024;

function uploadOptionsOf({ signal }: Context, input: Input) {
  const metadata = input.meta.length === 0 ? undefined : parseMetadataPairs(input.meta);
  // A storage that was named without a path chooses one itself; what the tracker chose belongs to another storage.
  const storePathIndex = input.pathIndex ?? (input.storage === undefined ? undefined : -1);
  return {
    group: input.group,
    extension: extensionGiven(input.ext),
    appender: input.appender,
    metadata,
    storePathIndex,
    signal,
  };
}

/** ".jpg" is meant as "jpg". */
function extensionGiven(ext: string | undefined): string | undefined {
  return ext?.replace(/^\./, "");
}
