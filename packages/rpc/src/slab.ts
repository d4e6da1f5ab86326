// Memory for answers. A buffer of a few kilobytes costs more to allocate than to fill, and fresh memory costs page faults
// and cache misses, so pieces are cut from a slab, and a piece that has left at once is used again for the next answer.

const SLAB_BYTES = 512 * 1024;
const LARGEST_PIECE_BYTES = 128 * 1024;

export class Slab {
  private memory: Buffer = Buffer.alloc(0);
  private used = 0;
  /** Where the piece handed out last begins; -1 if it came back. */
  private lastAt = -1;

  /** `size` bytes with undefined content. */
  take(size: number): Buffer {
    if (size > LARGEST_PIECE_BYTES) return Buffer.allocUnsafeSlow(size);
    if (this.used + size > this.memory.length) {
      // The old slab is collected when the last piece of it was sent.
      this.memory = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.used = 0;
    }
    this.lastAt = this.used;
    const piece = this.memory.subarray(this.used, this.used + size);
    // Aligned to 8 bytes, because copies into aligned memory are cheaper; past an empty piece too, so that no two pieces
    // begin at the same place.
    this.used = (this.used + size + 8) & ~7;
    return piece;
  }

  /**
   * Nobody reads this piece, or the beginning of it, any more. If it is the one handed out last, its memory is the next
   * to be handed out.
   */
  giveBack(piece: Buffer): void {
    if (piece.byteOffset !== this.lastAt || piece.buffer !== this.memory.buffer) return;
    this.used = this.lastAt;
    this.lastAt = -1;
  }
}
