// The 20 bytes inside every file name: who took the upload, when, how long the file is, its CRC32 (storage-formats.md
// §1.3, §1.4). The size word has flags above 2^53 and random bits, so it stays two 32-bit words and is never one number.
import { FACTS_BLOCK_CHARS } from "../limits.ts";
import { decodeWords, encodeWords } from "./fastdfs-base64.ts";

export interface NameFacts {
  /** The four bytes of the source, read big-endian: an IPv4 address or a storage id (storage-id.ts). */
  readonly source: number;
  /** Unix time, see storage-formats.md §1.3.2 for what it is the time of. */
  readonly createdSeconds: number;
  /** Upper and lower half of the size word, unsigned. */
  readonly sizeHigh: number;
  readonly sizeLow: number;
  /** Unsigned. What it covers depends on the kind of the file (storage-formats.md §1.3.3). */
  readonly crc32: number;
}

/** Flags in the upper half of the size word. */
export const sizeFlags = {
  /** Bit 63: bits 32 to 54 are random and the size is the lower half. */
  masked: 0x8000_0000,
  /** Bit 59. */
  trunk: 0x0800_0000,
  /** Bit 58. */
  appender: 0x0400_0000,
} as const;

/** The 23 random bits of a masked size word. */
export const RANDOM_BITS_MASK = 0x7f_ffff;

const FACTS_BYTES = 20;
const FACTS_WORDS = 5;
const words = new Uint32Array(FACTS_WORDS + 1);

/** Reads the 27 characters at `at`, or returns undefined if they are not there or not base64. Never throws. */
export function parseNameFacts(text: string, at: number): NameFacts | undefined {
  if (!decodeWords(text, at, FACTS_BYTES, words)) return undefined;
  return {
    source: words[0] ?? 0,
    createdSeconds: words[1] ?? 0,
    sizeHigh: words[2] ?? 0,
    sizeLow: words[3] ?? 0,
    crc32: words[4] ?? 0,
  };
}

/** The 27 characters of these facts. */
export function printNameFacts(facts: NameFacts): string {
  words[0] = facts.source;
  words[1] = facts.createdSeconds;
  words[2] = facts.sizeHigh;
  words[3] = facts.sizeLow;
  words[4] = facts.crc32;
  return encodeWords(words, FACTS_WORDS).slice(0, FACTS_BLOCK_CHARS);
}

export function isAppenderFacts(facts: NameFacts): boolean {
  return (facts.sizeHigh & sizeFlags.appender) !== 0;
}

export function isTrunkFacts(facts: NameFacts): boolean {
  return (facts.sizeHigh & sizeFlags.trunk) !== 0;
}

/**
 * The size that the facts state, in bytes. Undefined for appender files (ask the file) and for a plain word beyond
 * 2^53. A slave's facts are its master's: the caller knows the kind.
 */
export function statedFileBytes(facts: NameFacts): number | undefined {
  if (isAppenderFacts(facts)) return undefined;
  if ((facts.sizeHigh & (sizeFlags.masked | sizeFlags.trunk)) !== 0) return facts.sizeLow;
  return facts.sizeHigh < 0x20_0000 ? facts.sizeHigh * 0x1_0000_0000 + facts.sizeLow : undefined;
}
