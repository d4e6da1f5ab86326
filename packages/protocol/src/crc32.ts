// CRC-32 as zlib and PNG have it, in steps: every upload computes it chunk by chunk. Eight tables let one turn of the
// loop take eight bytes; node:zlib has a faster one, but the words of the protocol do no I/O and know no platform.

const POLYNOMIAL = 0xedb88320;
const TABLE_COUNT = 8;
const [T0, T1, T2, T3, T4, T5, T6, T7] = buildTables() as [T, T, T, T, T, T, T, T];
type T = Int32Array;

/**
 * The CRC-32 of all bytes so far, given the CRC-32 `crc` of those before (0 at the start), continued over
 * `bytes[start..end)`. Unsigned.
 */
export function crc32(crc: number, bytes: Uint8Array, start = 0, end = bytes.length): number {
  let state = ~crc;
  let i = start;
  for (const stop = end - 7; i < stop; i += 8) {
    const low = state ^ (bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24));
    state =
      T7[low & 0xff]! ^
      T6[(low >>> 8) & 0xff]! ^
      T5[(low >>> 16) & 0xff]! ^
      T4[low >>> 24]! ^
      T3[bytes[i + 4]!]! ^
      T2[bytes[i + 5]!]! ^
      T1[bytes[i + 6]!]! ^
      T0[bytes[i + 7]!]!;
  }
  for (; i < end; i++) state = (state >>> 8) ^ T0[(state ^ bytes[i]!) & 0xff]!;
  return ~state >>> 0;
}

/** Table k gives the effect of a byte that is followed by k zero bytes. */
function buildTables(): Int32Array[] {
  const tables = Array.from({ length: TABLE_COUNT }, () => new Int32Array(256));
  const first = tables[0]!;
  for (let n = 0; n < 256; n++) {
    let value = n;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
    first[n] = value;
  }
  for (let k = 1; k < TABLE_COUNT; k++) {
    for (let n = 0; n < 256; n++) {
      const before = tables[k - 1]![n]!;
      tables[k]![n] = (before >>> 8) ^ first[before & 0xff]!;
    }
  }
  return tables;
}
