// delete: stored files, by id or by list.
import { clusterOptions, withClient } from "../cluster/client-choice.ts";
import { UsageFailure } from "../failure.ts";
import { readFileList } from "../files/file-list.ts";
import { exitCodeOf, printOutcome, runMany } from "../files/many-files.ts";
import { command } from "../table/command-row.ts";
import { anyArguments, flag, text, whole } from "../table/option-kinds.ts";

export const deleteCommand = command({
  name: "delete",
  group: "files",
  summary: "delete files",
  details: "Slave files of a deleted file stay: delete them by their own ids.",
  examples: ["delete group1/M00/00/00/oYYBAGc…jpg", "delete --list ids.tsv"],
  arguments: { ids: anyArguments("ID", "file id") },
  options: {
    list: text("FILE", "delete all files of this list (upload --ids-out)", "l"),
    jobs: whole("N", "files at the same time", 4, { min: 1, max: 256 }),
    json: flag("print one JSON object at the end"),
    ...clusterOptions,
  },
  run(context, input) {
    const listed = input.list === undefined ? [] : readFileList(context.cwd, input.list, false);
    const ids = [...input.ids, ...listed.map(({ fileId }) => fileId)];
    if (ids.length === 0 && input.list === undefined) throw new UsageFailure("delete needs file ids, or --list FILE.");
    return withClient(
      context,
      input,
      async (client) => {
        const outcome = await runMany(context, {
          client,
          items: ids,
          totals: { bytes: 0, files: ids.length },
          jobs: input.jobs,
          nameOf: (id) => id,
          run: (id) => client.delete(id, { signal: context.signal }),
        });
        const { done, failed } = outcome;
        if (input.json) context.terminal.print(JSON.stringify({ deleted: done, failed }));
        if (ids.length > 1) context.terminal.tell(printOutcome("deleted", outcome));
        return exitCodeOf(context, outcome);
      },
      { connections: input.jobs },
    );
  },
});
