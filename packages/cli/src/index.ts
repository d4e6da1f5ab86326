// The door of the command line tool: what documentation and tests read.
export { type CTool, cTools } from "./c-tools.ts";
export { commands } from "./commands.ts";
export { argumentText, optionText, run } from "./program.ts";
export { commandGroups, type CommandRow, type Context } from "./table/command-row.ts";
export type { ArgumentSpec, OptionSpec } from "./table/option-kinds.ts";
