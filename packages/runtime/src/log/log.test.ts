import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SteppedClock } from "../../test/stepped-clock.ts";
import { SystemError } from "../ports/system-error.ts";
import { jsonFormat } from "./json-format.ts";
import { consoleSink, teeSink } from "./log-sinks.ts";
import { Logger, type LogLevel, logLevels, type LogRecord, type LogSink } from "./logger.ts";
import { collapseRepeats } from "./repeat-collapse.ts";
import { textFormat } from "./text-format.ts";

const start = new Date(2026, 10, 22, 4, 45, 47).getTime();

function collecting(): LogSink & { records: LogRecord[]; closed: number } {
  const records: LogRecord[] = [];
  const sink = {
    records,
    closed: 0,
    write: (record: LogRecord) => void records.push(record),
    close: () => {
      sink.closed++;
    },
  };
  return sink;
}

describe("logger", () => {
  it.each(logLevels)("at %s writes that level and the more urgent ones", (level) => {
    const sink = collecting();
    const logger = Logger.create({ sink, clock: new SteppedClock(start), level });
    for (const name of logLevels) logger[name]("event");
    const expected = logLevels.slice(0, logLevels.indexOf(level) + 1);
    expect(sink.records.map((record) => record.level)).toEqual(expected);
    expect(logLevels.filter((name) => logger.isEnabled(name))).toEqual(expected);
  });

  it("gives children their bindings and the level of the family", () => {
    const sink = collecting();
    const logger = Logger.create({ sink, clock: new SteppedClock(start), level: "info" });
    const child = logger.child({ module: "sync" }).child({ peer: "a" });
    child.info("event", { peer: "b", n: 1 });
    expect(sink.records).toEqual([
      { timeMs: start, level: "info", message: "event", fields: { module: "sync", peer: "b", n: 1 } },
    ]);
    logger.setLevel("error");
    child.info("event");
    expect(sink.records).toHaveLength(1);
  });
});

describe("formats", () => {
  const record = (fields: LogRecord["fields"], more: Partial<LogRecord> = {}): LogRecord => ({
    timeMs: start,
    level: "warn",
    message: "peer is silent",
    fields,
    ...more,
  });

  it("writes text as C does, with the fields behind", () => {
    const fields = {
      peer: "10.0.0.2:23000",
      seconds: 30,
      file: "a b",
      none: undefined,
      error: new SystemError("EIO", "read"),
    };
    expect(textFormat()(record(fields))).toBe(
      '[2026-11-22 04:45:47] WARNING - peer is silent peer=10.0.0.2:23000 seconds=30 file="a b" error="EIO: read"\n',
    );
    const words = logLevels.map((level: LogLevel) => textFormat()(record({}, { level })).split(" ")[2]);
    expect(words).toEqual(["EMERG", "ALERT", "CRIT", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG"]);
  });

  it("says how often something was repeated", () => {
    const repeated = record({ n: 1 }, { repeated: { times: 7, seconds: 30 } });
    expect(textFormat()(repeated)).toContain("peer is silent n=1 … repeated 7 times in 30 s\n");
    expect(JSON.parse(jsonFormat()(repeated))).toMatchObject({ repeated: 7, withinSeconds: 30 });
  });

  it("writes JSON with fields beside the event, own names protected", () => {
    const big = { level: "x", size: 2n ** 60n, error: new Error("bad") };
    expect(JSON.parse(jsonFormat()(record(big)))).toEqual({
      time: new Date(start).toISOString(),
      level: "warn",
      message: "peer is silent",
      level_: "x",
      size: "1152921504606846976",
      error: "bad",
    });
  });

  it("writes one line and never throws, whatever the fields", () => {
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    for (const format of [textFormat(), jsonFormat()]) {
      expect(format(record({ circular }))).toMatch(/^[^\n]*\n$/);
      fc.assert(
        fc.property(
          fc.string({ unit: "binary" }),
          fc.dictionary(fc.stringMatching(/^[a-z]+$/), fc.anything()),
          (message, fields) => {
            expect(format(record(fields, { message }))).toMatch(/^[^\n]*\n$/);
          },
        ),
      );
    }
  });

  it("colours a terminal by level, and reaches every sink of a tee", () => {
    const written: string[] = [];
    const other = collecting();
    const sink = teeSink(
      consoleSink((text) => written.push(text), { colour: true }),
      other,
    );
    sink.write(record({}));
    sink.write(record({}, { level: "info" }));
    sink.close();
    expect(written[0]).toMatch(/^\u001B\[33m.*\u001B\[0m\n$/);
    expect(written[1]).toMatch(/^\[.*silent\n$/);
    expect(other).toMatchObject({ closed: 1, records: { length: 2 } });
  });
});

describe("repeated messages", () => {
  function setUp() {
    const clock = new SteppedClock(start);
    const inner = collecting();
    const sink = collapseRepeats(inner, { clock, windowMs: 10_000, differentMax: 3 });
    return { clock, inner, sink, logger: Logger.create({ sink, clock, level: "debug" }) };
  }

  it("are written once and summed up when the window ends, without another event", () => {
    const { clock, inner, logger } = setUp();
    for (let n = 0; n < 1000; n++) logger.error("disk is full", { path: "/d" });
    expect(inner.records).toHaveLength(1);
    clock.advance(10_000);
    expect(inner.records).toHaveLength(2);
    expect(inner.records[1]).toMatchObject({
      message: "disk is full",
      fields: { path: "/d" },
      repeated: { times: 999, seconds: 10 },
    });
    expect(clock.timers).toBe(0);
    logger.error("disk is full", { path: "/d" });
    expect(inner.records[2]?.repeated).toBeUndefined();
  });

  it("with other fields are written a few times, then counted", () => {
    const { clock, inner, logger } = setUp();
    for (let port = 0; port < 100; port++) logger.warn("refused", { port });
    expect(inner.records.map((record) => record.fields.port)).toEqual([0, 1, 2]);
    clock.advance(10_000);
    expect(inner.records[3]).toMatchObject({ fields: { port: 99 }, repeated: { times: 97 } });
  });

  it("do not hide other events or levels, and need no timer when nothing repeats", () => {
    const { clock, inner, logger } = setUp();
    logger.warn("a");
    logger.warn("b");
    logger.error("a");
    expect(inner.records).toHaveLength(3);
    expect(clock.timers).toBe(0);
  });

  it("are counted completely: every record is written or part of a sum", () => {
    const step = fc.record({ message: fc.constantFrom("a", "b"), field: fc.nat(5), wait: fc.nat(4000) });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const { clock, inner, sink, logger } = setUp();
        for (const { message, field, wait } of steps) {
          logger.info(message, { field });
          clock.advance(wait);
        }
        sink.close();
        sink.close();
        const counted = inner.records.map((record) => record.repeated?.times ?? 1);
        expect(counted.reduce((sum, times) => sum + times, 0)).toBe(steps.length);
        expect([inner.closed, clock.timers]).toEqual([1, 0]);
      }),
    );
  });

  it("are remembered within a bound, and summed up when forgotten", () => {
    const { inner, logger } = setUp();
    logger.info("first");
    logger.info("first");
    for (let n = 0; n < 512; n++) logger.info(`event ${n}`);
    expect(inner.records.filter((record) => record.repeated !== undefined)).toHaveLength(1);
    expect(inner.records.find((record) => record.repeated !== undefined)?.message).toBe("first");
  });
});
