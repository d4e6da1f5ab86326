// Tables of text for people: columns as wide as their widest cell, numbers to the right.
import { bold, type Terminal } from "./terminal.ts";

export interface Column<Row> {
  readonly title: string;
  readonly align?: "left" | "right";
  cell(row: Row): string;
  /** Adds colour after the cell has been padded. */
  style?(text: string, row: Row): string;
}

/** The lines of a table with its head. */
export function printTable<Row>(terminal: Terminal, columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const cells = rows.map((row) => columns.map((column) => column.cell(row)));
  const widths = columns.map((column, at) =>
    Math.max(widthOf(column.title), ...cells.map((line) => widthOf(line[at] ?? ""))),
  );
  const pad = (text: string, at: number): string => {
    const blanks = " ".repeat(Math.max(0, widths[at]! - widthOf(text)));
    if (columns[at]!.align === "right") return blanks + text;
    return at === columns.length - 1 ? text : text + blanks;
  };
  const head = bold(
    terminal,
    columns
      .map((column, at) => pad(column.title, at))
      .join("  ")
      .trimEnd(),
  );
  const body = cells.map((line, row) =>
    line
      .map((text, at) => columns[at]!.style?.(pad(text, at), rows[row]!) ?? pad(text, at))
      .join("  ")
      .trimEnd(),
  );
  return [head, ...body].join("\n");
}

/** `name  value` lines, the values under each other. */
export function printFacts(facts: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...facts.map(([name]) => widthOf(name)));
  return facts.map(([name, value]) => `${name}${" ".repeat(width - widthOf(name))}  ${value}`.trimEnd()).join("\n");
}

/** Columns that a text takes; wide characters (CJK, most emoji) take two, combining ones none. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) {
    if (/\p{M}/u.test(character)) continue;
    width +=
      /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]|\p{Emoji_Presentation}/u.test(
        character,
      )
        ? 2
        : 1;
  }
  return width;
}
