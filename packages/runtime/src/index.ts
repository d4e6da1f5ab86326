export type { Clock, Timer } from "./ports/clock.ts";
export type { Disk, DiskFile, DiskSpace, FileStat, OpenMode } from "./ports/disk.ts";
export type {
  Connection,
  ConnectionEvents,
  ConnectOptions,
  Endpoint,
  Listener,
  ListenOptions,
  Network,
} from "./ports/network.ts";
export { type Random, randomBelow } from "./ports/random.ts";
export { errnoByCode, type ErrnoCode, SystemError, systemErrorCode } from "./ports/system-error.ts";
export type { World } from "./ports/world.ts";
export { type Deadline, Deadlines } from "./concurrency/deadlines.ts";
export { Mutex } from "./concurrency/mutex.ts";
export { sleep } from "./concurrency/sleep.ts";
export { invariant, InvariantError } from "./invariant.ts";
export { type Service, stopWithin } from "./lifecycle/service.ts";
export { ShutdownStack } from "./lifecycle/shutdown-stack.ts";
export type { StepOutcome, Worker, WorkerActivity, WorkerStatus } from "./lifecycle/worker.ts";
export { type WorkerHandle, WorkerPool, type WorkerPoolOptions } from "./lifecycle/worker-pool.ts";
export { type Cell, REFUSED, type StateTable, stateTable, STAYS } from "./state-table.ts";
