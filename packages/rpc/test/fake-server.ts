// An RpcServer whose clients are the test: sockets and time are in its hand.
import { connectionCommands, frame, storageCommands } from "@fastdfs-ts/protocol";
import type { Connection, Network } from "@fastdfs-ts/runtime";
import {
  answer,
  type AnsweredExchange,
  answerRaw,
  type ContentReader,
  quit,
  receive,
  type RouteAnswer,
  RpcServer,
  type ServeOptions,
  type ServerTrouble,
  type Session,
} from "../src/index.ts";
import { FakeSocket } from "./fake-socket.ts";
import { HandClock } from "./hand-clock.ts";

export interface FakeServer {
  readonly server: RpcServer;
  readonly clock: HandClock;
  readonly troubles: ServerTrouble[];
  readonly answered: AnsweredExchange[];
  /** A client connects. */
  readonly connect: () => FakeSocket;
}

export interface Handlers {
  /** Command 111. */
  readonly plain?: (session: Session) => void | Promise<void>;
  /** Command 11. */
  readonly upload?: (content: ContentReader, session: Session) => RouteAnswer | Promise<RouteAnswer>;
  /** Command 14. */
  readonly download?: () => RouteAnswer | Promise<RouteAnswer>;
}

export async function startFakeServer(
  handlers: Handlers = {},
  options: Partial<ServeOptions> = {},
): Promise<FakeServer> {
  const clock = new HandClock();
  const troubles: ServerTrouble[] = [];
  const answered: AnsweredExchange[] = [];
  let accept!: (connection: Connection) => void;
  const network: Network = {
    listen: (to, onConnection) => {
      accept = onConnection;
      return Promise.resolve({ local: to, close: () => Promise.resolve() });
    },
    connect: () => Promise.reject(new Error("this side only listens")),
    localAddresses: () => [],
    resolve: (host) => Promise.resolve([host]),
  };
  const server = await RpcServer.listen({
    network,
    clock,
    listen: { hosts: ["192.0.2.2"], port: 23000 },
    routes: [
      answer(connectionCommands.activeTest, async (_, session) => {
        const work = handlers.plain?.(session);
        if (work !== undefined) await work;
        return {};
      }),
      receive(storageCommands.uploadFile, (_, content, session) => handlers.upload?.(content, session)),
      answerRaw(storageCommands.downloadFile, () => handlers.download?.()),
      quit(connectionCommands.quit),
    ],
    maxConnections: 10,
    networkTimeoutMs: 3000,
    closeOnBadRequest: true,
    onAnswered: (exchange) => answered.push(exchange),
    onTrouble: (trouble) => troubles.push(trouble),
    ...options,
  });
  return {
    server,
    clock,
    troubles,
    answered,
    connect() {
      const socket = new FakeSocket();
      accept(socket);
      return socket;
    },
  };
}

export const PING = frame(connectionCommands.activeTest.code, Buffer.alloc(0));
export const QUIT = frame(connectionCommands.quit.code, Buffer.alloc(0));
export const DOWNLOAD = frame(
  storageCommands.downloadFile.code,
  storageCommands.downloadFile.request.encode({
    groupName: "group1",
    logicalName: "M00/00/00/anything-that-is-long-enough",
    offset: 0,
    countBytes: 0,
  }),
);

/** An upload request with this content. */
export function uploadOf(content: Buffer): Buffer {
  const { code, request } = storageCommands.uploadFile;
  const head = request.encode({ storePathIndex: 0, contentBytes: content.length, extension: "txt" });
  return frame(code, Buffer.concat([head, content]));
}

/** All content as one buffer. */
export async function readAll(content: ContentReader): Promise<Buffer> {
  const pieces: Buffer[] = [];
  await content.consume((piece) => void pieces.push(Buffer.from(piece)));
  return Buffer.concat(pieces);
}
