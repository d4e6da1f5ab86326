// The content of every file that the load generator uploads: bytes that no layer can compress, the same in every run, so
// that a download is checked without keeping what was sent.
const SEED = 2_463_534_242;

/** `size` bytes from Marsaglia's xorshift generator. */
export function loadPayload(size: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(size);
  let x = SEED | 0;
  for (let i = 0; i < size; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    bytes[i] = x;
  }
  return bytes;
}
