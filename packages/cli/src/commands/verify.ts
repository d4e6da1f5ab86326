// verify: compares stored files with local ones, byte by byte.
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { resolve } from "node:path";

import type { FastDfsClient } from "@fastdfs-ts/client";

import { clusterOptions, withClient } from "../cluster/client-choice.ts";
import { CommandFailure } from "../failure.ts";
import { type ListedFile, readFileList } from "../files/file-list.ts";
import { printOutcome, runMany } from "../files/many-files.ts";
import { command } from "../table/command-row.ts";
import { flag, requiredText, whole } from "../table/option-kinds.ts";
import type { ProgressBar } from "../terminal/progress-bar.ts";
import { printCount } from "../terminal/units.ts";
import { pathBelow } from "./download.ts";

export const verifyCommand = command({
  name: "verify",
  group: "files",
  summary: "compare stored files with local ones, byte by byte",
  details: "Reads every file of the list from the store. Exits with 1 if one is missing or differs.",
  examples: ["verify --list ids.tsv --against ./pictures"],
  arguments: {},
  options: {
    list: requiredText("FILE", "the list (upload --ids-out)"),
    against: requiredText("DIR", "directory with the local files"),
    jobs: whole("N", "files on their way at the same time", 4, { min: 1, max: 256 }),
    json: flag("print one JSON object at the end"),
    ...clusterOptions,
  },
  run(context, input) {
    const files = readFileList(context.cwd, input.list, true);
    const root = resolve(context.cwd, input.against);
    return withClient(
      context,
      input,
      async (client) => {
        const outcome = await runMany<ListedFile>(context, {
          client,
          items: files,
          totals: { bytes: 0, files: files.length },
          jobs: input.jobs,
          nameOf: ({ path }) => path,
          run: (file, bar) => compare(client, file.fileId, pathBelow(root, file.path), context.signal, bar),
        });
        const { done, failed, bytes } = outcome;
        if (input.json) context.terminal.print(JSON.stringify({ identical: done, bytes, failed }));
        context.terminal.tell(printOutcome("identical:", outcome));
        return failed.length === 0 ? 0 : 1;
      },
      { connections: input.jobs },
    );
  },
});

/** Throws CommandFailure that says where the two differ, or what the client throws. */
async function compare(
  client: FastDfsClient,
  fileId: string,
  path: string,
  signal: AbortSignal,
  bar: Pick<ProgressBar, "addBytes">,
): Promise<void> {
  const fd = openSync(path, "r");
  try {
    const localBytes = fstatSync(fd).size;
    await using download = await client.download(fileId, { signal });
    if (download.size !== localBytes) {
      throw new CommandFailure(
        `the stored file has ${printCount(download.size)} bytes, the local one ${printCount(localBytes)}.`,
      );
    }
    let at = 0;
    let local = Buffer.alloc(0);
    for await (const chunk of download) {
      if (local.length < chunk.length) local = Buffer.allocUnsafe(chunk.length);
      const got = readSync(fd, local, 0, chunk.length, at);
      const same = got === chunk.length && chunk.compare(local, 0, chunk.length) === 0;
      if (!same)
        throw new CommandFailure(
          `the content differs within bytes ${printCount(at)} to ${printCount(at + chunk.length)}.`,
        );
      at += chunk.length;
      bar.addBytes(chunk.length);
    }
  } finally {
    closeSync(fd);
  }
}
