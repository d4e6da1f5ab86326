// The logging port: events, not sentences. A message is constant text; what varies goes into fields. Sinks decide how
// and where a record is written.
import type { Clock } from "../ports/clock.ts";

/** C's levels, the most urgent first: someone must act from emerg to error, may have to at warn; info is rare life events. */
export const logLevels = ["emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"] as const;

export type LogLevel = (typeof logLevels)[number];

/** Facts of an event. Errors are shown by code and message. */
export type LogFields = Readonly<Record<string, unknown>>;

export interface LogRecord {
  /** Wall clock, milliseconds since 1970. */
  readonly timeMs: number;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
  /** Set on the record that stands for others that were not written. */
  readonly repeated?: { readonly times: number; readonly seconds: number };
}

/** Where records go. `write` never throws. */
export interface LogSink {
  write(record: LogRecord): void;
  /** Writes what is still in memory and releases timers and files. May be called twice. */
  close(): void;
}

export interface LoggerOptions {
  readonly sink: LogSink;
  readonly clock: Clock;
  readonly level: LogLevel;
}

/** Shared by a logger and its children, so that a changed level reaches all of them. */
interface LogCore {
  readonly sink: LogSink;
  readonly clock: Clock;
  threshold: number;
}

/** Writes events with the bindings of its module. A level that is off costs one comparison. */
export class Logger {
  readonly #core: LogCore;
  readonly #bindings: LogFields;

  private constructor(core: LogCore, bindings: LogFields) {
    this.#core = core;
    this.#bindings = bindings;
  }

  static create(options: LoggerOptions): Logger {
    const { sink, clock, level } = options;
    return new Logger({ sink, clock, threshold: logLevels.indexOf(level) }, {});
  }

  /** A logger whose records carry these fields too. */
  child(bindings: LogFields): Logger {
    return new Logger(this.#core, { ...this.#bindings, ...bindings });
  }

  /** Whether a level is written: ask before computing fields that cost something. */
  isEnabled(level: LogLevel): boolean {
    return logLevels.indexOf(level) <= this.#core.threshold;
  }

  /** Changes the level of this logger, its parents and its children. */
  setLevel(level: LogLevel): void {
    this.#core.threshold = logLevels.indexOf(level);
  }

  emerg(message: string, fields?: LogFields): void {
    if (this.#core.threshold >= 0) this.#write("emerg", message, fields);
  }

  alert(message: string, fields?: LogFields): void {
    if (this.#core.threshold >= 1) this.#write("alert", message, fields);
  }

  crit(message: string, fields?: LogFields): void {
    if (this.#core.threshold >= 2) this.#write("crit", message, fields);
  }

  error(message: string, fields?: LogFields): void {
    if (this.#core.threshold >= 3) this.#write("error", message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    if (this.#core.threshold >= 4) this.#write("warn", message, fields);
  }

  notice(message: string, fields?: LogFields): void {
    if (this.#core.threshold >= 5) this.#write("notice", message, fields);
  }

  info(message: string, fields?: LogFields): void {
    if (this.#core.threshold >= 6) this.#write("info", message, fields);
  }

  debug(message: string, fields?: LogFields): void {
    if (this.#core.threshold >= 7) this.#write("debug", message, fields);
  }

  #write(level: LogLevel, message: string, fields: LogFields | undefined): void {
    this.#core.sink.write({
      timeMs: this.#core.clock.now(),
      level,
      message,
      fields: fields === undefined ? this.#bindings : { ...this.#bindings, ...fields },
    });
  }
}

/** A sink that drops everything. */
export const nullSink: LogSink = { write() {}, close() {} };
