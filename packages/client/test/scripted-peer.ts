// A server that keeps to a script of bytes: it notes each request frame exactly as it came and answers with recorded
// frames, whatever was asked.
import { frameBodyBytes, HEADER_BYTES } from "@fastdfs-ts/protocol";
import type { Connection } from "@fastdfs-ts/runtime";
import { nodeNetwork } from "@fastdfs-ts/runtime/node";

/** What to do with a request: bytes to answer with, "close" to cut the connection, "silence" to do nothing. */
export type Reaction = Buffer | "close" | "silence";

export interface ScriptedPeer extends AsyncDisposable {
  readonly port: number;
  /** Complete request frames in the order in which they came, header included. */
  readonly requests: Buffer[];
  /** Connections that are open now, and that ever were. */
  readonly connections: { open: number; total: number };
  /** Closes every connection from this side. */
  cutAll(): void;
  /** Resolves when no connection is open. */
  whenQuiet(): Promise<void>;
  /** Resolves when this many requests have come in all. */
  whenAsked(count: number): Promise<void>;
}

export async function startScriptedPeer(
  react: (request: Buffer, connection: Connection) => Reaction,
): Promise<ScriptedPeer> {
  const requests: Buffer[] = [];
  const connections = { open: 0, total: 0 };
  const alive = new Set<Connection>();
  const waiting = new Set<{ isDone: () => boolean; resolve: () => void }>();
  const happened = () => {
    for (const one of waiting) {
      if (!one.isDone()) continue;
      waiting.delete(one);
      one.resolve();
    }
  };
  const when = (isDone: () => boolean) =>
    new Promise<void>((resolve) => {
      waiting.add({ isDone, resolve });
      happened();
    });
  const listener = await nodeNetwork.listen({ host: "127.0.0.1", port: 0 }, (connection) => {
    let inbox = Buffer.alloc(0);
    connections.open++;
    connections.total++;
    alive.add(connection);
    connection.attach({
      data(chunk) {
        inbox = Buffer.concat([inbox, chunk]);
        while (inbox.length >= HEADER_BYTES && inbox.length >= HEADER_BYTES + frameBodyBytes(inbox)) {
          const frameBytes = HEADER_BYTES + frameBodyBytes(inbox);
          const request = inbox.subarray(0, frameBytes);
          inbox = inbox.subarray(frameBytes);
          requests.push(request);
          happened();
          const reaction = react(request, connection);
          if (reaction === "close") connection.destroy();
          else if (reaction !== "silence") connection.write(reaction);
        }
      },
      drained() {},
      closed() {
        connections.open--;
        alive.delete(connection);
        happened();
      },
    });
  });
  const cutAll = () => {
    for (const connection of alive) connection.destroy();
  };
  return {
    port: listener.local.port,
    requests,
    connections,
    cutAll,
    whenQuiet: () => when(() => connections.open === 0),
    whenAsked: (count) => when(() => requests.length >= count),
    async [Symbol.asyncDispose]() {
      cutAll();
      await listener.close();
    },
  };
}
