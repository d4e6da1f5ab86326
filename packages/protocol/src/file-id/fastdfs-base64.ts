// The base64 of file names: A-Z a-z 0-9 - _ without padding (storage-formats.md §1.2). Written by hand because a name is
// parsed for nearly every request and only a few 32-bit words are wanted, not buffers.

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** 6-bit value by character code, 64 for every other character. */
const valueOf = new Uint8Array(256).fill(64);
for (let i = 0; i < 64; i++) valueOf[ALPHABET.charCodeAt(i)] = i;

/**
 * Decodes `byteCount` bytes (a multiple of 4) from `text` at `at` into big-endian 32-bit words. Bits of the last
 * character beyond the last byte are ignored, as C does. Returns false if the text is too short or has a foreign
 * character; the words are then undefined.
 */
export function decodeWords(text: string, at: number, byteCount: number, words: Uint32Array): boolean {
  const chars = Math.ceil((byteCount * 8) / 6);
  if (at < 0 || at + chars > text.length) return false;
  let pending = 0;
  let pendingBits = 0;
  let word = 0;
  for (let i = at; i < at + chars; i++) {
    const code = text.charCodeAt(i);
    const value = code > 255 ? 64 : (valueOf[code] ?? 64);
    if (value === 64) return false;
    const need = 32 - pendingBits;
    if (need > 6) {
      pending = (pending << 6) | value;
      pendingBits += 6;
    } else {
      words[word++] = (pending << need) | (value >> (6 - need));
      pending = value & ((1 << (6 - need)) - 1);
      pendingBits = 6 - need;
    }
  }
  return true;
}

/** Encodes whole big-endian 32-bit words; unused low bits of the last character are 0. */
export function encodeWords(words: Uint32Array | readonly number[], wordCount: number): string {
  let out = "";
  let pending = 0;
  let pendingBits = 0;
  for (let i = 0; i < wordCount; i++) {
    const word = words[i] ?? 0;
    // Two halves of 16 bits keep everything within 32-bit arithmetic: at most 5 pending bits and 16 new ones.
    for (let shift = 16; shift >= 0; shift -= 16) {
      pending = (pending << 16) | ((word >>> shift) & 0xffff);
      pendingBits += 16;
      while (pendingBits >= 6) {
        pendingBits -= 6;
        out += ALPHABET[(pending >>> pendingBits) & 63] ?? "";
      }
      pending &= (1 << pendingBits) - 1;
    }
  }
  if (pendingBits > 0) out += ALPHABET[(pending << (6 - pendingBits)) & 63] ?? "";
  return out;
}
