// Log settings (storage-formats.md §6.6): the same keys in [error-log] and [access-log], each with the global part as
// fallback, and our own format switch.
import { globalTable, type OptionRows, sectionTable } from "../option-table.ts";

const rows = {
  flushIntervalMs: {
    name: "sync_log_buff_interval",
    type: "duration",
    unit: "s",
    default: "1",
    range: { min: 1, below: "limit" },
    meaning: "lines are kept in memory at most this long before they are written",
    effect: "used",
  },
  rotateDaily: {
    name: "log_file_rotate_everyday",
    type: "boolean",
    default: "true",
    meaning: "start a new file every day; the old one is renamed to <name>.YYYYMMDD",
    since: "6.14",
    effect: "used",
  },
  rotateTime: {
    name: "log_file_rotate_time",
    type: "time",
    default: "00:00",
    meaning: "local time of the daily rotation",
    since: "6.14",
    effect: "used",
  },
  rotateOnSizeBytes: {
    name: "log_file_rotate_on_size",
    type: "size",
    default: "0",
    range: { min: 0, below: "limit", max: 64 * 1024 ** 3, above: "limit" },
    meaning: "start a new file at this size; old ones are then named <name>.YYYYMMDD_HHMMSS. 0: never",
    since: "6.14",
    effect: "used",
  },
  compressOld: {
    name: "log_file_compress_old",
    type: "boolean",
    default: "false",
    meaning: "gzip old files, in small pieces between other work",
    since: "6.14",
    effect: "used",
  },
  compressDaysBefore: {
    name: "log_file_compress_days_before",
    type: "integer",
    unit: "days",
    default: "1",
    range: { min: 0, below: "default" },
    meaning: "age at which old files are compressed. 0: as soon as they are old",
    since: "6.14",
    sample: "7",
    effect: "used",
  },
  keepDays: {
    name: "log_file_keep_days",
    type: "integer",
    unit: "days",
    default: "15",
    range: { min: 0, below: "default" },
    meaning: "old files are deleted after this many days. 0: never",
    since: "6.14",
    effect: "used",
  },
  deleteOldTime: {
    name: "log_file_delete_old_time",
    type: "time",
    default: "01:30",
    meaning: "local time at which old files are deleted",
    since: "6.14",
    effect: "used",
  },
} as const satisfies OptionRows;

/** Words of C's log_level, by our names. */
const logLevelChoices = {
  emerg: ["emerg"],
  alert: ["alert"],
  crit: ["crit"],
  error: ["error", "err…"],
  warn: ["warn", "warn…"],
  notice: ["notice"],
  info: ["info"],
  debug: ["debug"],
} as const;

export const errorLogTable = sectionTable(
  "Message log (logs/trackerd.log, logs/storaged.log)",
  "error-log",
  {
    ...rows,
    format: {
      name: "log_format",
      type: "choice",
      choices: { text: ["text"], json: ["json"] },
      default: "text",
      meaning: "text: lines as C writes them. json: one object per line",
      since: "fastdfs-ts 0.1",
      effect: "used",
    },
  },
  true,
);

export const accessLogFileTable = sectionTable("Files of the access log", "access-log", rows, true);

export const accessLogTable = sectionTable(
  "Access log of a storage (logs/storage_access.log)",
  "access-log",
  {
    enabled: {
      name: "enabled",
      type: "boolean",
      default: "false",
      meaning: "write one line per client request",
      since: "6.14",
      effect: "used",
    },
    timePrecision: {
      name: "time_precision",
      type: "choice",
      choices: { ms: ["ms", "millisecond"], us: ["us", "microsecond"] },
      otherwise: "ms",
      default: "ms",
      meaning: "precision of time stamps and durations",
      since: "6.16",
      sample: "us",
      effect: "used",
    },
  },
  false,
);

export const logLevelTable = globalTable("Logging", {
  logLevel: {
    name: "log_level",
    type: "choice",
    choices: logLevelChoices,
    otherwise: "info",
    default: "info",
    meaning: "least important messages that are logged",
    effect: "used",
  },
});
