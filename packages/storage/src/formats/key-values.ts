// "key=value" lines, the form of all of a storage's state files (storage-formats.md §0). Pure.

/**
 * The values by key. Blanks around keys and values, empty lines and comment lines are tolerated, as C's reader does; of a
 * key that comes twice the last one counts. Lines without "=" are ignored.
 */
export function parseKeyValues(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const equals = line.indexOf("=");
    if (equals <= 0 || line.trimStart().startsWith("#")) continue;
    values.set(line.slice(0, equals).trim(), line.slice(equals + 1).trim());
  }
  return values;
}

/** One line per pair, without blanks, each ended by a line feed. */
export function printKeyValues(pairs: Iterable<readonly [key: string, value: string | number]>): string {
  let text = "";
  for (const [key, value] of pairs) text += `${key}=${value}\n`;
  return text;
}

/** A whole decimal number that JavaScript can hold exactly, or undefined. */
export function parseWhole(text: string | undefined): number | undefined {
  if (text === undefined || !/^-?\d+$/.test(text)) return undefined;
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : undefined;
}
