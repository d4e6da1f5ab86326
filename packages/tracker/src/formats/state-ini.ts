// The ini dialect of the tracker's state files (storage-formats.md §3): sections of key=value lines. Reading goes on
// after damage and says what was lost, because a tracker that does not start helps nobody.

/** Damage in a state file. */
export interface StateProblem {
  /** Counted from 1; 0 concerns the whole file. */
  readonly line: number;
  readonly what: string;
  readonly lost: string;
}

export interface StateSection {
  readonly name: string;
  readonly line: number;
  readonly values: ReadonlyMap<string, { readonly text: string; readonly line: number }>;
}

export interface StateIni {
  readonly sections: readonly StateSection[];
  readonly problems: readonly StateProblem[];
}

/** Reads sections in file order. A last line without its line end was cut and is dropped. */
export function parseStateIni(text: string): StateIni {
  const sections: StateSection[] = [];
  const problems: StateProblem[] = [];
  const lines = text.split("\n");
  const unfinished = lines.pop()!;
  if (unfinished.trim() !== "") {
    problems.push({ line: lines.length + 1, what: "the file ends in the middle of a line", lost: "what stood behind" });
  }
  let values: Map<string, { text: string; line: number }> | undefined;
  for (const [index, raw] of lines.entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const header = /^\[(.*)\]$/.exec(line);
    const equals = line.indexOf("=");
    if (header !== null) {
      values = new Map();
      sections.push({ name: header[1]!, line: index + 1, values });
    } else if (values === undefined || equals < 1 || line.includes("\0")) {
      problems.push({ line: index + 1, what: "not a section and not key=value", lost: "this line" });
    } else {
      values.set(line.slice(0, equals).trim(), { text: line.slice(equals + 1).trim(), line: index + 1 });
    }
  }
  return { sections, problems };
}

/** Reads the values of one section and collects what is wrong with them. */
export class SectionReader {
  readonly section: StateSection;
  private readonly problems: StateProblem[];

  constructor(section: StateSection, problems: StateProblem[]) {
    this.section = section;
    this.problems = problems;
  }

  /** The text of a key; a missing one is "". */
  text(key: string): string {
    return this.section.values.get(key)?.text ?? "";
  }

  /** The text of a key that is always written, perhaps empty; a missing one is reported. */
  writtenText(key: string, lost: string): string {
    if (!this.section.values.has(key)) this.report(`[${this.section.name}] has no ${key}`, lost);
    return this.text(key);
  }

  /** A whole number, or `undefined` (reported) if the key is missing or its text is none. */
  number(key: string, lost: string): number | undefined {
    const found = this.section.values.get(key);
    if (found === undefined) {
      this.problems.push({ line: this.section.line, what: `[${this.section.name}] has no ${key}`, lost });
      return undefined;
    }
    const value = /^-?\d{1,16}$/.test(found.text) ? Number(found.text) : NaN;
    if (Number.isSafeInteger(value)) return value;
    this.problems.push({ line: found.line, what: `${key}=${found.text} is not a number`, lost });
    return undefined;
  }

  report(what: string, lost: string): void {
    this.problems.push({ line: this.section.line, what, lost });
  }
}

/** Compares the number of sections with the count that `[Global]` states; a missing count means the file was cut. */
export function checkCount(ini: StateIni, key: string, found: number, problems: StateProblem[]): void {
  const global = ini.sections.find((section) => section.name === "Global");
  const text = global?.values.get(key)?.text;
  if (text === undefined) {
    problems.push({ line: 0, what: `${key} is missing: the file was cut`, lost: "perhaps records at its end" });
  } else if (text !== String(found)) {
    problems.push({ line: 0, what: `${key}=${text}, but there are ${found}`, lost: "the others" });
  }
}

/** "Group", 1 → "Group001". */
export function sectionName(kind: string, number: number): string {
  return `${kind}${String(number).padStart(3, "0")}`;
}

/** Texts come from the network; nothing in them may start a new line or section of a state file. */
export function oneLine(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?");
}
