// info: what a storage says of a file. parse: what its name says, without asking anyone. crc32: of a local file.
import { createReadStream } from "node:fs";
import { resolve } from "node:path";

import { crc32, type FileSource, parseFileId } from "@fastdfs-ts/protocol";

import { printInfoAsC } from "../c-text/info-text.ts";
import { clusterOptions, withClient } from "../cluster/client-choice.ts";
import { command } from "../table/command-row.ts";
import { argument, flag } from "../table/option-kinds.ts";
import { printFacts } from "../terminal/table.ts";
import { printBytes, printCount, printTime } from "../terminal/units.ts";

export const infoCommand = command({
  name: "info",
  group: "files",
  summary: "show size, time, checksum and source of a stored file",
  details: "Asks a storage, so it also tells whether the file is there.",
  examples: ["info group1/M00/00/00/oYYBAGc…jpg"],
  arguments: { id: argument("ID", "file id") },
  options: {
    json: flag("print a JSON object"),
    skipCrc: flag("do not have the checksum of an appender or slave file computed, which reads all of it"),
    silent: flag("ask the storage not to log it if the file is missing, as storages of C do"),
    cText: flag("ask and print as fdfs_file_info of C does: a storage is asked only if the id leaves something open"),
    ...clusterOptions,
  },
  run: (context, input) =>
    withClient(context, input, async (client) => {
      const { signal } = context;
      const { cText, skipCrc, silent } = input;
      const info = await client.fileInfo(input.id, { fromServer: !cText, checksum: !skipCrc, silent, signal });
      if (cText) {
        context.terminal.print(printInfoAsC(info));
        return 0;
      }
      const { fileId, kind, fileBytes, createdAt, modifiedAt, source, sourceIp } = info;
      if (input.json) {
        const crc = info.crc32 === undefined ? undefined : hex(info.crc32);
        const times = { createdAt: createdAt?.toISOString(), modifiedAt: modifiedAt?.toISOString() };
        context.terminal.print(
          JSON.stringify({ fileId, kind, bytes: fileBytes, crc32: crc, ...times, source, sourceIp }),
        );
        return 0;
      }
      context.terminal.print(
        printFacts([
          ["file id", fileId],
          ["kind", kind],
          ["size", sizeText(fileBytes)],
          ["crc32", info.crc32 === undefined ? "unknown" : hex(info.crc32)],
          ["stored", createdAt === undefined ? "unknown" : dateText(createdAt)],
          ["modified", modifiedAt === undefined ? "unknown" : dateText(modifiedAt)],
          ["source", `${sourceText(source)}${sourceIp === undefined || sourceIp === "" ? "" : ` at ${sourceIp}`}`],
        ]),
      );
      return 0;
    }),
});

export const parseCommand = command({
  name: "parse",
  group: "files",
  summary: "show what a file id says, without asking a server",
  examples: ["parse group1/M00/00/00/oYYBAGc…jpg"],
  arguments: { id: argument("ID", "file id") },
  options: { json: flag("print a JSON object") },
  run({ terminal }, input) {
    const parsed = parseFileId(input.id);
    const { groupName, logicalName, storePathIndex, pathInStore, kind, facts, source, fileBytes, slice, extension } =
      parsed;
    const crc = parsed.crc32 === undefined ? undefined : hex(parsed.crc32);
    const created = facts?.createdSeconds;
    if (input.json) {
      const createdAt = created === undefined ? undefined : new Date(created * 1000).toISOString();
      const place = { groupName, logicalName, storePathIndex, pathInStore, extension };
      terminal.print(
        JSON.stringify({ fileId: input.id, kind, ...place, bytes: fileBytes, crc32: crc, createdAt, source, slice }),
      );
      return Promise.resolve(0);
    }
    const unstated =
      kind === "unknown" ? "not in the name" : "not in the name of this kind of file: ask with fdfs info";
    terminal.print(
      printFacts([
        ["group", groupName],
        ["store path", `${storePathIndex} (${logicalName.slice(0, 3)})`],
        ["file", `<store path ${storePathIndex}>/data/${pathInStore}`],
        ["kind", kind === "slave" || kind === "unknown" ? kind : `${kind} file`],
        ["size", fileBytes === undefined ? unstated : sizeText(fileBytes)],
        ["crc32", crc ?? unstated],
        ["stored", created === undefined ? unstated : printTime(created)],
        ["source", sourceText(source)],
        ["extension", extension === "" ? "none" : extension],
        ...(slice === undefined
          ? []
          : ([
              [
                "trunk",
                `file ${slice.trunkFileId}, offset ${printCount(slice.offset)}, slot of ${sizeText(slice.slotBytes)}`,
              ],
            ] as const)),
      ]),
    );
    return Promise.resolve(0);
  },
});

export const crc32Command = command({
  name: "crc32",
  group: "files",
  summary: "print the CRC32 of a local file, as file ids carry it",
  examples: ["crc32 photo.jpg"],
  arguments: { file: argument("FILE", "a local file") },
  options: {},
  async run({ terminal, cwd, signal }, input) {
    let crc = 0;
    for await (const chunk of createReadStream(resolve(cwd, input.file), { signal, highWaterMark: 1024 * 1024 })) {
      crc = crc32(crc, chunk as Buffer);
    }
    terminal.print(hex(crc));
    return 0;
  },
});

function hex(crc: number): string {
  return crc.toString(16).padStart(8, "0");
}

function sizeText(bytes: number): string {
  return bytes < 1024 ? `${bytes} bytes` : `${printBytes(bytes)} (${printCount(bytes)} bytes)`;
}

function dateText(date: Date): string {
  return printTime(date.getTime() / 1000);
}

function sourceText(source: FileSource | undefined): string {
  if (source === undefined) return "unknown";
  return source.type === "id" ? `storage ${source.storageId}` : `storage ${source.ip}`;
}
