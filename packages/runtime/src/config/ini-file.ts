// The ini dialect of FastDFS (storage-formats.md §6.1), with file and line of every item. Parsing is pure; only
// `readIniFile` touches a disk. State files and the tracker's parameter answer use the same dialect.
import { dirname, isAbsolute, join, normalize } from "node:path";
import type { Disk } from "../ports/disk.ts";
import { systemErrorCode } from "../ports/system-error.ts";
import { ConfigError, type ConfigPlace, ConfigProblems, type ConfigWarning } from "./config-problems.ts";

const keyBytesMax = 63;
const valueBytesMax = 255;
/** Far more than anyone has; stops files that include each other under ever new names. */
const includedFilesMax = 64;

export interface IniItem {
  readonly file: string;
  readonly line: number;
  /** "" for the global part. */
  readonly section: string;
  readonly key: string;
  readonly value: string;
}

/** All items of a file and of the files it includes, in order. */
export class IniFile {
  /** The main file, as it was named. */
  readonly fileName: string;
  readonly items: readonly IniItem[];
  readonly warnings: readonly ConfigWarning[];
  readonly #byName = new Map<string, IniItem[]>();

  constructor(fileName: string, items: readonly IniItem[], warnings: readonly ConfigWarning[] = []) {
    this.fileName = fileName;
    this.items = items;
    this.warnings = warnings;
    for (const item of items) {
      const name = nameInSection(item.section, item.key);
      const same = this.#byName.get(name);
      if (same === undefined) this.#byName.set(name, [item]);
      else same.push(item);
    }
  }

  /** Every item with that key, in order. A section never falls back to the global part. */
  all(key: string, section = ""): readonly IniItem[] {
    return this.#byName.get(nameInSection(section, key)) ?? [];
  }

  /** The item that counts for a key with one value: the last. */
  last(key: string, section = ""): IniItem | undefined {
    return this.all(key, section).at(-1);
  }

  /** Where to point when speaking of a key: its last item, or the file if it is missing. */
  place(key: string, section = ""): ConfigPlace {
    return this.last(key, section) ?? { file: this.fileName, line: undefined };
  }
}

function nameInSection(section: string, key: string): string {
  // A key never contains "=", so the pair cannot be confused with another.
  return `${key}=${section}`;
}

/** Finds an included file: its path and text, or what is wrong. */
type IncludeReader = (target: string) => { path: string; text: string } | { problem: string };

const noIncludes: IncludeReader = () => ({ problem: "includes are not possible here. Write the keys themselves." });

/**
 * Parses ini text. `fileName` is only used in messages.
 * @throws ConfigError naming every directive that is not supported.
 */
export function parseIni(text: string, fileName: string): IniFile {
  return new IniParser(noIncludes).parse(text, fileName);
}

/**
 * Reads an ini file and the files it includes, which are looked up relative to the directory of the main file.
 * @throws ConfigError if a file cannot be read, includes itself, or holds a directive that is not supported.
 */
export function readIniFile(disk: Disk, path: string): IniFile {
  const main = readText(disk, path);
  if ("problem" in main) {
    throw new ConfigError([{ file: path, line: undefined, text: `${main.problem} Check the path.` }]);
  }
  const include: IncludeReader = (target) => {
    const included = isAbsolute(target) ? normalize(target) : join(dirname(path), target);
    const read = readText(disk, included);
    if ("problem" in read) return { problem: `${included} ${read.problem} Correct the path or remove the line.` };
    return { path: included, text: read.text };
  };
  return new IniParser(include).parse(main.text, path);
}

function readText(disk: Disk, path: string): { text: string } | { problem: string } {
  try {
    // Bytes that are not UTF-8 become U+FFFD: the parser warns about them, and nothing throws.
    return { text: disk.readFile(path).toString("utf8") };
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    if (code === "ENOENT" || code === "ENOTDIR") return { problem: "does not exist." };
    if (code === "EISDIR") return { problem: "is a directory." };
    return { problem: `cannot be read (${code}).` };
  }
}

