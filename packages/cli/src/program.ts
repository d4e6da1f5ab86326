// From the command table to a run: builds the parser, gives the handler its input, turns failures into one line and an
// exit code. Nothing here knows any single command.
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from "commander";

import { cTools, translateCTool } from "./c-tools.ts";
import { commands } from "./commands.ts";
import { cUsageExitCode, describeFailure, errnoOf, exitCodes, UsageFailure } from "./failure.ts";
import { commandFamilies, commandGroups, type CommandRow, type Context } from "./table/command-row.ts";
import type { ArgumentSpec, OptionSpec } from "./table/option-kinds.ts";

const version = "0.1.0";

/**
 * Runs one command line. `argv` begins with the name the program was called by ("fdfs", or that of a C tool). Never
 * throws; answers the exit code of the process.
 */
export async function run(argv: readonly string[], context: Context): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const isCTool = nameOfCTool(argv) !== undefined;
  try {
    const program = buildProgram({ ...context, isCTool }, (code) => {
      exitCode = code;
    });
    await program.parseAsync(ownArguments(argv), { from: "user" });
    return exitCode;
  } catch (error) {
    return report(error, { ...context, isCTool }, helpFor(argv));
  }
}

/** The help that fits a command line: "fdfs upload --help", "fdfs --help". */
function helpFor([, ...words]: readonly string[]): string {
  const row = commands.find(({ name }) => name.split(" ").every((word, at) => word === words[at]));
  return row === undefined ? "fdfs --help" : `fdfs ${row.name} --help`;
}

/** A C tool can be called directly or as the first argument. */
function nameOfCTool([name = "", first = ""]: readonly string[]): string | undefined {
  return [name, first].find((one) => Object.hasOwn(cTools, one));
}

/** A call of a C tool becomes one of ours. */
function ownArguments(argv: readonly string[]): string[] {
  const tool = nameOfCTool(argv);
  return tool === undefined ? argv.slice(1) : translateCTool(tool, argv.slice(argv.indexOf(tool) + 1));
}

function report(error: unknown, context: Context, help: string): number {
  const { terminal, env, signal, isCTool } = context;
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return exitCodes.ok;
    // Without arguments the overview was printed: there is nothing to add.
    if (error.code !== "commander.help") terminal.tell(`fdfs: ${usageText(error.message)} See "${help}".`);
    return isCTool === true ? cUsageExitCode : exitCodes.usage;
  }
  if (signal.aborted) {
    terminal.tell("fdfs: interrupted.");
    return exitCodes.interrupted;
  }
  const { lines, exitCode } = describeFailure(error);
  for (const line of lines) terminal.tell(`fdfs: ${line}`);
  if (env.FDFS_DEBUG === "1" && error instanceof Error) terminal.tell(String(error.stack));
  if (isCTool !== true) return exitCode;
  return error instanceof UsageFailure ? cUsageExitCode : errnoOf(error);
}

/** "error: unknown option '--x'\n(Did you mean --y?)" → one line. */
function usageText(message: string): string {
  const text = message
    .replace(/^error: /, "")
    .replace(/\s*\n\s*/g, " ")
    .replace(/ is invalid\. (?=[a-z])/, " is invalid: ");
  return /[.?)]$/.test(text) ? text : `${text}.`;
}

/** The parser of the whole program. `done` hears the exit code of the command that ran. */
function buildProgram(context: Context, done: (exitCode: number) => void): Command {
  const program = silent(new Command("fdfs"), context)
    .usage("COMMAND …")
    .description("FastDFS in TypeScript: servers, client and tools in one command.")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand(false)
    .showSuggestionAfterError(true)
    .addHelpText("after", overviewEnd);
  for (const heading of Object.values(commandGroups)) program.commandsGroup(heading);
  for (const row of commands) addCommand(parentOf(program, row, context), row, context, done);
  return program;
}

