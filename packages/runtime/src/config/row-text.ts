// A row of an option table in words: for sample files and for the documentation.
import { printSizeBytes } from "../quantities.ts";
import type { OptionRow, OutOfRange } from "./option-table.ts";

const typeWords: Readonly<Record<OptionRow["type"], string>> = {
  boolean: "yes or no",
  integer: "number",
  duration: "number",
  size: "size",
  time: "time of day",
  choice: "one of",
  text: "text",
  path: "path",
  "space-reserve": "share or size",
};

const unitWords = { s: "seconds", ms: "milliseconds", bytes: "bytes", days: "days", files: "files" } as const;

const outOfRangeWords: Readonly<Record<OutOfRange, string>> = {
  refuse: "refused",
  limit: "the limit is used",
  default: "the default is used",
};

/** "number (seconds)", "one of ms, us" … */
export function typeText(row: OptionRow): string {
  if (row.type === "choice") return `one of ${spellings(row).join(", ")}`;
  const unit = row.unit === undefined ? "" : ` (${unitWords[row.unit]})`;
  const words = row.words === undefined ? "" : ` or ${row.words.join(", ")}`;
  const many = row.repeated === true ? ", one line each" : "";
  return `${typeWords[row.type]}${unit}${words}${many}`;
}

/** "1 to 256, below: refused, above: the limit is used"; "" if everything goes. */
export function allowedText(row: OptionRow): string {
  const parts: string[] = [];
  const print = row.type === "size" ? printSizeBytes : String;
  const { min, below, max, above } = row.range ?? {};
  if (min !== undefined) parts.push(`at least ${print(min)} (else ${outOfRangeWords[below ?? "refuse"]})`);
  if (max !== undefined) parts.push(`at most ${print(max)} (else ${outOfRangeWords[above ?? "refuse"]})`);
  if (row.otherwise !== undefined) {
    const meant = row.choices?.[row.otherwise]?.[0] ?? row.otherwise;
    parts.push(`anything else means ${meant}`);
  }
  if (row.allowed !== undefined) parts.push(row.allowed);
  return parts.join("; ");
}

/** The default in words. */
export function defaultText(row: OptionRow): string {
  if (row.default !== undefined) return row.default === "" ? "empty" : row.default;
  return row.required === true && row.onlyWith === undefined ? "required" : "no default";
}

/** What becomes of a new value while the server runs; "" if it needs a restart. */
export function reloadText(row: OptionRow): string {
  if (row.reload === undefined) return "";
  return row.reload === "at-once" ? "reload: at once" : "reload: at once, storages take it when they start";
}

function spellings(row: OptionRow): string[] {
  return Object.values(row.choices ?? {}).map((words) => words[0]!);
}
