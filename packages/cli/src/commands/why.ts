// why: the story of one storage, in words, and what to do about it.
import { clusterOptions, withClient } from "../cluster/client-choice.ts";
import { findStorages, tellStory } from "../cluster/storage-story.ts";
import { CommandFailure } from "../failure.ts";
import { command } from "../table/command-row.ts";
import { argument, flag, text } from "../table/option-kinds.ts";

export const whyCommand = command({
  name: "why",
  group: "cluster",
  summary: "tell why a storage is in the state it is in, and what to do",
  details: "STORAGE is its id, its address, or its address and port.",
  examples: ["why 100002", "why 10.0.0.12 --group group1", "why 10.0.0.12:23000 --json"],
  arguments: { storage: argument("STORAGE", "storage id, address, or address:port") },
  options: { json: flag("print a JSON object"), group: text("NAME", "only in this group", "g"), ...clusterOptions },
  run: (context, input) =>
    withClient(context, input, async (client) => {
      const explained = await client.explain(input.group, { signal: context.signal });
      const found = findStorages(explained, input.storage);
      if (found.length === 0) {
        throw new CommandFailure(`The trackers know no storage ${input.storage}. fdfs monitor lists those they know.`);
      }
      if (input.json) context.terminal.print(JSON.stringify({ takenSeconds: explained.takenSeconds, storages: found }));
      else context.terminal.print(found.map((one) => tellStory(one, explained)).join("\n\n"));
      return 0;
    }),
});
