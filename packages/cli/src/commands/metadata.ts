// meta get, meta set, meta merge: names and values beside a file.
import { clusterOptions, withClient } from "../cluster/client-choice.ts";
import { parseMetadataPairs } from "../files/metadata-pairs.ts";
import { command, type CommandRow } from "../table/command-row.ts";
import { anyArguments, argument, flag, someArguments } from "../table/option-kinds.ts";
import { printFacts } from "../terminal/table.ts";

const id = argument("ID", "file id");

const metaGetCommand = command({
  name: "meta get",
  group: "appenders",
  summary: "print the metadata of a file",
  examples: ["meta get group1/M00/00/00/oYYBAGc…jpg"],
  arguments: { id },
  options: { json: flag("print a JSON object"), ...clusterOptions },
  run: (context, input) =>
    withClient(context, input, async (client) => {
      const metadata = await client.getMetadata(input.id, { signal: context.signal });
      const pairs = Object.entries(metadata);
      if (input.json) context.terminal.print(JSON.stringify(metadata));
      else if (pairs.length === 0) context.terminal.tell("The file has no metadata.");
      else context.terminal.print(printFacts(pairs));
      return 0;
    }),
});

const metaSetCommand = command({
  name: "meta set",
  group: "appenders",
  summary: "replace all metadata of a file; without pairs: remove it",
  examples: ["meta set group1/M00/00/00/oYYBAGc…jpg width=1920 height=1080"],
  arguments: { id, pairs: anyArguments("NAME=VALUE", "name (at most 64 bytes) and value (at most 256)") },
  options: clusterOptions,
  run: (context, input) =>
    withClient(context, input, async (client) => {
      await client.setMetadata(input.id, parseMetadataPairs(input.pairs), {
        mode: "overwrite",
        signal: context.signal,
      });
      return 0;
    }),
});

const metaMergeCommand = command({
  name: "meta merge",
  group: "appenders",
  summary: "add metadata to a file; new values win",
  examples: ["meta merge group1/M00/00/00/oYYBAGc…jpg author=Li"],
  arguments: { id, pairs: someArguments("NAME=VALUE", "name (at most 64 bytes) and value (at most 256)") },
  options: clusterOptions,
  run: (context, input) =>
    withClient(context, input, async (client) => {
      await client.setMetadata(input.id, parseMetadataPairs(input.pairs), { mode: "merge", signal: context.signal });
      return 0;
    }),
});

export const metadataCommands: readonly CommandRow[] = [metaGetCommand, metaSetCommand, metaMergeCommand];
