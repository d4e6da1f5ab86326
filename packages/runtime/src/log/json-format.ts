// Log lines for machines: one JSON object per line, time in UTC.
import type { LogRecord } from "./logger.ts";
import { errorText, type LogFormat, safeJson } from "./text-format.ts";

const ownKeys = new Set(["time", "level", "message", "repeated", "withinSeconds"]);

/** A field that is called like one of our own keys gets a "_" at its end. */
export function jsonFormat(): LogFormat {
  return (record) => `${safeJson(objectOf(record))}\n`;
}

function objectOf(record: LogRecord): Record<string, unknown> {
  const object: Record<string, unknown> = {
    time: new Date(record.timeMs).toISOString(),
    level: record.level,
    message: record.message,
  };
  for (const [name, value] of Object.entries(record.fields)) {
    object[ownKeys.has(name) ? `${name}_` : name] = value instanceof Error ? errorText(value) : value;
  }
  if (record.repeated === undefined) return object;
  return { ...object, repeated: record.repeated.times, withinSeconds: record.repeated.seconds };
}
