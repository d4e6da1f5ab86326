// Keeps a log from filling a disk by repeating itself. Per event (level and message) and window: the same fields are
// written once, different fields up to a small number of times; the rest is counted, and the window ends with one line
// "… repeated N times in M s" that carries the fields of the last one.
import type { Clock, Timer } from "../ports/clock.ts";
import type { LogRecord, LogSink } from "./logger.ts";
import { fieldsText } from "./text-format.ts";

export interface RepeatCollapseOptions {
  readonly clock: Clock;
  readonly windowMs?: number;
  /** Lines of one event with different fields that are written per window. */
  readonly differentMax?: number;
}

/** Events that are remembered; when there are more, the oldest is summed up and forgotten. */
const eventsMax = 512;

interface EventState {
  readonly startedMs: number;
  /** Fields that were written in this window, as text. At most `differentMax`. */
  readonly written: Set<string>;
  suppressed: number;
  last: LogRecord;
}

/** A sink in front of another one. */
export function collapseRepeats(inner: LogSink, options: RepeatCollapseOptions): LogSink {
  return new RepeatCollapse(inner, options.clock, options.windowMs ?? 30_000, options.differentMax ?? 10);
}

class RepeatCollapse implements LogSink {
  readonly #inner: LogSink;
  readonly #clock: Clock;
  readonly #windowMs: number;
  readonly #differentMax: number;
  /** In the order in which their windows began. */
  readonly #events = new Map<string, EventState>();
  #timer: Timer | undefined;
  #closed = false;

  constructor(inner: LogSink, clock: Clock, windowMs: number, differentMax: number) {
    this.#inner = inner;
    this.#clock = clock;
    this.#windowMs = windowMs;
    this.#differentMax = differentMax;
  }

  write(record: LogRecord): void {
    const name = `${record.level} ${record.message}`;
    const now = this.#clock.monotonic();
    let event = this.#events.get(name);
    if (event !== undefined && now - event.startedMs >= this.#windowMs) {
      this.#forget(name, event, now);
      event = undefined;
    }
    const fields = fieldsText(record.fields);
    if (event === undefined) {
      this.#remember(name, { startedMs: now, written: new Set([fields]), suppressed: 0, last: record }, now);
      this.#inner.write(record);
    } else if (!event.written.has(fields) && event.written.size < this.#differentMax) {
      event.written.add(fields);
      this.#inner.write(record);
    } else {
      event.suppressed++;
      event.last = record;
      this.#armTimer(event.startedMs + this.#windowMs - now);
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    const now = this.#clock.monotonic();
    for (const [name, event] of [...this.#events]) this.#forget(name, event, now);
    this.#inner.close();
  }

  #remember(name: string, event: EventState, now: number): void {
    this.#events.set(name, event);
    if (this.#events.size <= eventsMax) return;
    const [oldestName, oldest] = this.#events.entries().next().value!;
    this.#forget(oldestName, oldest, now);
  }

  #forget(name: string, event: EventState, now: number): void {
    this.#events.delete(name);
    if (event.suppressed === 0) return;
    const seconds = Math.max(1, Math.round((now - event.startedMs) / 1000));
    this.#inner.write({ ...event.last, repeated: { times: event.suppressed, seconds } });
  }

  #armTimer(delayMs: number): void {
    if (this.#timer !== undefined || this.#closed) return;
    this.#timer = this.#clock.after(delayMs, () => this.#sumUp());
  }

  /** Ends the windows that are over, and waits for the next one that has something to tell. */
  #sumUp(): void {
    this.#timer = undefined;
    const now = this.#clock.monotonic();
    for (const [name, event] of [...this.#events]) {
      if (now - event.startedMs >= this.#windowMs) this.#forget(name, event, now);
      else if (event.suppressed > 0) this.#armTimer(event.startedMs + this.#windowMs - now);
    }
  }
}
