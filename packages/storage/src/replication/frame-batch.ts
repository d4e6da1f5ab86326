// Requests that leave together, in one piece of memory: files are read right behind their heads.

/** Content up to this size is sent in a batch; what is larger is streamed. */
export const BATCHED_CONTENT_BYTES = 128 * 1024;
/** Room for a few of the largest, or for some hundred files of a few kilobytes. */
const BATCH_BYTES = 512 * 1024;

export class FrameBatch {
  readonly buffer: Buffer;
  /** Where the next request begins. */
  end = 0;
  /** Requests in it. */
  count = 0;

  constructor(bytes = BATCH_BYTES) {
    this.buffer = Buffer.allocUnsafeSlow(bytes);
  }

  get room(): number {
    return this.buffer.length - this.end;
  }

  get bytes(): Buffer {
    return this.buffer.subarray(0, this.end);
  }

  /** A request of `bytes` was written at `end`. */
  add(bytes: number): void {
    this.end += bytes;
    this.count++;
  }

  clear(): void {
    this.end = 0;
    this.count = 0;
  }
}
