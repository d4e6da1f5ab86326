// locate: which storages have a file, as far as trackers can tell from its name.
import { type Endpoint, printServerAddress } from "@fastdfs-ts/runtime";

import { clusterOptions, withClient } from "../cluster/client-choice.ts";
import { command } from "../table/command-row.ts";
import { argument, flag } from "../table/option-kinds.ts";

export const locateCommand = command({
  name: "locate",
  group: "files",
  summary: "show the storages that should have a file",
  details: "Trackers tell by the file id alone and do not know whether the file is there: ask that with `fdfs info`.",
  examples: ["locate group1/M00/00/00/oYYBAGc…jpg"],
  arguments: { id: argument("ID", "file id") },
  options: { json: flag("print a JSON object"), ...clusterOptions },
  run: (context, input) =>
    withClient(context, input, async ({ cluster }) => {
      const { terminal, signal } = context;
      const holders = (await cluster.queryFetchAll(input.id, { signal })).map(addressText);
      const changedAt = addressText(await cluster.queryUpdate(input.id, { signal }));
      if (input.json) terminal.print(JSON.stringify({ fileId: input.id, holders, changedAt }));
      else terminal.print(holders.map((one) => (one === changedAt ? `${one}  takes changes` : one)).join("\n"));
      return 0;
    }),
});

function addressText({ host, port }: Endpoint): string {
  return printServerAddress({ hosts: [host], port });
}
