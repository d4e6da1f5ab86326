// Both command tables, and how to find a row by its command byte.
import type { Command } from "./command.ts";
import { storageCommands } from "./storage-commands.ts";
import { trackerCommands } from "./tracker-commands.ts";

export const commands = { tracker: trackerCommands, storage: storageCommands };

export type TrackerCommandName = keyof typeof trackerCommands;
export type StorageCommandName = keyof typeof storageCommands;

/** A row whose message types do not matter to the reader. */
// A command's messages take and give their own types; a table of all commands can only be read with `never` going in.
export type AnyCommand = Omit<Command<never, never>, "request" | "answer"> & Pick<Command, "request" | "answer">;

export interface NamedCommand {
  readonly name: string;
  readonly command: AnyCommand;
}

const byCode = {
  tracker: indexByCode(trackerCommands),
  storage: indexByCode(storageCommands),
};

/** The command with this byte at a tracker or storage, or undefined if there is none. */
export function findCommand(server: "tracker" | "storage", code: number): NamedCommand | undefined {
  return byCode[server].get(code);
}

function indexByCode(table: Record<string, AnyCommand>): Map<number, NamedCommand> {
  return new Map(Object.entries(table).map(([name, row]) => [row.code, { name, command: row }]));
}
