export { ConnectionPool, type PoolOptions } from "./client/connection-pool.ts";
export { PipelinedConnection, type PipelineEvents, type PipelineOptions } from "./client/pipelined-connection.ts";
export {
  type DialOptions,
  type ExchangeOptions,
  type IncomingAnswer,
  type OutgoingContent,
  peerText,
  RpcConnection,
} from "./client/rpc-connection.ts";
export { ChunkQueue } from "./chunk-queue.ts";
export { Slab } from "./slab.ts";
export type { ContentReader } from "./server/content-reader.ts";
export {
  answer,
  type AnsweredExchange,
  answerRaw,
  type PlainRoute,
  quit,
  receive,
  type Route,
  type RouteAnswer,
  type Session,
  type StreamedAnswer,
  type UploadRoute,
  type WholeFrame,
} from "./server/routes.ts";
export { TaskCounts, type TaskTotals } from "./server/task-counts.ts";
export { logTrouble } from "./server/log-trouble.ts";
export { type ConnectionCounts, RpcServer, type ServeOptions, type ServerTrouble } from "./server/rpc-server.ts";
