// A client connection, or a pool of them, whose servers are the test.
import { frame, storageCommands } from "@fastdfs-ts/protocol";
import { type ConnectOptions, Deadlines, type Network } from "@fastdfs-ts/runtime";
import { ConnectionPool, type PoolOptions, RpcConnection } from "../src/index.ts";
import { ENDPOINT, FakeSocket } from "./fake-socket.ts";
import { HandClock } from "./hand-clock.ts";

export const within = { timeoutMs: 1000 };

export const answerFrame = (body: Buffer = Buffer.alloc(0), status = 0): Buffer => frame(100, body, status);

/** A network on which every connection leads to the test. `connect` may be replaced. */
function fakeNetwork(connect?: (options: ConnectOptions) => Promise<FakeSocket>): {
  network: Network;
  sockets: FakeSocket[];
} {
  const sockets: FakeSocket[] = [];
  const network: Network = {
    listen: () => Promise.reject(new Error("nobody listens here")),
    connect: async (_, options) => {
      const socket = (await connect?.(options)) ?? new FakeSocket();
      sockets.push(socket);
      return socket;
    },
    localAddresses: () => [],
    resolve: (host) => Promise.resolve([host]),
  };
  return { network, sockets };
}

export async function dialFake(): Promise<{ connection: RpcConnection; socket: FakeSocket; clock: HandClock }> {
  const clock = new HandClock();
  const { network, sockets } = fakeNetwork();
  const deadlines = Deadlines.open(clock, 100);
  const connection = await RpcConnection.dial(network, ENDPOINT, { connectTimeoutMs: 1000, deadlines });
  return { connection, socket: sockets[0]!, clock };
}

export function fakePool(
  options: Partial<PoolOptions> = {},
  connect?: (options: ConnectOptions) => Promise<FakeSocket>,
) {
  const clock = new HandClock();
  const { network, sockets } = fakeNetwork(connect);
  const pool = new ConnectionPool({
    network,
    clock,
    deadlines: Deadlines.open(clock, 100),
    maxPerEndpoint: 2,
    maxIdleMs: 60_000,
    testAfterIdleMs: 1000,
    connectTimeoutMs: 1000,
    networkTimeoutMs: 1000,
    activeTest: storageCommands.activeTest,
    ...options,
  });
  return { pool, clock, sockets };
}
