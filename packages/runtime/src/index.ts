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
