// The file content of one request, handed out as slices of the socket's own memory. What has arrived with the request is
// there at once, so a small upload costs no promise; the rest is given to a consumer piece by piece.
import type { FdfsError } from "@fastdfs-ts/protocol";

import type { ChunkQueue } from "../chunk-queue.ts";

/** Up to here pieces are joined: a copy costs less than handing them out one by one. */
const JOINED_BYTES = 64 * 1024;

export interface ContentReader {
  /** Bytes of content announced by the frame. */
  readonly totalBytes: number;
  /** Bytes not yet handed out. */
  readonly remainingBytes: number;
  /**
   * All remaining bytes, if they have arrived, and in one piece if they are many; else `undefined`, and nothing is handed out. The memory is
   * lent until the caller's turn ends.
   */
  takeWhole(): Buffer | undefined;
  /**
   * Hands all remaining pieces to `take`, each in the turn in which it arrives, while its memory is still warm; the next
   * one only after a promise that `take` gave is settled. A piece is lent until `take` returns. Resolves after the last
   * one; rejects with CONNECTION_LOST when the peer goes away or stalls too long, or with what `take` throws, and then
   * takes no more.
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
    return this.consumer?.isBusy === false;
  }

  takeWhole(): Buffer | undefined {
    const isJoinedCheaply = this.left <= JOINED_BYTES && this.inbox.length >= this.left;
    const whole = isJoinedCheaply ? this.inbox.take(this.left) : this.inbox.takeInOnePiece(this.left);
    if (whole !== undefined) this.left = 0;
    return whole;
  }

  consume(take: (piece: Buffer) => void | Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.consumer = { take, resolve, reject, isBusy: false };
      this.feed();
    });
  }

  /** Bytes came into the inbox. */
  arrived(): void {
    if (this.consumer?.isBusy === false) this.feed();
  }

  /** The peer is gone; what has not arrived never will. */
  fail(error: FdfsError): void {
    this.failure = error;
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
