export type { Clock, Timer } from "./ports/clock.ts";
export { type DiskCallRunner, QueuedBackgroundDisk } from "./background-disk/queued-background-disk.ts";
export type {
  BackgroundDisk,
  BackgroundFile,
  Disk,
  DiskCalls,
  DiskFile,
  DiskSpace,
  FileCalls,
  FileStat,
  OpenMode,
} from "./ports/disk.ts";
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
export type {
  DiskCounters,
  InterfaceCounters,
  MemoryState,
  ProcessorTimes,
  SystemCounters,
  SystemSnapshot,
} from "./ports/system-counters.ts";
export type { World } from "./ports/world.ts";
export { type Deadline, Deadlines } from "./concurrency/deadlines.ts";
export { Mutex } from "./concurrency/mutex.ts";
export { sleep } from "./concurrency/sleep.ts";
export { gzipFile } from "./gzip/gzip-job.ts";
export { invariant, InvariantError } from "./invariant.ts";
export { type Service, stopWithin } from "./lifecycle/service.ts";
export { ShutdownStack } from "./lifecycle/shutdown-stack.ts";
export type { StepOutcome, Worker, WorkerActivity, WorkerStatus } from "./lifecycle/worker.ts";
export { type WorkerHandle, WorkerPool, type WorkerPoolOptions } from "./lifecycle/worker-pool.ts";
export { type Cell, REFUSED, type StateTable, stateTable, STAYS } from "./state-table.ts";
export { AllowHosts, resolveAllowHosts } from "./config/allow-hosts.ts";
export { type ClientConfig, defaultClientConfig, loadClientConfig } from "./config/client-config.ts";
export {
  ConfigError,
  type ConfigPlace,
  type ConfigProblem,
  type ConfigWarning,
  printConfigProblem,
} from "./config/config-problems.ts";
export { IniFile, type IniItem, parseIni, readIniFile } from "./config/ini-file.ts";
export { type AddressKind, addressKind, type IpAddress, parseIpAddress, unmapIpv4 } from "./config/ip-address.ts";
export type { KeyChange } from "./config/key-changes.ts";
export { nearestName } from "./config/nearest-name.ts";
export { type OptionReading, readOptions } from "./config/option-reading.ts";
export type { ConfFile, ConfValues, OptionRow, OptionTable, TableValues } from "./config/option-table.ts";
export { clientConf } from "./config/options/client-options.ts";
export { storageConf } from "./config/options/storage-options.ts";
export { trackerConf } from "./config/options/tracker-options.ts";
export { renderConfigurationPage } from "./config/reference-page.ts";
export { printSample, printStorageIdsSample, type SampleValues } from "./config/sample.ts";
export { parseServerAddress, printServerAddress, type ServerAddress } from "./config/server-address.ts";
export {
  type ErrorLogConfig,
  listenHosts,
  type LoadedConfig,
  type LogFileConfig,
  type ServerConfig,
} from "./config/server-config.ts";
export {
  defaultStorageConfig,
  loadStorageConfig,
  type ServerIdSource,
  type StorageConfig,
  type StorePathConfig,
} from "./config/storage-config.ts";
export {
  parseStorageIdLine,
  parseStorageIds,
  printStorageIdLine,
  printStorageIds,
  readStorageIds,
  type StorageIdEntry,
  type StorageRwMode,
} from "./config/storage-ids-file.ts";
export { defaultTrackerConfig, loadTrackerConfig, type TrackerConfig } from "./config/tracker-config.ts";
export { type ReloadedConfig, TrackerConfigFile } from "./config/tracker-config-file.ts";
export { type AccessAction, AccessLog, type AccessLogOptions, type TimePrecision } from "./log/access-log.ts";
export { jsonFormat } from "./log/json-format.ts";
export { LocalTimeText, nextDaily } from "./log/local-time.ts";
export { consoleSink, type ConsoleSinkOptions, fileSink, teeSink } from "./log/log-sinks.ts";
export {
  type LogFields,
  Logger,
  type LoggerOptions,
  type LogLevel,
  logLevels,
  type LogRecord,
  type LogSink,
  nullSink,
} from "./log/logger.ts";
export { collapseRepeats, type RepeatCollapseOptions } from "./log/repeat-collapse.ts";
export { RotatingFile, type RotatingFileOptions } from "./log/rotating-file.ts";
export { type LogFormat, textFormat } from "./log/text-format.ts";
export {
  parseBoolean,
  parseLeadingInteger,
  parsePercentRatio,
  parseSizeBytes,
  parseSpaceReserve,
  parseTimeOfDay,
  printRatioPercent,
  printSizeBytes,
  printSpaceReserve,
  printTimeOfDay,
  type SpaceReserve,
  type TimeOfDay,
} from "./quantities.ts";
