// The 12 bytes in the name of a file that lies inside a trunk file: which one, where, how much room (storage-formats.md
// §1.5), and the name of the trunk file itself (wire-protocol.md §3.5).
import { TRUNK_BLOCK_CHARS } from "../limits.ts";
import { decodeWords, encodeWords } from "./fastdfs-base64.ts";

/** The place of one small file. */
export interface TrunkSlice {
  readonly trunkFileId: number;
  /** First byte of the slot in the trunk file; the content begins 24 bytes behind it. */
  readonly offset: number;
  /** Size of the slot, its header included. */
  readonly slotBytes: number;
}

const SLICE_BYTES = 12;
const words = new Uint32Array(4);

/** Reads the 16 characters at `at`, or returns undefined if they are not there or not base64. Never throws. */
export function parseTrunkSlice(text: string, at: number): TrunkSlice | undefined {
  if (!decodeWords(text, at, SLICE_BYTES, words)) return undefined;
  return { trunkFileId: words[0] ?? 0, offset: words[1] ?? 0, slotBytes: words[2] ?? 0 };
}

/** The 16 characters of this slice. */
export function printTrunkSlice(slice: TrunkSlice): string {
  words[0] = slice.trunkFileId;
  words[1] = slice.offset;
  words[2] = slice.slotBytes;
  return encodeWords(words, 3).slice(0, TRUNK_BLOCK_CHARS);
}

/** Name of a trunk file in its directory: the id with at least six digits. */
export function trunkFileName(trunkFileId: number): string {
  return String(trunkFileId).padStart(6, "0");
}
