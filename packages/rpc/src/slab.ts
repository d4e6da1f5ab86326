// Memory for answers. A buffer of a few kilobytes costs more to allocate than to fill, so small ones are cut one after
// the other from a slab; a slab is collected when the last piece of it was sent.

const SLAB_BYTES = 512 * 1024;
const LARGEST_PIECE_BYTES = 64 * 1024;

export class Slab {
  private memory: Buffer = Buffer.alloc(0);
  private used = 0;

  /** `size` bytes with undefined content. */
  take(size: number): Buffer {
    if (size > LARGEST_PIECE_BYTES) return Buffer.allocUnsafeSlow(size);
    if (this.used + size > this.memory.length) {
      this.memory = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.used = 0;
    }
    const piece = this.memory.subarray(this.used, this.used + size);
    // Aligned to 8 bytes: copies into aligned memory are cheaper.
    this.used = (this.used + size + 7) & ~7;
    return piece;
  }
}
