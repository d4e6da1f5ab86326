// What a server has to do for clients: plain numbers, so that counting a request allocates nothing.

/** How far the counts are; those of two moments give what happened between them. */
export interface TaskTotals {
  /** Requests of clients that were answered. */
  readonly finished: number;
  /** Those of them whose time was taken: request and answer were one piece, so nobody waited for bytes of a slow peer. */
  readonly timed: number;
  /** Milliseconds from request to answer, of all that were timed. */
  readonly timedMs: number;
}

/**
 * Counts the requests of commands that clients send, by the command's row (`Command.sender`). Another storage that reads a
 * file as a client would, with 14, counts as one.
 */
export class TaskCounts implements TaskTotals {
  /** Requests that are being handled or answered now. */
  running = 0;
  finished = 0;
  timed = 0;
  timedMs = 0;

  begin(): void {
    this.running++;
  }

  answered(): void {
    this.running--;
    this.finished++;
  }

  answeredIn(ms: number): void {
    this.answered();
    this.timed++;
    this.timedMs += ms;
  }

  /** The client is gone: nobody waits for the answer. */
  abandoned(): void {
    this.running--;
  }
}
