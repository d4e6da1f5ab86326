// Bytes as they came from the socket, in order, without joining them: file content is handed on as slices of the
// socket's own chunks. Only small pieces that straddle two chunks (a header, a file name) are copied.

export class ChunkQueue {
  private chunks: Buffer[] = [];
  /** Bytes of the first chunk that are already taken. */
  private taken = 0;
  private bytes = 0;

  /** Bytes waiting. */
  get length(): number {
    return this.bytes;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.chunks.push(chunk);
    this.bytes += chunk.length;
  }

  /** Where the waiting bytes begin in the buffer that `front` gives. */
  get frontAt(): number {
    return this.taken;
  }

  /**
   * The chunk that holds the next `count` bytes, from `frontAt` on, in one piece; that many must be waiting. Looking at
   * a header this way makes no object.
   */
  front(count: number): Buffer {
    const first = this.chunks[0]!;
    if (first.length - this.taken >= count) return first;
    const joined = Buffer.concat(this.chunks).subarray(this.taken);
    this.chunks = [joined];
    this.taken = 0;
    return joined;
  }

  /** Takes exactly `count` bytes; that many must be waiting. A copy is made only if they straddle chunks. */
  take(count: number): Buffer {
    const piece = this.peek(count);
    this.skip(count);
    return piece;
  }

  /** As `take`, and leaves them waiting. */
  peek(count: number): Buffer {
    const first = this.chunks[0];
    if (first !== undefined && first.length - this.taken >= count)
      return first.subarray(this.taken, this.taken + count);
    const joined = Buffer.allocUnsafe(count);
    let at = 0;
    let from = this.taken;
    for (const chunk of this.chunks) {
      at += chunk.copy(joined, at, from, Math.min(chunk.length, from + count - at));
      from = 0;
      if (at === count) break;
    }
    return joined;
  }

  /** Takes what the first chunk holds, at most `limit` bytes, without copying. `undefined` if nothing is waiting. */
  takeSome(limit: number): Buffer | undefined {
    const first = this.chunks[0];
    if (first === undefined) return undefined;
    const piece = first.subarray(this.taken, Math.min(first.length, this.taken + limit));
    this.skip(piece.length);
    return piece;
  }

  /**
   * Takes exactly `count` bytes without copying; `undefined`, and takes nothing, if they are not waiting in one piece.
   */
  takeInOnePiece(count: number): Buffer | undefined {
    if (count === 0) return NOTHING;
    const first = this.chunks[0];
    if (first === undefined || first.length - this.taken < count) return undefined;
    const piece = first.subarray(this.taken, this.taken + count);
    this.skip(count);
    return piece;
  }

  /** Copies what still waits of the chunk that was pushed last: its memory was only lent. */
  keepLast(): void {
    const last = this.chunks.length - 1;
    if (last < 0) return;
    const from = last === 0 ? this.taken : 0;
    // An own buffer, not a slice of Node's pool, which would stay alive as long as any neighbour of it.
    const kept = Buffer.allocUnsafeSlow(this.chunks[last]!.length - from);
    this.chunks[last]!.copy(kept, 0, from);
    this.chunks[last] = kept;
    if (last === 0) this.taken = 0;
  }

  /** Forgets everything. */
  clear(): void {
    this.chunks = [];
    this.taken = 0;
    this.bytes = 0;
  }

  /** Takes `count` bytes and forgets them; that many must be waiting. */
  skip(count: number): void {
    this.bytes -= count;
    let left = count;
    while (left > 0) {
      const first = this.chunks[0]!;
      const here = first.length - this.taken;
      if (left < here) {
        this.taken += left;
        return;
      }
      left -= here;
      this.taken = 0;
      // The usual case is a single chunk: resetting is cheaper than shifting.
      if (this.chunks.length === 1) this.chunks = [];
      else this.chunks.shift();
    }
  }
}

const NOTHING = Buffer.alloc(0);
