// Changing files: append, modify, truncate, regenerate, and slaves beside a master.
import { createReadStream, statSync } from "node:fs";
import { resolve } from "node:path";

import type { UploadSource } from "@fastdfs-ts/client";

import { clusterOptions, withClient } from "../cluster/client-choice.ts";
import { CommandFailure } from "../failure.ts";
import { parseMetadataPairs } from "../files/metadata-pairs.ts";
import { command, type Context } from "../table/command-row.ts";
import { argument, flag, requiredSize, text, texts } from "../table/option-kinds.ts";
import { standardInputBytesMax } from "./upload.ts";

const contentArgument = argument("FILE", 'the bytes: a local file, or "-" for standard input');

interface LocalContent {
  readonly source: UploadSource;
  readonly sizing: { readonly size: number } | { readonly buffer: { readonly maxBytes: number } };
}

function localContent({ cwd }: Context, name: string): LocalContent {
  if (name === "-") return { source: process.stdin, sizing: { buffer: { maxBytes: standardInputBytesMax } } };
  const path = resolve(cwd, name);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new CommandFailure(`${name}: there is no such file. Check the path.`);
  if (!stat.isFile()) throw new CommandFailure(`${name}: this is not a file.`);
  return { source: createReadStream(path, { highWaterMark: 256 * 1024 }), sizing: { size: stat.size } };
}

export const appendCommand = command({
  name: "append",
  group: "appenders",
  summary: "write at the end of an appender file",
  examples: ["append group1/M00/00/00/oYYBAGc…log more.log"],
  arguments: { id: argument("ID", "file id of an appender file"), file: contentArgument },
  options: clusterOptions,
  run: (context, input) =>
    withClient(context, input, async (client) => {
      const { source, sizing } = localContent(context, input.file);
      await client.append(input.id, source, { ...sizing, signal: context.signal });
      return 0;
    }),
});

export const modifyCommand = command({
  name: "modify",
  group: "appenders",
  summary: "overwrite a part of an appender file",
  examples: ["modify group1/M00/00/00/oYYBAGc…log patch.bin --offset 4096"],
  arguments: { id: argument("ID", "file id of an appender file"), file: contentArgument },
  options: { offset: requiredSize("BYTES", "where the bytes go; at most the size of the file"), ...clusterOptions },
  run: (context, input) =>
    withClient(context, input, async (client) => {
      const { source, sizing } = localContent(context, input.file);
      await client.modify(input.id, input.offset, source, { ...sizing, signal: context.signal });
      return 0;
    }),
});

export const truncateCommand = command({
  name: "truncate",
  group: "appenders",
  summary: "set the size of an appender file",
  examples: ["truncate group1/M00/00/00/oYYBAGc…log --size 0"],
  arguments: { id: argument("ID", "file id of an appender file") },
  options: { size: requiredSize("BYTES", "the new size; a larger one fills with zeros"), ...clusterOptions },
  run: (context, input) =>
    withClient(context, input, async (client) => {
      await client.truncate(input.id, input.size, { signal: context.signal });
      return 0;
    }),
});

export const regenerateCommand = command({
  name: "regenerate",
  group: "appenders",
  summary: "turn an appender file into a normal one and print its new file id",
  details: "The old file id is gone afterwards.",
  examples: ["regenerate group1/M00/00/00/oYYBAGc…log"],
  arguments: { id: argument("ID", "file id of an appender file") },
  options: { json: flag("print a JSON object"), ...clusterOptions },
  run: (context, input) =>
    withClient(context, input, async (client) => {
      const { fileId } = await client.regenerate(input.id, { signal: context.signal });
      context.terminal.print(input.json ? JSON.stringify({ fileId, before: input.id }) : fileId);
      return 0;
    }),
});

export const slaveCommand = command({
  name: "slave",
  group: "appenders",
  summary: "store a file whose name is derived from its master's",
  details: 'For versions of a file, such as thumbnails: master "…390.jpg" and prefix "_80x80" give "…390_80x80.jpg".',
  examples: ["slave group1/M00/00/00/oYYBAGc…jpg _80x80 thumbnail.jpg"],
  arguments: {
    id: argument("MASTER", "file id of the master"),
    prefix: argument("PREFIX", "what the name gets: 1 to 16 characters, such as _80x80"),
    file: argument("FILE", "a local file"),
  },
  options: {
    ext: text("EXT", "extension, without the dot; else the master's", "e"),
    meta: texts("NAME=VALUE", "metadata to keep beside the file; may stand several times", "m"),
    json: flag("print a JSON object"),
    ...clusterOptions,
  },
  run: (context, input) =>
    withClient(context, input, async (client) => {
      const metadata = input.meta.length === 0 ? undefined : parseMetadataPairs(input.meta);
      const options = { extension: input.ext, metadata, signal: context.signal };
      const { fileId } = await client.uploadSlaveFile(
        input.id,
        input.prefix,
        resolve(context.cwd, input.file),
        options,
      );
      context.terminal.print(input.json ? JSON.stringify({ fileId, master: input.id }) : fileId);
      return 0;
    }),
});
