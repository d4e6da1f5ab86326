// Our end of a connection whose other end is the test. Like a real socket, it tells of its end a turn later.
import type { Connection, ConnectionEvents, Endpoint } from "@fastdfs-ts/runtime";

export const ENDPOINT: Endpoint = { host: "192.0.2.1", port: 23000 };

export class FakeSocket implements Connection {
  readonly remote = ENDPOINT;
  readonly local = { host: "192.0.2.2", port: 40_000 };
  readonly sent: Buffer[] = [];
  /** Whether `write` asks to wait. */
  isFull = false;
  isPaused = false;
  hasEnded = false;
  isDestroyed = false;
  pendingBytes = 0;
  events!: ConnectionEvents;
  private isOver = false;

  attach = (events: ConnectionEvents): void => {
    this.events = events;
  };

  write = (bytes: Uint8Array): boolean => {
    if (!this.hasEnded && !this.isDestroyed) this.sent.push(Buffer.from(bytes));
    return !this.isFull;
  };

  writePair = (first: Uint8Array, second: Uint8Array): boolean => this.write(Buffer.concat([first, second]));

  pauseReading = (): void => {
    this.isPaused = true;
  };

  resumeReading = (): void => {
    this.isPaused = false;
  };

  end = (): void => {
    this.hasEnded = true;
    this.overSoon();
  };

  destroy = (): void => {
    this.isDestroyed = true;
    this.overSoon();
  };

  /** All that was written and not read yet. */
  takeSent(): Buffer {
    return Buffer.concat(this.sent.splice(0));
  }

  /** The socket has room again. */
  drain(): void {
    this.isFull = false;
    this.events.drained();
  }

  /** The other end goes away. */
  lose(error?: Error): void {
    if (this.isOver) return;
    this.isOver = true;
    this.events.closed(error);
  }

  private overSoon(): void {
    setImmediate(() => this.lose());
  }
}

/** Lets everything that is waiting for this turn of the event loop run. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
