// A row of the command table: everything the program knows about one command. Dispatch, help and documentation read
// these rows and nothing else.
import type { World } from "@fastdfs-ts/runtime";

import type { Terminal } from "../terminal/terminal.ts";
import type { ArgumentSpecs, OptionSpecs, ValuesOf } from "./option-kinds.ts";

/** What a handler can reach. */
export interface Context {
  readonly terminal: Terminal;
  readonly world: World;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Relative paths of the user start here. */
  readonly cwd: string;
  /** Fires at the first Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  /** SIGHUP, which ends the process unless somebody listens. */
  readonly hangups: { listen(listener: () => void): Disposable };
  /** Whether a C tool was called: those exit with the errno of a failure. */
  readonly isCTool?: boolean;
}

/**
 * 0: done · 1, or the errno for a C tool: (a part of) it failed, and it has been said what. Usage errors (2) and everything
 * else are thrown.
 */
export type ExitCode = number;

/** Headings of the overview, in its order. */
export const commandGroups = {
  servers: "Servers",
  files: "Files",
  appenders: "Appender files, slaves, metadata",
  cluster: "Cluster",
  setup: "Setup and trouble",
} as const;

/** Commands of two words, by their first one. */
export const commandFamilies = {
  meta: "get, set or merge the names and values kept beside a file",
  explain: "where the trackers would send an upload, a download or a change of a file now, and why",
  stat: "trackers, storages or groups, filtered by the trackers",
  config: "init: write sample files; check: say what is wrong with existing ones",
} as const;

export interface CommandRow {
  /** One word, or two for a command below another ("config init"). */
  readonly name: string;
  readonly group: keyof typeof commandGroups;
  /** One line for the overview. */
  readonly summary: string;
  /** What the summary leaves open; whole sentences. */
  readonly details?: string | undefined;
  /** Command lines without "fdfs". */
  readonly examples: readonly string[];
  readonly arguments: ArgumentSpecs;
  readonly options: OptionSpecs;
  run(context: Context, input: Readonly<Record<string, unknown>>): Promise<ExitCode>;
}

interface TypedRow<A extends ArgumentSpecs, O extends OptionSpecs> extends Omit<
  CommandRow,
  "arguments" | "options" | "run"
> {
  readonly arguments: A;
  readonly options: O;
  run(context: Context, input: ValuesOf<A> & ValuesOf<O>): Promise<ExitCode>;
}

/** Makes a row; the handler's input has the types of the row's arguments and options. */
export function command<A extends ArgumentSpecs, O extends OptionSpecs>(row: TypedRow<A, O>): CommandRow {
  // The program fills the input from these same specs (program.ts), which is what makes the narrower type true.
  return row;
}
