// Requests that leave together, in one piece of memory: files are read right behind their heads. New files go, several at
// a time, as one request (125) to a peer that takes it so: it then handles and answers them together.
import {
  HEADER_BYTES,
  storageCommands,
  TOGETHER_BYTES_MAX,
  TOGETHER_REQUESTS_MAX,
  writeHeader,
} from "@fastdfs-ts/protocol";

/** Content up to this size is sent in a batch; what is larger is streamed. */
export const BATCHED_CONTENT_BYTES = 128 * 1024;
/** Room for a few of the largest, or for some hundred files of a few kilobytes. */
const BATCH_BYTES = 512 * 1024;

/** In front of new files that go together. */
const FRONT_BYTES = HEADER_BYTES + storageCommands.syncTogether.request.fixedSize;

/** What the peer gives one answer to. */
export interface BatchedRequest {
  readonly isTogether: boolean;
  /** Records in it. */
  count: number;
}

interface OpenRequest {
  readonly at: number;
  readonly request: BatchedRequest;
}

export class FrameBatch {
  readonly buffer: Buffer;
  /** Where the next request begins. */
  end = 0;
  /** In order. */
  readonly requests: BatchedRequest[] = [];
  private readonly takesTogether: boolean;
  /** The one that further new files go into. */
  private open: OpenRequest | undefined;

  constructor(bytes = BATCH_BYTES, takesTogether = false) {
    this.buffer = Buffer.allocUnsafeSlow(bytes);
    this.takesTogether = takesTogether;
  }

  get room(): number {
    return this.buffer.length - this.end;
  }

  /** All that is in it, ready to be sent. */
  get bytes(): Buffer {
    this.close();
    return this.buffer.subarray(0, this.end);
  }

  /** Whether a request of 16 with so many bytes may be one of several. */
  canJoin(bytes: number): boolean {
    return this.takesTogether && bytes <= TOGETHER_BYTES_MAX;
  }

  /** Sees to it that such a request can be written at `end`, among others. Returns whether there is room. */
  join(bytes: number): boolean {
    if (this.open !== undefined && !this.fits(this.open, bytes)) this.close();
    if (this.room < bytes + FRONT_BYTES) return false;
    if (this.open === undefined) {
      this.open = { at: this.end, request: { isTogether: true, count: 0 } };
      this.requests.push(this.open.request);
      this.end += FRONT_BYTES;
    }
    return true;
  }

  /** The request for which there was room was written at `end`. */
  joined(bytes: number): void {
    this.end += bytes;
    if (this.open !== undefined) this.open.request.count++;
  }

  /** A request of `bytes` was written at `end`. */
  add(bytes: number): void {
    this.close();
    this.end += bytes;
    this.requests.push({ isTogether: false, count: 1 });
  }

  clear(): void {
    this.end = 0;
    this.requests.length = 0;
    this.open = undefined;
  }

  private fits({ at, request }: OpenRequest, bytes: number): boolean {
    return request.count < TOGETHER_REQUESTS_MAX && this.end + bytes - at - FRONT_BYTES <= TOGETHER_BYTES_MAX;
  }

  private close(): void {
    if (this.open === undefined) return;
    const { at } = this.open;
    const { code, request } = storageCommands.syncTogether;
    writeHeader(this.buffer, at, this.end - at - HEADER_BYTES, code, 0);
    request.encodeInto(this.buffer, at + HEADER_BYTES, { contentBytes: this.end - at - FRONT_BYTES });
    this.open = undefined;
  }
}
