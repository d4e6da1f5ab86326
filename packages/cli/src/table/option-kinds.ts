// The kinds of options and arguments a command can have. Each carries its meaning and its parser, so that help text,
// documentation and the types of a handler's input come from the same place.
import { parseServerAddress, parseSizeBytes, printServerAddress } from "@fastdfs-ts/runtime";

/** What follows an option on the command line and what becomes of it. */
export interface OptionSpec<T = unknown> {
  /** One letter without the dash. */
  readonly short?: string | undefined;
  /** "N", "FILE" …; missing: the option takes no value. */
  readonly placeholder?: string | undefined;
  readonly meaning: string;
  /** Value without the option. */
  readonly initial: T;
  /** The initial value as help shows it; missing: not shown. */
  readonly initialText?: string | undefined;
  readonly isRequired?: boolean | undefined;
  /** Throws RangeError with a reason if the text is no good. `before`: what earlier occurrences gave. */
  parse?(text: string, before: T): T;
}

export interface ArgumentSpec<T = unknown> {
  readonly placeholder: string;
  readonly meaning: string;
  /** one: exactly one · optional: none or one · many: at least one · any: none or more */
  readonly count: "one" | "optional" | "many" | "any";
  /** Never set: it only carries the type of the value. */
  readonly type?: T;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;
export type ArgumentSpecs = Readonly<Record<string, ArgumentSpec>>;

/** The values of specs, by name. */
export type ValuesOf<S> = {
  readonly [K in keyof S]: S[K] extends OptionSpec<infer T> ? T : S[K] extends ArgumentSpec<infer T> ? T : never;
};

export function flag(meaning: string, short?: string): OptionSpec<boolean> {
  return { meaning, initial: false, short };
}

export function text(placeholder: string, meaning: string, short?: string): OptionSpec<string | undefined> {
  return { placeholder, meaning, short, initial: undefined, parse: notEmpty };
}

export function textOr(placeholder: string, meaning: string, initial: string): OptionSpec<string> {
  return { placeholder, meaning, initial, initialText: initial, parse: notEmpty };
}

export function requiredText(placeholder: string, meaning: string): OptionSpec<string> {
  return { placeholder, meaning, initial: "", isRequired: true, parse: notEmpty };
}

/** May stand several times. */
export function texts(placeholder: string, meaning: string, short?: string): OptionSpec<readonly string[]> {
  return { placeholder, meaning, short, initial: [], parse: (value, before) => [...before, notEmpty(value)] };
}

/** "host:port", several times; the port may be left out. */
export function addresses(placeholder: string, meaning: string, defaultPort: number): OptionSpec<readonly string[]> {
  return {
    placeholder,
    meaning,
    initial: [],
    parse(value, before) {
      const address = parseServerAddress(value, defaultPort);
      if (typeof address === "string") throw new RangeError(address);
      return [...before, printServerAddress(address)];
    },
  };
}

interface WholeRange {
  readonly min: number;
  readonly max?: number;
}

/** A whole number in a range, with a default. */
export function whole(placeholder: string, meaning: string, initial: number, range: WholeRange): OptionSpec<number> {
  return { placeholder, meaning, initial, initialText: String(initial), parse: (value) => parseWhole(value, range) };
}

/** A whole number in a range, or `undefined` if the option is not given. */
export function optionalWhole(placeholder: string, meaning: string, range: WholeRange): OptionSpec<number | undefined> {
  return { placeholder, meaning, initial: undefined, parse: (value) => parseWhole(value, range) };
}

/** A question that may be left open. */
export function optionalYesNo(meaning: string): OptionSpec<boolean | undefined> {
  return {
    placeholder: "yes|no",
    meaning,
    initial: undefined,
    parse(value) {
      if (value !== "yes" && value !== "no") throw new RangeError("it must be yes or no");
      return value === "yes";
    },
  };
}

/** A size in bytes, "64KB" allowed. */
export function size(placeholder: string, meaning: string, initialText: string): OptionSpec<number> {
  return { placeholder, meaning, initial: parseSize(initialText), initialText, parse: parseSize };
}

export function optionalSize(placeholder: string, meaning: string): OptionSpec<number | undefined> {
  return { placeholder, meaning, initial: undefined, parse: parseSize };
}

export function requiredSize(placeholder: string, meaning: string): OptionSpec<number> {
  return { placeholder, meaning, initial: 0, isRequired: true, parse: parseSize };
}

export function choice<const C extends string>(
  choices: readonly C[],
  meaning: string,
  initial: NoInfer<C>,
): OptionSpec<C> {
  return {
    placeholder: choices.join("|"),
    meaning,
    initial,
    initialText: initial,
    parse(value) {
      const found = choices.find((one) => one === value);
      if (found === undefined) throw new RangeError(`it must be one of ${choices.join(", ")}`);
      return found;
    },
  };
}

export function argument(placeholder: string, meaning: string): ArgumentSpec<string> {
  return { placeholder, meaning, count: "one" };
}

export function optionalArgument(placeholder: string, meaning: string): ArgumentSpec<string | undefined> {
  return { placeholder, meaning, count: "optional" };
}

export function someArguments(placeholder: string, meaning: string): ArgumentSpec<readonly string[]> {
  return { placeholder, meaning, count: "many" };
}

export function anyArguments(placeholder: string, meaning: string): ArgumentSpec<readonly string[]> {
  return { placeholder, meaning, count: "any" };
}

function notEmpty(value: string): string {
  if (value === "") throw new RangeError("it is empty");
  return value;
}

function parseWhole(value: string, { min, max }: WholeRange): number {
  const number = /^\d{1,15}$/.test(value) ? Number(value) : NaN;
  if (number >= min && number <= (max ?? Number.MAX_SAFE_INTEGER)) return number;
  throw new RangeError(
    `it must be a whole number ${max === undefined ? `of at least ${min}` : `from ${min} to ${max}`}`,
  );
}

function parseSize(value: string): number {
  const bytes = parseSizeBytes(value);
  if (bytes === undefined || bytes < 0) throw new RangeError("it must be a size: 4096, 64KB, 10MB, 2GB");
  return bytes;
}
