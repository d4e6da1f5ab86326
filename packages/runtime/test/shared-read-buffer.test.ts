import { EventEmitter } from "node:events";
import net, { type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { readIntoSharedBuffer } from "../src/node/shared-read-buffer.ts";

describe("reading into a shared buffer", () => {
  it("takes a socket as it is where Node's handle is not as expected", () => {
    const accepted = Object.assign(new EventEmitter(), { _handle: {} }) as unknown as Socket;
    const received: string[] = [];
    expect(readIntoSharedBuffer(accepted, (bytes) => void received.push(bytes.toString()))).toBe(accepted);
    accepted.emit("data", Buffer.from("abc"));
    expect(received).toEqual(["abc"]);
  });

  it("reads all connections into the same memory on this version of Node", async () => {
    const memory = new Set<ArrayBufferLike>();
    let bytes = 0;
    let heard = (): void => undefined;
    const server = net.createServer((socket) => {
      const own = readIntoSharedBuffer(socket, (chunk) => {
        memory.add(chunk.buffer);
        bytes += chunk.length;
        heard();
      });
      own.on("end", () => own.end());
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as net.AddressInfo;
    const done = new Promise<void>((resolve) => {
      heard = () => {
        if (bytes === 2 * 100_000) resolve();
      };
    });
    const clients = [0, 1].map(() => net.connect({ host: "127.0.0.1", port }));
    for (const client of clients) client.end(Buffer.alloc(100_000));
    await done;
    expect(memory.size).toBe(1);
    for (const client of clients) client.destroy();
    server.close();
  });
});
