// Log lines as C writes them (storage-formats.md §7.1), with fields behind the message:
// [2026-11-22 04:45:47] WARNING - peer is silent peer=10.0.0.2:23000 seconds=30
import { systemErrorCode } from "../ports/system-error.ts";
import { LocalTimeText } from "./local-time.ts";
import type { LogFields, LogLevel, LogRecord } from "./logger.ts";

/** Prints a record, line end included. */
export type LogFormat = (record: LogRecord) => string;

const levelWords: Readonly<Record<LogLevel, string>> = {
  emerg: "EMERG",
  alert: "ALERT",
  crit: "CRIT",
  error: "ERROR",
  warn: "WARNING",
  notice: "NOTICE",
  info: "INFO",
  debug: "DEBUG",
};

/** A formatter of its own for each sink: it remembers the second it printed last. */
export function textFormat(): LogFormat {
  const time = new LocalTimeText();
  return (record) => {
    const head = `[${time.seconds(record.timeMs)}] ${levelWords[record.level]} - ${oneLine(record.message)}`;
    return `${head}${fieldsText(record.fields)}${repeatedText(record)}\n`;
  };
}

function repeatedText(record: LogRecord): string {
  if (record.repeated === undefined) return "";
  return ` … repeated ${record.repeated.times} times in ${record.repeated.seconds} s`;
}

/** " key=value key=value"; fields that are undefined are left out. */
export function fieldsText(fields: LogFields): string {
  let text = "";
  for (const name of Object.keys(fields)) {
    const value = fields[name];
    if (value !== undefined) text += ` ${name}=${valueText(value)}`;
  }
  return text;
}

function valueText(value: unknown): string {
  const text = plainText(value);
  // Quotes keep a value with blanks together, and keep line ends from a peer out of the log.
  return text === "" || /[\s"=\p{Cc}]/u.test(text) ? JSON.stringify(text) : text;
}

function plainText(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Error) return errorText(value);
  if (typeof value === "object" && value !== null) return safeJson(value);
  return String(value);
}

/** Code and message of an error, the code once. */
export function errorText(error: Error): string {
  const code = systemErrorCode(error);
  return code === undefined || error.message.includes(code) ? error.message : `${code}: ${error.message}`;
}

/** JSON of anything: a log line must never throw. */
export function safeJson(value: unknown): string {
  try {
    return JSON.stringify(value, (_key, part: unknown) => (typeof part === "bigint" ? part.toString() : part));
  } catch {
    return "[not printable]"; // circular, or a toJSON that throws
  }
}

function oneLine(text: string): string {
  return /\p{Cc}/u.test(text) ? text.replace(/\p{Cc}+/gu, " ") : text;
}
