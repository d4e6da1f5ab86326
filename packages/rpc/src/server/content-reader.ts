// The file content of one request, read piece by piece. What has already arrived is handed out synchronously, so a
// small upload costs no promise; when nothing is there, `next` waits and the socket is read again.
import { FdfsError } from "@fastdfs-ts/protocol";

import type { ChunkQueue } from "../chunk-queue.ts";

export interface ContentReader {
  /** Bytes of content announced by the frame. */
  readonly totalBytes: number;
  /** Bytes not yet handed out. */
  readonly remainingBytes: number;
  /**
   * The next piece: a slice of the socket's own memory, never empty; `undefined` after the last one. Rejects with
   * CONNECTION_LOST when the peer goes away or stalls too long.
   */
  next(): Buffer | undefined | Promise<Buffer | undefined>;
}

/** The connection's side of a ContentReader. */
export class IncomingContent implements ContentReader {
  readonly totalBytes: number;
  private readonly inbox: ChunkQueue;
  private readonly hungry: () => void;
  private left: number;
  private waiting: { resolve: (chunk: Buffer | undefined) => void; reject: (error: FdfsError) => void } | undefined;
  private failure: FdfsError | undefined;

  /** `hungry` is called when a piece is wanted and none is there. */
  constructor(totalBytes: number, inbox: ChunkQueue, hungry: () => void) {
    this.totalBytes = totalBytes;
    this.left = totalBytes;
    this.inbox = inbox;
    this.hungry = hungry;
  }

  get remainingBytes(): number {
    return this.left;
  }

  get isWaiting(): boolean {
    return this.waiting !== undefined;
  }

  next(): Buffer | undefined | Promise<Buffer | undefined> {
    if (this.left === 0) return undefined;
    const piece = this.takePiece();
    if (piece !== undefined) return piece;
    if (this.failure !== undefined) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
      this.hungry();
    });
  }

  /** Bytes came into the inbox. */
  arrived(): void {
    const waiting = this.waiting;
    if (waiting === undefined) return;
    const piece = this.takePiece();
    if (piece === undefined) return;
    this.waiting = undefined;
    waiting.resolve(piece);
  }

  /** The peer is gone; what has not arrived never will. */
  fail(error: FdfsError): void {
    this.failure = error;
    this.waiting?.reject(error);
    this.waiting = undefined;
  }

  /** Throws away what is already here. Returns the bytes that have not arrived yet. */
  discardArrived(): number {
    while (this.left > 0 && this.takePiece() !== undefined);
    return this.left;
  }

  private takePiece(): Buffer | undefined {
    const piece = this.inbox.takeSome(this.left);
    if (piece !== undefined) this.left -= piece.length;
    return piece;
  }
}
