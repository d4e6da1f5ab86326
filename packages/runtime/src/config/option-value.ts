// One value of a configuration file, read by the rules of its row (storage-formats.md §6.2): a value, a value with a
// complaint, or a refusal. Pure.
import {
  isBooleanWord,
  parseBoolean,
  parseLeadingInteger,
  parseSizeBytes,
  parseSpaceReserve,
  parseTimeOfDay,
  printSizeBytes,
} from "../quantities.ts";
import type { OptionRange, OptionRow } from "./option-table.ts";

/** `warning` and `error` are texts that follow the quoted key and value: `is below 1: the default 30 is used.` */
export type ReadValue =
  | { readonly kind: "value"; readonly value: unknown; readonly warning?: string | undefined }
  | { readonly kind: "refused"; readonly error: string };

/** C reads numbers into 32 bits. */
const integerMax = 2_147_483_647;

/** Reads one value by the rules of its row. */
export function readOptionValue(row: OptionRow, text: string): ReadValue {
  switch (row.type) {
    case "boolean":
      return readBoolean(text);
    case "integer":
      if (row.words?.includes(text) === true) return value(text);
      return readNumber(row, text, 1);
    case "duration":
      return readNumber(row, text, row.unit === "s" ? 1000 : 1);
    case "size":
      return readSize(row, text);
    case "time": {
      const time = parseTimeOfDay(text);
      return time === undefined ? refused("is not a time of day. Write hours and minutes: 02:30.") : value(time);
    }
    case "choice":
      return readChoice(row, text);
    case "space-reserve": {
      const reserve = parseSpaceReserve(text);
      return reserve === undefined
        ? refused("is neither a share of the disk above 0% and below 100% nor a size. Write 20% or 10GB.")
        : value(reserve);
    }
    case "path":
      return readText(row, text.length > 1 ? text.replace(/\/+$/, "") || "/" : text);
    case "text":
      return readText(row, text);
  }
}

function value(result: unknown, warning?: string): ReadValue {
  return { kind: "value", value: result, warning };
}

function refused(error: string): ReadValue {
  return { kind: "refused", error };
}

function readBoolean(text: string): ReadValue {
  if (isBooleanWord(text)) return value(parseBoolean(text));
  return value(false, `is none of true, yes, on, 1 and therefore means no. Write true or false.`);
}

function readNumber(row: OptionRow, text: string, factor: number): ReadValue {
  const number = parseLeadingInteger(text);
  if (Math.abs(number) > integerMax) return refused(`is beyond ${integerMax}. Set a smaller number.`);
  const garbage = /^[+-]?\d+$/.test(text) ? undefined : notANumber(row, text, number);
  return inRange(row, number, String, garbage, (result) => result * factor);
}

function notANumber(row: OptionRow, text: string, number: number): string {
  const words = row.words === undefined ? "" : ` or one of: ${row.words.join(", ")}`;
  const how = text === "" ? "is empty" : "is not a plain number";
  return `${how} and is read as ${number}. Write digits only${words}.`;
}

function readSize(row: OptionRow, text: string): ReadValue {
  const bytes = parseSizeBytes(text);
  if (bytes === undefined) {
    return refused("is not a size. Write a whole number with an optional unit K, M, G or T: 256KB.");
  }
  return inRange(row, bytes, printSizeBytes, undefined, (result) => result);
}

function inRange(
  row: OptionRow,
  number: number,
  print: (number: number) => string,
  garbage: string | undefined,
  convert: (number: number) => number,
): ReadValue {
  const breach = rangeBreach(row.range, number);
  if (breach === undefined) return value(convert(number), garbage);
  const what = `is ${breach.side} ${print(breach.limit)}`;
  // Garbage is read as 0; when 0 itself is out of range, one complaint that says both is enough.
  const why = garbage === undefined ? what : `is not a plain number, read as ${number}, which ${what}`;
  if (breach.rule === "refuse") return refused(`${why}. Set ${rangeText(row.range, print)}.`);
  if (breach.rule === "limit") return value(convert(breach.limit), `${why}: ${print(breach.limit)} is used.`);
  const fallback = row.default === undefined ? value(undefined) : readOptionValue(row, row.default);
  if (fallback.kind === "refused") return fallback;
  return value(fallback.value, `${why}: the default ${row.default ?? "(none)"} is used.`);
}

function rangeBreach(range: OptionRange | undefined, number: number) {
  if (range?.min !== undefined && number < range.min) {
    return { side: "below", limit: range.min, rule: range.below ?? "refuse" };
  }
  if (range?.max !== undefined && number > range.max) {
    return { side: "above", limit: range.max, rule: range.above ?? "refuse" };
  }
  return undefined;
}

/** "a number from 1 to 256", "at least 1" … */
function rangeText(range: OptionRange | undefined, print: (number: number) => string): string {
  if (range?.min !== undefined && range.max !== undefined) return `it from ${print(range.min)} to ${print(range.max)}`;
  if (range?.max !== undefined) return `it to at most ${print(range.max)}`;
  return `it to at least ${print(range?.min ?? 0)}`;
}

function readChoice(row: OptionRow, text: string): ReadValue {
  const choices = row.choices ?? {};
  const spelled = row.numeric === true ? String(parseLeadingInteger(text)) : text.toLowerCase();
  for (const [name, spellings] of Object.entries(choices)) {
    if (spellings.some((spelling) => matchesSpelling(spelling.toLowerCase(), spelled))) {
      const garbage = row.numeric === true && !/^[+-]?\d+$/.test(text);
      return value(name, garbage ? `is not a plain number and is read as ${spelled}. Write digits only.` : undefined);
    }
  }
  const known = Object.values(choices)
    .map((spellings) => spellings[0]!)
    .join(", ");
  if (row.otherwise === undefined) return refused(`is unknown. Set one of: ${known}.`);
  const meant = choices[row.otherwise]?.[0] ?? row.otherwise;
  return value(row.otherwise, `is unknown: ${meant} is used. Set one of: ${known}.`);
}

function matchesSpelling(spelling: string, text: string): boolean {
  return spelling.endsWith("…") ? text.startsWith(spelling.slice(0, -1)) : text === spelling;
}

function readText(row: OptionRow, text: string): ReadValue {
  const wrong = row.check?.(text);
  return wrong === undefined ? value(text) : refused(wrong);
}
