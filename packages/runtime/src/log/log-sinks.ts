// The ends of the pipe: records into a rotating file, or onto a terminal.
import type { LogRecord, LogSink } from "./logger.ts";
import { logLevels } from "./logger.ts";
import type { RotatingFile } from "./rotating-file.ts";
import { type LogFormat, textFormat } from "./text-format.ts";

/** Records from this one on are written at once: the process may be about to end. */
const urgentIndex = logLevels.indexOf("error");

/** Writes records into a file. `close` closes the file. */
export function fileSink(file: RotatingFile, format: LogFormat): LogSink {
  return {
    write(record) {
      file.append(format(record));
      if (logLevels.indexOf(record.level) <= urgentIndex) file.flush();
    },
    close: () => file.close(),
  };
}

export interface ConsoleSinkOptions {
  /** Colour by level, for terminals. */
  readonly colour?: boolean;
  readonly format?: LogFormat;
}

const red = "\u001B[31m";
const yellow = "\u001B[33m";
const grey = "\u001B[90m";
const reset = "\u001B[0m";

/** Writes records through `write`, for example to the standard error of a command line tool. */
export function consoleSink(write: (text: string) => void, options: ConsoleSinkOptions = {}): LogSink {
  const format = options.format ?? textFormat();
  return {
    write(record) {
      const line = format(record);
      const colour = options.colour === true ? colourOf(record) : "";
      write(colour === "" ? line : `${colour}${line.trimEnd()}${reset}\n`);
    },
    close() {},
  };
}

function colourOf(record: LogRecord): string {
  const index = logLevels.indexOf(record.level);
  if (index <= urgentIndex) return red;
  if (record.level === "warn") return yellow;
  return record.level === "debug" ? grey : "";
}

/** Writes every record to all sinks. */
export function teeSink(...sinks: readonly LogSink[]): LogSink {
  return {
    write(record) {
      for (const sink of sinks) sink.write(record);
    },
    close() {
      for (const sink of sinks) sink.close();
    },
  };
}
