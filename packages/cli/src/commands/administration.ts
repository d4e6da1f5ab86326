// What an administrator changes at the trackers: remove a storage or a group, name the trunk server.
import type { TrackerOutcome } from "@fastdfs-ts/client";

import { clusterOptions, withClient } from "../cluster/client-choice.ts";
import { reasonOf } from "../failure.ts";
import { command, type Context, type ExitCode } from "../table/command-row.ts";
import { argument, flag, optionalArgument } from "../table/option-kinds.ts";

const groupArgument = argument("GROUP", "group name");
const json = flag("print a JSON object");

export const deleteStorageCommand = command({
  name: "delete-storage",
  group: "cluster",
  summary: "remove a stopped storage from its group, at every tracker",
  details:
    "Its files stay on its disks, but it serves them no more, and does not come back by itself; the other members of the " +
    "group keep theirs. To use the server again see `storage --rejoin`.",
  examples: ["delete-storage group1 100002"],
  arguments: { groupName: groupArgument, storageId: argument("ID", "storage id, or the address without storage ids") },
  options: { json, ...clusterOptions },
  run: (context, input) =>
    withClient(context, input, async (client) => {
      const { groupName, storageId, json } = input;
      const outcomes = await client.cluster.deleteStorage(groupName, storageId, { signal: context.signal });
      return tellOutcomes(context, outcomes, `storage ${storageId} of ${groupName}`, json);
    }),
});

export const deleteGroupCommand = command({
  name: "delete-group",
  group: "cluster",
  summary: "remove a group whose storages are all removed, at every tracker",
  examples: ["delete-group group2"],
  arguments: { groupName: groupArgument },
  options: { json, ...clusterOptions },
  run: (context, input) =>
    withClient(context, input, async (client) => {
      const { groupName, json } = input;
      const outcomes = await client.cluster.deleteGroup(groupName, { signal: context.signal });
      return tellOutcomes(context, outcomes, groupName, json);
    }),
});

export const setTrunkServerCommand = command({
  name: "set-trunk-server",
  group: "cluster",
  summary: "make a storage the trunk server of its group and print its id",
  examples: ["set-trunk-server group1 100001"],
  arguments: { groupName: groupArgument, storageId: optionalArgument("ID", "storage id; else the trackers choose") },
  options: clusterOptions,
  run: (context, input) =>
    withClient(context, input, async (client) => {
      const { groupName, storageId } = input;
      context.terminal.print(await client.cluster.setTrunkServer(groupName, storageId, { signal: context.signal }));
      return 0;
    }),
});

function tellOutcomes(
  { terminal }: Context,
  outcomes: readonly TrackerOutcome[],
  what: string,
  json: boolean,
): ExitCode {
  const failed = outcomes.filter(({ error }) => error !== undefined);
  if (json) {
    const trackers = outcomes.map(({ tracker, error }) => ({
      tracker,
      ...(error === undefined ? { removed: true } : { removed: false, error: reasonOf(error) }),
    }));
    terminal.print(JSON.stringify({ trackers }));
  } else {
    for (const { tracker, error } of outcomes) {
      if (error === undefined) terminal.print(`${tracker}: ${what} is removed`);
      else terminal.tell(`fdfs: ${tracker}: ${what} is not removed: ${reasonOf(error)}`);
    }
  }
  return failed.length === 0 ? 0 : 1;
}
