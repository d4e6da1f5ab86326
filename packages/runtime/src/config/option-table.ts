// One row per configuration key: what it is called, what it may be, what it means. The reader, the types of the
// values, the sample files and docs/CONFIGURATION.md all follow from these rows, so they cannot disagree.
import type { SpaceReserve, TimeOfDay } from "../quantities.ts";

/** What happens to a number beyond a limit. */
export type OutOfRange =
  /** The server does not start. */
  | "refuse"
  /** Moved to the limit, with a warning. */
  | "limit"
  /** Replaced by the default, with a warning. */
  | "default";

export interface OptionRange {
  readonly min?: number;
  readonly below?: OutOfRange;
  readonly max?: number;
  readonly above?: OutOfRange;
}

type OptionType =
  /** true, yes, on, 1; everything else is no. */
  | "boolean"
  /** Leading decimal digits. With `words`, one of these instead. */
  | "integer"
  /** An integer in `unit` in the file, milliseconds in the program. */
  | "duration"
  /** "256KB" in the file, bytes in the program. */
  | "size"
  /** "02:00". */
  | "time"
  /** One of `choices`. */
  | "choice"
  | "text"
  /** A path; slashes at its end are cut. */
  | "path"
  /** "20%" or a size. */
  | "space-reserve";

export interface OptionRow {
  /** The key in the file. With `indexed`, "{n}" in it stands for a number. */
  readonly name: string;
  readonly type: OptionType;
  /** Unit of a duration in the file, or of a plain number (documentation only). */
  readonly unit?: "s" | "ms" | "bytes" | "days" | "files";
  /** Default in the spelling of the file; `undefined`: there is none. */
  readonly default: string | undefined;
  /** In the unit of the file; bytes for sizes. */
  readonly range?: OptionRange;
  /** Name in the program → spellings in the file. A spelling that ends in "…" matches every word that begins so. */
  readonly choices?: Readonly<Record<string, readonly string[]>>;
  /** For a choice: compare leading digits, as C reads numbers. */
  readonly numeric?: true;
  /** For a choice: what any other value means. Missing: it is refused. */
  readonly otherwise?: string;
  /** For an integer: words that may stand instead of a number. */
  readonly words?: readonly string[];
  /** For a text: says what is wrong with a value and what to do, or `undefined`. */
  readonly check?: (value: string) => string | undefined;
  /** For the documentation: what `check` and other rules allow. */
  readonly allowed?: string;
  readonly meaning: string;
  /** FastDFS version that brought the key; "fastdfs-ts …" for our own, which C ignores. */
  readonly since?: string;
  /** May stand several times; all values count, in order. */
  readonly repeated?: true;
  /** One key per number: store_path0, store_path1 … */
  readonly indexed?: true;
  /** Without it the program does not start. */
  readonly required?: true;
  /** Read only if this boolean of the same table (its name in the program) is true. */
  readonly onlyWith?: string;
  /** Value in sample files, where it is not the default. */
  readonly sample?: string;
  /** What to do if a required key is missing. */
  readonly remedy?: string;
  /**
   * What becomes of a new value when a running server reads its file again. Missing: it needs a restart.
   * at-once: the server goes by it from then on.
   * storages-at-start: so does the tracker; storages ask for it when they start, and keep what they got.
   */
  readonly reload?: "at-once" | "storages-at-start";
  readonly effect: "used" | `accepted, no effect here because ${string}`;
}

export type OptionRows = Readonly<Record<string, OptionRow>>;

/** Rows that stand together in one section of a file. */
export interface OptionTable<R extends OptionRows = OptionRows> {
  /** Heading in sample files and in the documentation. */
  readonly title: string;
  /** "" for the global part. */
  readonly section: string;
  /** A key that is missing in the section is looked up in the global part (only the log settings). */
  readonly fallsBackToGlobal: boolean;
  readonly rows: R;
}

export type OptionTables = Readonly<Record<string, OptionTable>>;

/** All keys of one kind of configuration file. */
export interface ConfFile<T extends OptionTables = OptionTables> {
  /** "tracker.conf" */
  readonly name: string;
  readonly purpose: string;
  readonly tables: T;
  /** Keys of older versions, read without complaint: names, or beginnings that end in "*". */
  readonly removed: readonly string[];
}

type SingleValue<R extends OptionRow> = R extends { type: "boolean" }
  ? boolean
  : R extends { type: "integer"; words: readonly (infer W)[] }
    ? number | W
    : R extends { type: "integer" | "duration" | "size" }
      ? number
      : R extends { type: "time" }
        ? TimeOfDay
        : R extends { type: "choice"; choices: infer C }
          ? keyof C & string
          : R extends { type: "space-reserve" }
            ? SpaceReserve
            : string;

/** The type of the value that a row describes. */
type OptionValue<R extends OptionRow> = R extends { indexed: true }
  ? ReadonlyMap<number, SingleValue<R>>
  : R extends { repeated: true }
    ? readonly SingleValue<R>[]
    : R extends { required: true }
      ? SingleValue<R>
      : R extends { default: string }
        ? SingleValue<R>
        : SingleValue<R> | undefined;

/** The values of a table, by their names in the program. */
export type TableValues<R extends OptionRows> = { readonly [K in keyof R]: OptionValue<R[K]> };

/** The values of a file: table name → its values. */
export type ConfValues<T extends OptionTables> = { readonly [K in keyof T]: TableValues<T[K]["rows"]> };

/** Rows of the global part. */
export function globalTable<const R extends OptionRows>(title: string, rows: R): OptionTable<R> {
  return { title, section: "", fallsBackToGlobal: false, rows };
}

/** Rows of a section. */
export function sectionTable<const R extends OptionRows>(
  title: string,
  section: string,
  rows: R,
  fallsBackToGlobal: boolean,
): OptionTable<R> {
  return { title, section, fallsBackToGlobal, rows };
}

/** Whether a key in a file belongs to a row; for indexed rows its number. */
export function matchRowName(row: OptionRow, key: string): { index: number | undefined } | undefined {
  if (row.indexed !== true) return row.name === key ? { index: undefined } : undefined;
  const [before, after] = row.name.split("{n}");
  if (before === undefined || after === undefined || !key.startsWith(before) || !key.endsWith(after)) return undefined;
  const digits = key.slice(before.length, key.length - after.length);
  return /^(?:0|[1-9]\d{0,4})$/.test(digits) ? { index: Number(digits) } : undefined;
}
