// New file names (wire-protocol.md §3.2 to §3.5). Pure: time, randomness and facts come in, a name goes out. That no
// name is given twice within a server is the storage's care; the random bits make a repetition unlikely.
import type { Random } from "@fastdfs-ts/runtime";
import { EXTENSION_BYTES } from "../limits.ts";
import { printNameFacts, RANDOM_BITS_MASK, sizeFlags } from "./name-facts.ts";
import { printTrunkSlice, type TrunkSlice } from "./trunk-name.ts";

export interface NewName {
  /** Source word, from `sourceOfIp` or `sourceOfStorageId`. */
  readonly source: number;
  readonly createdSeconds: number;
  readonly kind: "normal" | "appender" | "trunk";
  /** Size of the file in bytes. Names of appender files do not carry it. */
  readonly fileBytes: number;
  /** CRC32 of the content, unsigned; a random number for links. */
  readonly crc32: number;
  /** Without the dot, at most 6 characters, already checked (file-extension.ts). */
  readonly extension: string;
  /** Where the file lies; given exactly for kind "trunk". */
  readonly slice?: TrunkSlice | undefined;
}

const WORD = 0x1_0000_0000;
const DIGITS = Array.from({ length: 10 ** EXTENSION_BYTES / 1000 }, (_, n) => String(n).padStart(3, "0"));

/** A fresh name, without its directories: facts, trunk block if any, tail. */
export function mintName(name: NewName, random: Random): string {
  return composeName(name, random.uint32(), mintTail(name.extension, random.uint32()));
}

/** The name with given random parts: the low 23 of `randomBits`, and the 7 characters of `tail`. */
export function composeName(name: NewName, randomBits: number, tail: string): string {
  const facts = printNameFacts({
    source: name.source,
    createdSeconds: name.createdSeconds,
    sizeHigh: sizeHigh(name, randomBits),
    sizeLow: name.kind === "appender" ? 0 : name.fileBytes % WORD,
    crc32: name.crc32,
  });
  return name.slice === undefined ? facts + tail : facts + printTrunkSlice(name.slice) + tail;
}

/** The 7 last characters of a name: random digits, dot, extension. Without an extension: 7 digits. */
export function mintTail(extension: string, randomWord: number): string {
  if (extension === "") return digits(7, randomWord);
  return `${digits(EXTENSION_BYTES - extension.length, randomWord)}.${extension}`;
}

/**
 * Whether the size field of a name has room for random bits: not if it is a normal file's of 4 GiB or more
 * (storage-formats.md §1.4). Two such files of one second and the same content differ in the digits of the tail at most,
 * and with an extension of 6 characters in nothing.
 */
export function hasRandomBits({ kind, fileBytes }: Pick<NewName, "kind" | "fileBytes">): boolean {
  return kind !== "normal" || fileBytes < WORD;
}

function sizeHigh(name: NewName, randomBits: number): number {
  if (!hasRandomBits(name)) return Math.floor(name.fileBytes / WORD);
  const { kind } = name;
  const random = randomBits & RANDOM_BITS_MASK;
  if (kind === "appender") return (sizeFlags.masked | sizeFlags.appender | random) >>> 0;
  if (kind === "trunk") return (sizeFlags.masked | sizeFlags.trunk | random) >>> 0;
  return (sizeFlags.masked | random) >>> 0;
}

/** `count` decimal digits (0 to 7) from one random word, three at a time from a table. */
function digits(count: number, randomWord: number): string {
  if (count === 0) return "";
  const high = DIGITS[randomWord % 1000] ?? "";
  if (count <= 3) return high.slice(0, count);
  const rest = Math.floor(randomWord / 1000);
  const low = DIGITS[rest % 1000] ?? "";
  return (high + low + String(Math.floor(rest / 1000) % 10)).slice(0, count);
}