class IniParser {
  readonly #include: IncludeReader;
  readonly #problems = new ConfigProblems();
  readonly #items: IniItem[] = [];
  /** Files being read right now, the main file first. */
  readonly #open: string[] = [];
  #included = 0;
  #section = "";

  constructor(include: IncludeReader) {
    this.#include = include;
  }

  parse(text: string, fileName: string): IniFile {
    this.#file(text, fileName);
    this.#problems.throwIfRefused();
    return new IniFile(fileName, this.#items, this.#problems.warnings);
  }

  #file(text: string, fileName: string): void {
    this.#open.push(normalize(fileName));
    this.#section = "";
    let content = text;
    if (content.startsWith("\uFEFF")) {
      content = content.slice(1);
      const why = "C FastDFS takes it for the beginning of the first line";
      this.#problems.warn({ file: fileName, line: 1 }, `starts with a byte order mark. Remove it: ${why}.`);
    }
    let line = 0;
    for (const raw of content.split("\n")) {
      line++;
      const trimmed = trimBlanks(raw);
      if (trimmed !== "") this.#line(trimmed, { file: fileName, line });
    }
    this.#open.pop();
  }

  #line(line: string, place: { file: string; line: number }): void {
    if (line.startsWith("#")) {
      this.#comment(line, place);
      return;
    }
    if (line.startsWith("[") && line.endsWith("]")) {
      this.#section = trimBlanks(line.slice(1, -1));
      return;
    }
    const equals = line.indexOf("=");
    if (equals < 0) {
      this.#problems.warn(place, `"${shorten(line)}" is ignored: it has no "=". A comment starts with "#".`);
      return;
    }
    const key = this.#fit("key", trimBlanks(line.slice(0, equals)), keyBytesMax, place);
    const value = this.#fit("value", trimBlanks(line.slice(equals + 1)), valueBytesMax, place);
    if (line.includes("\uFFFD")) this.#problems.warn(place, `${key} holds bytes that are not UTF-8.`);
    this.#items.push({ file: place.file, line: place.line, section: this.#section, key, value });
  }

  #comment(line: string, place: ConfigPlace): void {
    if (line.startsWith("#@")) {
      const directive = /^#@\S*/.exec(line)![0];
      this.#problems.refuse(place, `${directive} is not supported. Write the resulting keys without directives.`);
      return;
    }
    const match = /^#include(?:[ \t]+(.*))?$/.exec(line);
    if (match !== null) this.#includeFile(match[1] ?? "", place);
  }

  #includeFile(target: string, place: ConfigPlace): void {
    const problem = this.#tryInclude(target);
    if (problem !== undefined) this.#problems.refuse(place, `#include ${shorten(target)}: ${problem}`);
    // Whatever the included file left open: the current section is the global one after it.
    this.#section = "";
  }

  #tryInclude(target: string): string | undefined {
    if (target === "") return "names no file. Add a path or remove the line.";
    if (/^https?:\/\//i.test(target)) return "web addresses are not supported. Include a local file.";
    if (++this.#included > includedFilesMax) return `more than ${includedFilesMax} files are included. Join some.`;
    const found = this.#include(target);
    if ("problem" in found) return found.problem;
    if (this.#open.includes(normalize(found.path))) {
      return `${found.path} includes itself (${[...this.#open, found.path].join(" → ")}). Remove one of these lines.`;
    }
    this.#file(found.text, found.path);
    return undefined;
  }

  #fit(what: "key" | "value", text: string, bytesMax: number, place: ConfigPlace): string {
    if (text.length * 3 <= bytesMax) return text;
    const bytes = Buffer.from(text);
    if (bytes.length <= bytesMax) return text;
    let end = bytesMax;
    while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--; // never through a character
    const cut = bytes.toString("utf8", 0, end);
    this.#problems.warn(place, `the ${what} "${shorten(text)}" is longer than ${bytesMax} bytes and was cut there.`);
    return cut;
  }
}

function trimBlanks(text: string): string {
  return text.replace(/^[ \t\r]+/, "").replace(/[ \t\r]+$/, "");
}

function shorten(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
