// Answers of C daemons (packages/protocol/vectors/wire), and a server that gives nothing but one of them.
import { readFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";

const HEADER_BYTES = 10;

export interface RecordedExchange {
  readonly request: Buffer;
  readonly answer: Buffer;
}

interface VectorRecord {
  readonly name: string;
  readonly request: { readonly hex: string };
  readonly response: { readonly hex: string };
}

/** The exchange of that name between a client and a C daemon. */
export function recordedExchange(file: "client-tracker" | "client-storage", name: string): RecordedExchange {
  const url = new URL(`../packages/protocol/vectors/wire/${file}.json`, import.meta.url);
  const records = JSON.parse(readFileSync(url, "utf8")) as VectorRecord[];
  const found = records.find((record) => record.name === name);
  if (found === undefined) throw new Error(`${file}.json has no record "${name}"`);
  return { request: Buffer.from(found.request.hex, "hex"), answer: Buffer.from(found.response.hex, "hex") };
}

/** The bytes behind the header. */
export function bodyOf(answer: Buffer): Buffer {
  return answer.subarray(HEADER_BYTES);
}

/** Sends a request and gives back the whole answer, header included. */
export function exchange(port: number, request: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(request));
    let received = Buffer.alloc(0);
    socket.on("error", reject);
    socket.on("close", () => reject(new Error(`the connection ended after ${received.length} bytes`)));
    socket.on("data", (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < HEADER_BYTES) return;
      if (received.length < HEADER_BYTES + Number(received.readBigUInt64BE(0))) return;
      resolve(received);
      socket.destroy();
    });
  });
}

/** Calls `use` with the port of a server that gives this answer to whatever it is sent. */
export async function withAnswer<T>(answer: Buffer, use: (port: number) => Promise<T>): Promise<T> {
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy()); // a client that has what it wanted may leave as it likes
    socket.once("data", () => socket.end(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await use((server.address() as AddressInfo).port);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}
