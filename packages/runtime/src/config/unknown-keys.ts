// Keys that nobody reads. C ignores them silently, and a misspelt key is the commonest reason why a setting "does not
// work": each gets a warning with the nearest known name.
import type { ConfigProblems } from "./config-problems.ts";
import type { IniFile, IniItem } from "./ini-file.ts";
import { nearestName } from "./nearest-name.ts";
import { type ConfFile, matchRowName, type OptionTable } from "./option-table.ts";

/** Warns of every key and section of `ini` that no table of `conf` reads. */
export function warnOfUnknownKeys(conf: ConfFile, ini: IniFile, problems: ConfigProblems): void {
  const tables = Object.values(conf.tables);
  const unknownSections = new Set<string>();
  for (const item of ini.items) {
    if (tables.some((table) => isReadFrom(table, item.section) && knows(table, item.key))) continue;
    if (conf.removed.some((name) => matchesRemoved(name, item.key))) {
      problems.note(item, `${item.key} belongs to an older version and is ignored. You may remove the line.`);
    } else if (item.section !== "" && !tables.some((table) => table.section === item.section)) {
      if (!unknownSections.has(item.section)) warnOfSection(item, tables, problems);
      unknownSections.add(item.section);
    } else warnOfKey(item, tables, problems);
  }
}

function isReadFrom(table: OptionTable, section: string): boolean {
  return table.section === section || (section === "" && table.fallsBackToGlobal);
}

function knows(table: OptionTable, key: string): boolean {
  return Object.values(table.rows).some((row) => matchRowName(row, key) !== undefined);
}

function matchesRemoved(name: string, key: string): boolean {
  return name.endsWith("*") ? key.startsWith(name.slice(0, -1)) : key === name;
}

function warnOfSection(item: IniItem, tables: readonly OptionTable[], problems: ConfigProblems): void {
  const sections = new Set(tables.map((table) => table.section).filter((section) => section !== ""));
  const nearest = nearestName(item.section, sections);
  const hint =
    nearest !== undefined
      ? `did you mean [${nearest}]?`
      : "its keys are ignored. A line [] leads back to the global part.";
  problems.warn(item, `unknown section [${item.section}], ${hint}`);
}

function warnOfKey(item: IniItem, tables: readonly OptionTable[], problems: ConfigProblems): void {
  const home = tables.find((table) => knows(table, item.key));
  if (home !== undefined) {
    const right = home.section === "" ? "above the first section, or after a line []" : `into [${home.section}]`;
    const here = item.section === "" ? "the global part" : `[${item.section}]`;
    problems.warn(item, `"${item.key}" is not read in ${here}. Move it ${right}.`);
    return;
  }
  const readHere = tables.filter((table) => isReadFrom(table, item.section));
  const nearest = nearestName(item.key, candidates(readHere, item.key));
  const hint = nearest === undefined ? "it is ignored." : `did you mean "${nearest}"?`;
  problems.warn(item, `unknown key "${item.key}", ${hint}`);
}

/** All known names; the number in names such as store_path{n} is taken from the unknown key. */
function candidates(tables: readonly OptionTable[], key: string): string[] {
  const number = /\d+/.exec(key)?.[0] ?? "0";
  return tables.flatMap((table) => Object.values(table.rows).map((row) => row.name.replace("{n}", number)));
}
