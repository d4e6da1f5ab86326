// Reads what a peer sent as JSON into records of a known shape. A reader is a table with one row per key, so no key of a
// shape can be forgotten; what it does not know it ignores. Throws FdfsError BAD_ANSWER with the key that is wrong.
import { FdfsError } from "./errors.ts";

/** Makes a `T` of a value; `what` names the value in complaints. */
export type JsonReader<T> = (value: unknown, what: string) => T;
/** One reader per key. */
export type JsonReaders<T> = { readonly [Key in keyof T]-?: JsonReader<T[Key]> };

/** The value of a whole text. `what` is said before every complaint about it. */
export function parseJson<T>(json: Buffer, what: string, read: (root: unknown) => T): T {
  let root: unknown;
  try {
    root = JSON.parse(json.toString("utf8"));
  } catch {
    throw new FdfsError("BAD_ANSWER", { reason: `${what}: it is not JSON` });
  }
  try {
    return read(root);
  } catch (error) {
    if (error instanceof FdfsError) throw new FdfsError(error.kind, { reason: `${what}: ${error.facts.reason}` });
    throw error;
  }
}

export const jsonText: JsonReader<string> = (value, what) =>
  typeof value === "string" ? value : complain(`${what} is no text`);

export const jsonNumber: JsonReader<number> = (value, what) =>
  typeof value === "number" && Number.isFinite(value) ? value : complain(`${what} is no number`);

/** Whatever is not true counts as false. */
export const jsonFlag: JsonReader<boolean> = (value) => value === true;

export function jsonMaybe<T>(read: JsonReader<T>): JsonReader<T | undefined> {
  return (value, what) => (value === undefined ? undefined : read(value, what));
}

/** A key of `names`. */
export function jsonOneOf<Name extends string>(names: Readonly<Record<Name, unknown>>): JsonReader<Name> {
  return (value, what) => {
    const name = jsonText(value, what);
    return Object.hasOwn(names, name) ? (name as Name) : complain(`${what} is ${JSON.stringify(name)}`);
  };
}

export function jsonList<T>(read: JsonReader<T>): JsonReader<T[]> {
  return (value, what) =>
    Array.isArray(value) ? value.map((item) => read(item, `an item of ${what}`)) : complain(`${what} is no list`);
}

export function jsonRecord<T>(readers: JsonReaders<T>): JsonReader<T> {
  const rows = Object.entries(readers) as [keyof T & string, JsonReader<T[keyof T]>][];
  return (value, what) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) complain(`${what} is no object`);
    const record = value as Readonly<Record<string, unknown>>;
    // The table has a row for every key of T, and each reader returns what belongs to its key.
    return Object.fromEntries(rows.map(([key, read]) => [key, read(record[key], key)])) as T;
  };
}

/** The version that is understood, and no other. */
export function jsonVersion(understood: number): JsonReader<number> {
  return (value, what) => {
    const version = jsonNumber(value, what);
    return version === understood ? version : complain(`version ${version}, this client understands ${understood}`);
  };
}

function complain(reason: string): never {
  throw new FdfsError("BAD_ANSWER", { reason });
}