const overviewEnd = `
Where the trackers are: --tracker, --conf, FDFS_TRACKERS=host:port,…, a running "fdfs up" below this folder, or
127.0.0.1:22122. The C tools work too: fdfs fdfs_upload_file CONF FILE, fdfs fdfs_monitor CONF …
FDFS_DEBUG=1 shows where an error comes from.`;

/** The program, or for "config init" the command "config". */
function parentOf(program: Command, row: CommandRow, context: Context): Command {
  const words = row.name.split(" ");
  if (words.length === 1) return program;
  const known = program.commands.find((command) => command.name() === words[0]);
  if (known !== undefined) return known;
  const family = words[0] as keyof typeof commandFamilies;
  const parent = silent(new Command(family), context)
    .helpOption("-h, --help", "print help")
    .helpCommand(false)
    .helpGroup(`${commandGroups[row.group]}:`)
    .usage("COMMAND …")
    .description(commandFamilies[family]);
  program.addCommand(parent);
  return parent;
}

function addCommand(parent: Command, row: CommandRow, context: Context, done: (exitCode: number) => void): void {
  const command = silent(new Command(row.name.split(" ").at(-1)), context)
    .helpOption("-h, --help", "print help")
    .helpGroup(row.name.includes(" ") ? "Commands:" : `${commandGroups[row.group]}:`)
    .summary(row.summary)
    .description(row.details === undefined ? `${capital(row.summary)}.` : `${capital(row.summary)}.\n\n${row.details}`)
    .addHelpText("after", examplesText(row))
    .allowExcessArguments(false);
  const argumentNames = Object.keys(row.arguments);
  for (const spec of Object.values(row.arguments)) command.addArgument(parserArgument(spec));
  for (const [name, spec] of Object.entries(row.options)) command.addOption(parserOption(name, spec));
  command.action(async (...values: unknown[]) => {
    const input: Record<string, unknown> = command.opts();
    for (const [at, name] of argumentNames.entries()) input[name] = values[at];
    done(await row.run(context, input));
  });
  parent.addCommand(command);
}

/** Errors are thrown, not printed: `report` is the only voice. */
function silent(command: Command, { terminal }: Context): Command {
  return command
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.write(text),
      writeErr: (text) => terminal.tellRaw(text),
      outputError() {},
    })
    .configureHelp({ optionDescription: optionMeaning });
}

function examplesText(row: CommandRow): string {
  if (row.examples.length === 0) return "";
  return `\nExamples:\n${row.examples.map((example) => `  fdfs ${example}`).join("\n")}`;
}

function parserArgument(spec: ArgumentSpec): Argument {
  return new Argument(argumentText(spec), spec.meaning);
}

/** "<FILE...>", "[PATH]" … */
export function argumentText({ placeholder, count }: ArgumentSpec): string {
  if (count === "one") return `<${placeholder}>`;
  if (count === "many") return `<${placeholder}...>`;
  return count === "optional" ? `[${placeholder}]` : `[${placeholder}...]`;
}

function parserOption(name: string, spec: OptionSpec): Option {
  const option = new Option(optionText(name, spec), spec.meaning);
  // A default would count as given.
  if (spec.isRequired !== true) option.default(spec.initial, spec.initialText);
  option.makeOptionMandatory(spec.isRequired === true);
  if (spec.placeholder !== undefined) {
    option.argParser((value, before) => {
      try {
        return spec.parse?.(value, before);
      } catch (error) {
        if (error instanceof RangeError) throw new InvalidArgumentError(error.message);
        throw error;
      }
    });
  }
  return option;
}

/** Only defaults that say something: commander would add "false" and "[]". */
function optionMeaning(option: Option): string {
  const { description, defaultValueDescription: initial } = option;
  return initial === undefined ? description : `${description} (default: ${initial})`;
}

/** "-e, --ext EXT" as it stands in help. */
export function optionText(name: string, spec: OptionSpec): string {
  const long = `--${kebab(name)}${spec.placeholder === undefined ? "" : ` <${spec.placeholder}>`}`;
  return spec.short === undefined ? long : `-${spec.short}, ${long}`;
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
