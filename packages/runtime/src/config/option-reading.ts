// Reads a configuration file by its tables: typed values, warnings for what looks like a mistake, and one error with
// everything that is wrong.
import { ConfigProblems, type ConfigWarning } from "./config-problems.ts";
import { IniFile, type IniItem } from "./ini-file.ts";
import {
  type ConfFile,
  type ConfValues,
  matchRowName,
  type OptionRow,
  type OptionTable,
  type OptionTables,
} from "./option-table.ts";
import { readOptionValue } from "./option-value.ts";
import { warnOfUnknownKeys } from "./unknown-keys.ts";

export interface OptionReading<T extends OptionTables> {
  readonly values: ConfValues<T>;
  readonly warnings: readonly ConfigWarning[];
}

/**
 * Reads all options of a file.
 * @throws ConfigError with every value that is refused and every required key that is missing.
 */
export function readOptions<T extends OptionTables>(conf: ConfFile<T>, ini: IniFile): OptionReading<T> {
  const problems = new ConfigProblems();
  const values = collectOptions(conf, ini, problems);
  problems.throwIfRefused();
  return { values, warnings: problems.warnings };
}

/**
 * As `readOptions`, but only collects problems, so that a caller can add what it finds itself. A refused or missing
 * value is "" or 0 or the default in the answer, which must not be used if anything was refused.
 */
export function collectOptions<T extends OptionTables>(
  conf: ConfFile<T>,
  ini: IniFile,
  problems: ConfigProblems,
): ConfValues<T> {
  problems.warnings.push(...ini.warnings);
  const values: Record<string, Record<string, unknown>> = {};
  for (const [name, table] of Object.entries(conf.tables)) values[name] = readTable(table, ini, problems);
  warnOfUnknownKeys(conf, ini, problems);
  warnOfTrailingComments(ini, problems);
  return values as ConfValues<T>;
}

/** The values that an empty file gives; required ones are "". */
export function defaultValues<T extends OptionTables>(conf: ConfFile<T>): ConfValues<T> {
  return collectOptions(conf, new IniFile(conf.name, []), new ConfigProblems());
}

function readTable(table: OptionTable, ini: IniFile, problems: ConfigProblems): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, row] of Object.entries(table.rows)) {
    // An option that is switched off with another one is not even looked at, as in C.
    const isOff = row.onlyWith !== undefined && values[row.onlyWith] !== true;
    const items = isOff ? [] : itemsOf(row, table, ini);
    if (row.indexed === true) values[name] = readIndexed(row, items, problems);
    else if (row.repeated === true) values[name] = readRepeated(row, items, ini, problems);
    else values[name] = readSingle(row, items, isOff, ini, problems);
  }
  return values;
}

function itemsOf(row: OptionRow, table: OptionTable, ini: IniFile): readonly IniItem[] {
  if (row.indexed === true) {
    return ini.items.filter((item) => item.section === table.section && matchRowName(row, item.key) !== undefined);
  }
  const items = ini.all(row.name, table.section);
  return items.length === 0 && table.fallsBackToGlobal ? ini.all(row.name) : items;
}

function readSingle(
  row: OptionRow,
  items: readonly IniItem[],
  isOff: boolean,
  ini: IniFile,
  problems: ConfigProblems,
): unknown {
  const last = items.at(-1);
  if (last === undefined) {
    if (row.required === true && !isOff) refuseMissing(row, ini, problems);
    return defaultOf(row);
  }
  warnOfRepetition(items, problems);
  return readItem(row, last, problems);
}

function readRepeated(row: OptionRow, items: readonly IniItem[], ini: IniFile, problems: ConfigProblems): unknown[] {
  if (items.length === 0 && row.required === true) refuseMissing(row, ini, problems);
  return items.map((item) => readItem(row, item, problems));
}

function readIndexed(row: OptionRow, items: readonly IniItem[], problems: ConfigProblems): Map<number, unknown> {
  const byIndex = new Map<number, IniItem[]>();
  for (const item of items) {
    const index = matchRowName(row, item.key)?.index ?? 0;
    byIndex.set(index, [...(byIndex.get(index) ?? []), item]);
  }
  const values = new Map<number, unknown>();
  for (const [index, same] of byIndex) {
    if (row.repeated !== true) warnOfRepetition(same, problems);
    values.set(index, readItem(row, same.at(-1)!, problems));
  }
  return values;
}

function readItem(row: OptionRow, item: IniItem, problems: ConfigProblems): unknown {
  const read = readOptionValue(row, item.value);
  if (read.kind === "refused") {
    problems.refuse(item, `${item.key} "${item.value}" ${read.error}`);
    return defaultOf(row);
  }
  if (read.warning !== undefined) {
    problems.warn(item, `${item.key} "${item.value}" ${read.warning}`, row.reload !== undefined);
  }
  return read.value;
}

function defaultOf(row: OptionRow): unknown {
  if (row.default === undefined) return row.required === true ? "" : undefined;
  const read = readOptionValue(row, row.default);
  return read.kind === "value" ? read.value : undefined;
}

function refuseMissing(row: OptionRow, ini: IniFile, problems: ConfigProblems): void {
  const remedy = row.remedy ?? `Add a line such as: ${row.name} = ${row.sample ?? "…"}`;
  problems.refuse({ file: ini.fileName, line: undefined }, `${row.name} is missing. ${remedy}`);
}

function warnOfRepetition(items: readonly IniItem[], problems: ConfigProblems): void {
  const last = items.at(-1)!;
  for (const item of items) {
    if (item === last) continue;
    const where = item.file === last.file ? `line ${last.line}` : `${last.file} line ${last.line}`;
    problems.warn(item, `${item.key} "${item.value}" does not count: ${where} sets it again, and the last one wins.`);
  }
}

function warnOfTrailingComments(ini: IniFile, problems: ConfigProblems): void {
  for (const item of ini.items) {
    if (!/\s#/.test(item.value)) continue;
    const why = `There are no comments after a value: "${item.value}" is the whole value`;
    problems.warn(item, `${item.key}: ${why}. Move the comment to a line of its own.`);
  }
}
