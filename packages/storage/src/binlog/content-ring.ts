// Contents of small files, the latest ones, in memory that is written round and round: the oldest give way, and nothing is
// allocated for a file.

/** Larger contents would drive out many small ones, and reading them again costs little in comparison. */
const CONTENT_BYTES_MAX = 64 * 1024;

/** Where a content lies. */
export interface KeptContent {
  /** Counted in bytes that the ring ever took. */
  readonly start: number;
  readonly bytes: number;
}

export class ContentRing {
  private readonly bytes: number;
  private memory: Buffer | undefined;
  /** Bytes ever taken, and those left out where a content did not fit in front of the ring's end. */
  private end = 0;
  /** What was taken before is forgotten. */
  private begin = 0;

  constructor(bytes: number) {
    this.bytes = bytes;
  }

  /** Copies a content, unless it is a large one. */
  keep(content: Uint8Array): KeptContent | undefined {
    const bytes = content.length;
    if (bytes > CONTENT_BYTES_MAX || bytes > this.bytes) return undefined;
    const memory = (this.memory ??= Buffer.allocUnsafeSlow(this.bytes));
    const room = memory.length - (this.end % memory.length);
    const start = bytes > room ? this.end + room : this.end;
    memory.set(content, start % memory.length);
    this.end = start + bytes;
    return { start, bytes };
  }

  /** A content, undefined if others lie there now. Valid until the next `keep`. */
  read({ start, bytes }: KeptContent): Buffer | undefined {
    const { memory } = this;
    if (memory === undefined || start < Math.max(this.begin, this.end - memory.length)) return undefined;
    const at = start % memory.length;
    return memory.subarray(at, at + bytes);
  }

  /** Gives the memory back. Nobody is given what is kept later for a content that was kept before. */
  forgetAll(): void {
    this.memory = undefined;
    this.begin = this.end;
  }
}
