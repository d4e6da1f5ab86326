// Two readings of one configuration file, compared key by key, and which of the differences a running server can take over:
// the `reload` of their rows decides.
import { invariant } from "../invariant.ts";
import { printSizeBytes, printSpaceReserve, printTimeOfDay, type SpaceReserve, type TimeOfDay } from "../quantities.ts";
import type { ConfFile, ConfValues, OptionRow, OptionTables } from "./option-table.ts";

/** A key whose value in the file is not the one in use, both in the spelling of the file. */
export interface KeyChange {
  /** "store_lookup", or with its section "[error-log] rotate". */
  readonly key: string;
  readonly from: string;
  readonly to: string;
}

/** What differs between `running` and `read`: keys that can be reloaded, and those that need a restart. */
export function compareValues<T extends OptionTables>(
  conf: ConfFile<T>,
  running: ConfValues<T>,
  read: ConfValues<T>,
): { readonly changed: KeyChange[]; readonly needsRestart: KeyChange[] } {
  const changed: KeyChange[] = [];
  const needsRestart: KeyChange[] = [];
  for (const [tableName, { section, rows }] of Object.entries(conf.tables)) {
    for (const [name, row] of Object.entries(rows)) {
      // Where it is read only once, the key that it goes with tells the difference.
      if (row.onlyWith !== undefined && running[tableName]?.[row.onlyWith] !== read[tableName]?.[row.onlyWith])
        continue;
      const from = printValue(row, running[tableName]?.[name]);
      const to = printValue(row, read[tableName]?.[name]);
      if (from === to) continue;
      const key = section === "" ? row.name : `[${section}] ${row.name}`;
      (row.reload === undefined ? needsRestart : changed).push({ key, from, to });
    }
  }
  return { changed, needsRestart };
}

/** `running` with those values of `read` that can be reloaded. */
export function takeReloadable<T extends OptionTables>(
  conf: ConfFile<T>,
  running: ConfValues<T>,
  read: ConfValues<T>,
): ConfValues<T> {
  const merged = Object.entries(conf.tables).map(([tableName, { rows }]) => {
    const taken = Object.keys(rows).filter((name) => rows[name]?.reload !== undefined);
    return [
      tableName,
      { ...running[tableName], ...Object.fromEntries(taken.map((name) => [name, read[tableName]?.[name]])) },
    ];
  });
  return Object.fromEntries(merged) as ConfValues<T>;
}

/** As the file spells it. Different values have different texts. */
function printValue(row: OptionRow, value: unknown): string {
  invariant(row.indexed !== true, "a file with numbered keys is not reloaded");
  if (value === undefined) return "not set";
  if (Array.isArray(value)) return value.length === 0 ? "not set" : value.map((one) => printOne(row, one)).join(", ");
  return printOne(row, value);
}

function printOne(row: OptionRow, value: unknown): string {
  switch (row.type) {
    case "duration":
      return String((value as number) / (row.unit === "s" ? 1000 : 1));
    case "size":
      return printSizeBytes(value as number);
    case "time":
      return printTimeOfDay(value as TimeOfDay);
    case "choice":
      return row.choices?.[value as string]?.[0] ?? String(value);
    case "space-reserve":
      return printSpaceReserve(value as SpaceReserve);
    case "boolean":
    case "integer":
      return String(value);
    case "text":
    case "path":
      return value === "" ? "empty" : String(value);
  }
}
