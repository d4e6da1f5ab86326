// What is wrong with a configuration: warnings that a server can live with, and one error that names everything it
// cannot live with, so that nobody has to start a server five times to find five mistakes.

/** Where something was written. */
export interface ConfigPlace {
  readonly file: string;
  /** Counted from 1; `undefined` for something that is missing. */
  readonly line: number | undefined;
}

export interface ConfigProblem extends ConfigPlace {
  /** What is wrong and what to do. */
  readonly text: string;
}

/** `note`: nothing to do, worth knowing. `warning`: the server starts, but perhaps not as its owner meant. */
export interface ConfigWarning extends ConfigProblem {
  readonly severity: "warning" | "note";
  /** The value of a key that can be reloaded is not used as it is written. At a start another one is, a running server keeps its own. */
  readonly isRefusedAtReload?: boolean;
}

/** `storage.conf line 12: store_path0 "/data/x" does not exist. …` */
export function printConfigProblem(problem: ConfigProblem): string {
  const line = problem.line === undefined ? "" : ` line ${problem.line}`;
  return `${problem.file}${line}: ${problem.text}`;
}

/** A configuration that a server or tool cannot start with. `problems` holds all that was found, the message too. */
export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(printConfigProblem).join("\n"));
    this.name = "ConfigError";
    this.problems = problems;
  }
}

/** Collects problems while a configuration is read. The same complaint about the same line is kept once. */
export class ConfigProblems {
  readonly warnings: ConfigWarning[] = [];
  readonly errors: ConfigProblem[] = [];
  readonly #seen = new Set<string>();

  note(place: ConfigPlace, text: string): void {
    this.#add(this.warnings, { file: place.file, line: place.line, text, severity: "note" });
  }

  warn(place: ConfigPlace, text: string, isRefusedAtReload = false): void {
    this.#add(this.warnings, { file: place.file, line: place.line, text, severity: "warning", isRefusedAtReload });
  }

  refuse(place: ConfigPlace, text: string): void {
    this.#add(this.errors, { file: place.file, line: place.line, text });
  }

  /** Throws ConfigError if anything was refused. */
  throwIfRefused(): void {
    if (this.errors.length > 0) throw new ConfigError(this.errors);
  }

  #add<P extends ConfigProblem>(list: P[], problem: P): void {
    // Two tables may read one line: the log settings of the global part count for both logs.
    const text = printConfigProblem(problem);
    if (this.#seen.has(text)) return;
    this.#seen.add(text);
    list.push(problem);
  }
}
