// explain: where a tracker would send a client that asked now, among whom it chooses, and why the others are ruled out.
import type { ChoiceExplanation, FastDfsClient } from "@fastdfs-ts/client";

import { printChoice } from "../cluster/choice-report.ts";
import { clusterOptions, withClient } from "../cluster/client-choice.ts";
import type { CommandRow, Context, ExitCode } from "../table/command-row.ts";
import { command } from "../table/command-row.ts";
import { argument, flag, text, type ValuesOf } from "../table/option-kinds.ts";

const details =
  "Asking changes nothing. Each tracker decides for itself: --tracker names the one to ask. Exit code 1: there is no choice. " +
  "Of each storage, disk and throughput are how busy its busiest disk was and what that moved, disk speed what it moves " +
  "per second in which it is busy.";
const options = { json: flag("print a JSON object"), ...clusterOptions };
const file = { id: argument("ID", "file id; whether the file exists is not asked") };

const uploadCommand = command({
  name: "explain upload",
  group: "cluster",
  summary: "tell where an upload would go now, and why",
  details,
  examples: ["explain upload", "explain upload --group group1 --json"],
  arguments: {},
  options: { ...options, group: text("NAME", "to this group, as a client asks that names one", "g") },
  run: (context, input) =>
    explained(context, input, (client) => client.explainUpload(input.group, { signal: context.signal })),
});

const downloadCommand = command({
  name: "explain download",
  group: "cluster",
  summary: "tell which storage a download would be sent to now, and why",
  details,
  examples: ["explain download group1/M00/00/00/oYYBAGc…jpg"],
  arguments: file,
  options,
  run: (context, input) =>
    explained(context, input, (client) => client.explainDownload(input.id, { signal: context.signal })),
});

const changeCommand = command({
  name: "explain change",
  group: "cluster",
  summary: "tell which storage a change of a file would be sent to now, and why",
  details: `A change is appending, modifying, truncating, deleting, and setting metadata. ${details}`,
  examples: ["explain change group1/M00/00/00/oYYBAGc…log"],
  arguments: file,
  options,
  run: (context, input) =>
    explained(context, input, (client) => client.explainChange(input.id, { signal: context.signal })),
});

export const explainCommands: readonly CommandRow[] = [uploadCommand, downloadCommand, changeCommand];

function explained(
  context: Context,
  input: ValuesOf<typeof options>,
  ask: (client: FastDfsClient) => Promise<ChoiceExplanation>,
): Promise<ExitCode> {
  return withClient(context, input, async (client) => {
    const explanation = await ask(client);
    const { terminal } = context;
    terminal.print(input.json ? JSON.stringify(explanation) : printChoice(terminal, explanation));
    return explanation.choice === undefined ? 1 : 0;
  });
}
