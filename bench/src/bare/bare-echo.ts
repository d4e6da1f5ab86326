// The yardstick for a tracker: every request of 10 bytes is answered with the same 50 bytes, a header and the 40 bytes
// of a store target (wire-protocol.md §5.2).
import { createServer, type Server } from "node:net";

const REQUEST_BYTES = 10;
const ANSWER = Buffer.alloc(50);
ANSWER[7] = 40;
ANSWER[8] = 100;

/** Listens on loopback. */
export function serveBareEcho(port: number): Promise<Server> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on("data", (chunk: Buffer) => {
      // The load generators wait for the answer before they ask again: a chunk is one whole request.
      if (chunk.length === REQUEST_BYTES) socket.write(ANSWER);
      else socket.destroy();
    });
    socket.on("error", () => socket.destroy());
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}
