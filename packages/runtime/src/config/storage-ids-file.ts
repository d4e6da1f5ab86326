// storage_ids.conf: which storage has which id, group and address (storage-formats.md §6.8). The same lines travel as
// the answer of command 69 (wire-protocol.md §5.15).
import { dirname, isAbsolute, join } from "node:path";
import type { Disk } from "../ports/disk.ts";
import { systemErrorCode } from "../ports/system-error.ts";
import { ConfigError, type ConfigPlace, ConfigProblems } from "./config-problems.ts";
import type { IniFile } from "./ini-file.ts";
import { checkGroupName, storageIdMax } from "./options/value-checks.ts";
import { parseServerAddress, printServerAddress, storagePortDefault } from "./server-address.ts";

/** What clients may do at a storage (6.13). */
export type StorageRwMode = "none" | "read" | "write" | "both";

export interface StorageIdEntry {
  readonly id: number;
  readonly groupName: string;
  /** One or two IP addresses or host names, not resolved. */
  readonly hosts: readonly string[];
  readonly port: number;
  readonly rwMode: StorageRwMode;
}

const rwModeByWord: Readonly<Record<string, StorageRwMode>> = {
  none: "none",
  read: "read",
  readonly: "read",
  write: "write",
  writeonly: "write",
  both: "both",
  all: "both",
};

/** Parses one line that is neither empty nor a comment. A string in answer says what is wrong and what to do. */
export function parseStorageIdLine(line: string): StorageIdEntry | string {
  const [id, groupName, address, mode, ...more] = line.trim().split(/[ \t\r]+/);
  if (id === undefined || groupName === undefined || address === undefined || more.length > 0) {
    return `a line has three or four columns: <id> <group> <address>[:port] [rw=<mode>].`;
  }
  if (!/^[1-9]\d{0,7}$/.test(id) || Number(id) > storageIdMax) {
    return `the id "${id}" is not a number from 1 to ${storageIdMax} without leading zero or sign.`;
  }
  const wrongGroup = checkGroupName(groupName);
  if (wrongGroup !== undefined) return `"${groupName}" ${wrongGroup}`;
  const server = parseServerAddress(address, storagePortDefault);
  if (typeof server === "string") return `the address "${address}": ${server}`;
  const rwMode = mode === undefined ? "both" : parseRwMode(mode);
  if (rwMode === undefined) return `the fourth column "${mode ?? ""}" is not rw=none, rw=read, rw=write or rw=both.`;
  return { id: Number(id), groupName, hosts: server.hosts, port: server.port, rwMode };
}

function parseRwMode(text: string): StorageRwMode | undefined {
  const match = /^rw=(\w+)$/i.exec(text);
  return match === null ? undefined : rwModeByWord[match[1]!.toLowerCase()];
}

/** `100002 group1 10.98.0.12,192.0.2.12:23001 rw=read`, without line end; the mode only if it is not "both". */
export function printStorageIdLine(entry: StorageIdEntry): string {
  const mode = entry.rwMode === "both" ? "" : ` rw=${entry.rwMode}`;
  return `${entry.id} ${entry.groupName} ${printServerAddress(entry)}${mode}`;
}

/** A whole file. */
export function printStorageIds(entries: readonly StorageIdEntry[]): string {
  return entries.map((entry) => `${printStorageIdLine(entry)}\n`).join("");
}

/**
 * Parses a whole file. Entries keep the order of the file.
 * @throws ConfigError with every line that is wrong, duplicate ids, duplicate addresses, or if there is no entry.
 */
export function parseStorageIds(text: string, fileName: string): readonly StorageIdEntry[] {
  const problems = new ConfigProblems();
  const entries = collectStorageIds(text, fileName, problems);
  problems.throwIfRefused();
  return entries;
}

/**
 * Reads a storage_ids.conf.
 * @throws ConfigError as `parseStorageIds`, or if the file cannot be read.
 */
export function readStorageIds(disk: Disk, path: string): readonly StorageIdEntry[] {
  try {
    return parseStorageIds(disk.readFile(path).toString("utf8"), path);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    const what = code === "ENOENT" ? "does not exist" : `cannot be read (${code})`;
    const remedy = `Correct storage_ids_filename, or write the file: one line "<id> <group> <address>" per storage.`;
    throw new ConfigError([{ file: path, line: undefined, text: `${what}. ${remedy}` }]);
  }
}

/** The id list that a configuration names, looked up in the directory of the main file. What is wrong with it is added to `problems`. */
export function loadStorageIds(
  disk: Disk,
  file: string | undefined,
  ini: IniFile,
  problems: ConfigProblems,
): readonly StorageIdEntry[] {
  if (file === undefined || file === "") return [];
  try {
    return readStorageIds(disk, isAbsolute(file) ? file : join(dirname(ini.fileName), file));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const problem of error.problems) problems.refuse(problem, problem.text);
    return [];
  }
}

function collectStorageIds(text: string, fileName: string, problems: ConfigProblems): StorageIdEntry[] {
  const entries: StorageIdEntry[] = [];
  const lineById = new Map<number, number>();
  const lineByAddress = new Map<string, number>();
  for (const [index, line] of text
    .replace(/^\uFEFF/, "")
    .split("\n")
    .entries()) {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    const place = { file: fileName, line: index + 1 };
    const entry = parseStorageIdLine(trimmed);
    if (typeof entry === "string") {
      problems.refuse(place, entry);
      continue;
    }
    refuseDuplicate(lineById, entry.id, `the id ${entry.id}`, place, problems);
    for (const host of entry.hosts) {
      const address = printServerAddress({ hosts: [host.toLowerCase()], port: entry.port });
      refuseDuplicate(lineByAddress, address, `the address ${address}`, place, problems);
    }
    entries.push(entry);
  }
  if (entries.length === 0 && problems.errors.length === 0) {
    const text = "has no entry. Write one line per storage: 100001 group1 192.0.2.11";
    problems.refuse({ file: fileName, line: undefined }, text);
  }
  return entries;
}

function refuseDuplicate<K>(
  lines: Map<K, number>,
  key: K,
  what: string,
  place: ConfigPlace & { line: number },
  problems: ConfigProblems,
): void {
  const first = lines.get(key);
  if (first === undefined) lines.set(key, place.line);
  else problems.refuse(place, `${what} is already used in line ${first}. Each storage needs its own.`);
}
