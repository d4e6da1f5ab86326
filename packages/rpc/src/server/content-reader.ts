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
  /**
   * Hands all remaining pieces to `take`, each in the turn in which it arrives, while its memory is still warm; the next
   * one only after a promise that `take` gave is settled. Resolves after the last one; rejects as `next` does, or with
   * what `take` throws, and then takes no more.
   */
  consume(take: (piece: Buffer) => void | Promise<void>): Promise<void>;
}

/** Somebody who takes pieces as they come. */
interface Consumer {
  readonly take: (piece: Buffer) => void | Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  isBusy: boolean;
}

/** The connection's side of a ContentReader. */
export class IncomingContent implements ContentReader {
  readonly totalBytes: number;
  private readonly inbox: ChunkQueue;
  private readonly hungry: () => void;
  private left: number;
  private waiting: { resolve: (chunk: Buffer | undefined) => void; reject: (error: FdfsError) => void } | undefined;
  private consumer: Consumer | undefined;
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
    return this.waiting !== undefined || this.consumer?.isBusy === false;
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

  consume(take: (piece: Buffer) => void | Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.consumer = { take, resolve, reject, isBusy: false };
      this.feed();
    });
  }

  /** Bytes came into the inbox. */
  arrived(): void {
    if (this.consumer !== undefined) {
      if (!this.consumer.isBusy) this.feed();
      return;
    }
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
    if (this.consumer?.isBusy === false) this.stopFeeding(error);
  }

  /** Throws away what is already here. Returns the bytes that have not arrived yet. */
  discardArrived(): number {
    while (this.left > 0 && this.takePiece() !== undefined);
    return this.left;
  }

  private feed(): void {
    for (let { consumer } = this; consumer !== undefined; { consumer } = this) {
      const piece = this.takePiece();
      if (piece === undefined) {
        this.nothingToFeed(consumer);
        return;
      }
      try {
        const taken = consumer.take(piece);
        if (taken instanceof Promise) {
          this.feedAfter(consumer, taken);
          return;
        }
      } catch (error) {
        this.stopFeeding(error);
      }
    }
  }

  private nothingToFeed(consumer: Consumer): void {
    if (this.left === 0) {
      this.consumer = undefined;
      consumer.resolve();
    } else if (this.failure !== undefined) this.stopFeeding(this.failure);
    else this.hungry();
  }

  private feedAfter(consumer: Consumer, taken: Promise<void>): void {
    consumer.isBusy = true;
    taken.then(
      () => {
        consumer.isBusy = false;
        this.feed();
      },
      (error: unknown) => this.stopFeeding(error),
    );
  }

  private stopFeeding(error: unknown): void {
    const { consumer } = this;
    this.consumer = undefined;
    consumer?.reject(error);
  }

  private takePiece(): Buffer | undefined {
    const piece = this.left === 0 ? undefined : this.inbox.takeSome(this.left);
    if (piece !== undefined) this.left -= piece.length;
    return piece;
  }
}
