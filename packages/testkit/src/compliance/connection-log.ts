// Writes down what a connection tells its owner.
import type { Connection, ConnectionEvents } from "@fastdfs-ts/runtime";

export class ConnectionLog implements ConnectionEvents {
  readonly connection: Connection;
  readonly #chunks: Buffer[] = [];
  drainedCount = 0;
  closedCount = 0;
  error: Error | undefined;

  constructor(connection: Connection) {
    this.connection = connection;
    connection.attach(this);
  }

  data(chunk: Buffer): void {
    if (this.closedCount > 0) throw new Error("data after closed");
    this.#chunks.push(Buffer.from(chunk));
  }

  drained(): void {
    this.drainedCount++;
  }

  closed(error: Error | undefined): void {
    this.closedCount++;
    this.error = error;
  }

  get received(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  get receivedBytes(): number {
    return this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }
}
