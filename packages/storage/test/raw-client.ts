// One socket, exact bytes: for tests of what a server does with requests that no honest client would send.
import { connect, type Socket } from "node:net";
import { frameBodyBytes, HEADER_BYTES } from "@fastdfs-ts/protocol";

export class RawClient {
  /** Settles when the server has closed the connection, however it did that. */
  readonly closed: Promise<void>;
  isClosed = false;
  private readonly socket: Socket;
  private chunks: Buffer[] = [];
  private bytes = 0;
  private wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.chunks.push(chunk);
      this.bytes += chunk.length;
      this.wake?.();
    });
    // A reset is one of the ways in which a server may end a connection; what it answered before counts.
    socket.on("error", () => undefined);
    this.closed = new Promise((resolve) => {
      socket.on("close", () => {
        this.isClosed = true;
        this.wake?.();
        resolve();
      });
    });
  }

  static async dial(port: number): Promise<RawClient> {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return new RawClient(socket);
  }

  send(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  /** Sends, and settles when the bytes are with the kernel. */
  flush(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.socket.write(bytes, () => resolve());
    });
  }

  /** Exactly `count` bytes, or fewer if the server closes before. */
  async read(count: number): Promise<Buffer> {
    while (this.bytes < count && !this.isClosed) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    const all = Buffer.concat(this.chunks);
    const piece = all.subarray(0, count);
    this.chunks = [all.subarray(piece.length)];
    this.bytes -= piece.length;
    return piece;
  }

  /** One answer, header included; shorter if the server closes before its end. */
  async readAnswer(): Promise<Buffer> {
    const header = await this.read(HEADER_BYTES);
    if (header.length < HEADER_BYTES) return header;
    return Buffer.concat([header, await this.read(frameBodyBytes(header))]);
  }

  async exchange(request: Uint8Array): Promise<Buffer> {
    this.send(request);
    return this.readAnswer();
  }

  /** Bytes that came and were not read. */
  get unread(): number {
    return this.bytes;
  }

  /** Stops and restarts taking bytes from the kernel. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** Closes in order. */
  end(): Promise<void> {
    this.socket.end();
    return this.closed;
  }

  /** Closes at once, with a reset if bytes are unread. */
  cut(): Promise<void> {
    this.socket.destroy();
    return this.closed;
  }
}
