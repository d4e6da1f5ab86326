import { Logger, nullSink } from "@fastdfs-ts/runtime";
import { type SimHost, SimWorld } from "@fastdfs-ts/simulation";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { type BinlogPosition, binlogPartPath, comparePositions, logStart } from "./binlog-position.ts";
import { type BinlogEntry, BinlogReader } from "./binlog-reader.ts";
import { BinlogWriter } from "./binlog-writer.ts";

const FOLDER = "/base/data/sync";

function setUp() {
  const host = SimWorld.create(1).host("192.0.2.1");
  const { disk } = host.world;
  disk.makeDirectory(FOLDER);
  return {
    host,
    disk,
    write: (part: number, text: string) => writeText(host, part, text),
    read: (position: BinlogPosition = logStart) => BinlogReader.open(disk, FOLDER, position),
    writer: (partBytes?: number) => {
      const log = Logger.create({ sink: nullSink, clock: host.world.clock, level: "info" });
      return BinlogWriter.open(host.world, FOLDER, log, partBytes);
    },
  };
}

function writeText(host: SimHost, part: number, text: string): void {
  const file = host.world.disk.open(binlogPartPath(FOLDER, part), "append");
  file.write(Buffer.from(text, "latin1"), 0, text.length, 0);
  file.close();
}

/** Everything up to the present end. */
function drain(reader: BinlogReader): BinlogEntry[] {
  const entries: BinlogEntry[] = [];
  for (let entry = reader.next(); entry !== undefined; entry = reader.next()) entries.push(entry);
  return entries;
}

const textOf = (entry: BinlogEntry): string =>
  entry.kind === "record" ? `${entry.record.seconds} ${entry.record.op} ${entry.record.logicalName}` : entry.reason;

describe("BinlogReader", () => {
  it("hands out records with where they begin and end", () => {
    const { write, read } = setUp();
    write(0, "5 C first\n6 d second\n");
    expect(drain(read())).toEqual([
      {
        kind: "record",
        at: { part: 0, offset: 0 },
        after: { part: 0, offset: 10 },
        record: { seconds: 5, op: "C", logicalName: "first", extra: undefined },
      },
      {
        kind: "record",
        at: { part: 0, offset: 10 },
        after: { part: 0, offset: 21 },
        record: { seconds: 6, op: "d", logicalName: "second", extra: undefined },
      },
    ]);
  });

  it("waits for the line feed of the last line, and reads the line that is there then", () => {
    const { write, read, disk } = setUp();
    write(0, "5 C first\n6 C sec");
    const reader = read();
    expect(drain(reader).map(textOf)).toEqual(["5 C first"]);
    expect(reader.position).toEqual({ part: 0, offset: 10 });
    write(0, "ond\n");
    expect(drain(reader).map(textOf)).toEqual(["6 C second"]);
    // What a writer could not write whole is replaced by another line.
    write(0, "7 C hal");
    expect(drain(reader)).toEqual([]);
    const file = disk.open(binlogPartPath(FOLDER, 0), "write");
    file.write(Buffer.from("8 C other\n"), 0, 10, 21);
    file.close();
    expect(drain(reader).map(textOf)).toEqual(["8 C other"]);
  });

  it("follows a log that does not exist yet", () => {
    const { write, read } = setUp();
    const reader = read();
    expect(drain(reader)).toEqual([]);
    write(0, "5 C first\n");
    expect(drain(reader).map(textOf)).toEqual(["5 C first"]);
  });

  it("reports lines that are no records, and goes on", () => {
    const { write, read } = setUp();
    write(0, "5 C first\n1795 l \nnonsense\n\n6 C second\n");
    const entries = drain(read());
    expect(entries.map(({ kind }) => kind)).toEqual(["record", "unreadable", "unreadable", "unreadable", "record"]);
    expect(textOf(entries[1]!)).toContain("1795 l ");
    expect(textOf(entries[4]!)).toBe("6 C second");
  });

  it("goes over megabytes without a line feed", () => {
    const { write, read } = setUp();
    write(0, `5 C first\n${"x".repeat(1_000_000)}\n6 C second\n`);
    const entries = drain(read());
    expect([textOf(entries[0]!), textOf(entries.at(-1)!)]).toEqual(["5 C first", "6 C second"]);
    expect(entries.slice(1, -1).every(({ kind }) => kind === "unreadable")).toBe(true);
  });

  it("says that a part is missing, or that its last line is cut short, and goes on with the next", () => {
    const { write, read } = setUp();
    write(0, "5 C first\n6 C to");
    write(3, "7 C third\n");
    const whatThereIs = ["5 C first", expect.stringContaining("cut short"), "7 C third"];
    expect(drain(read()).map(textOf)).toEqual(whatThereIs);
    expect(drain(read({ part: 1, offset: 0 })).map(textOf)).toEqual([expect.stringContaining("missing"), "7 C third"]);
    expect(drain(read({ part: 1, offset: 77 })).map(textOf)).toEqual([expect.stringContaining("missing"), "7 C third"]);
  });

  it.each<[BinlogPosition, string[]]>([
    [{ part: 0, offset: 10 }, ["6 C second", "7 C third"]],
    [{ part: 0, offset: 13 }, ["6 C second", "7 C third"]],
    [{ part: 0, offset: 21 }, ["7 C third"]],
    [{ part: 0, offset: 1000 }, ["7 C third"]],
    [{ part: 1, offset: 0 }, ["7 C third"]],
    [{ part: 1, offset: 10 }, []],
    [{ part: 1, offset: 1000 }, []],
    [{ part: 2, offset: 0 }, []],
    [{ part: 9, offset: 9 }, []],
  ])("begins at %o: never in the middle of a line, never behind the end", (position, expected) => {
    const { write, read } = setUp();
    write(0, "5 C first\n6 C second\n");
    write(1, "7 C third\n");
    const reader = read(position);
    expect(drain(reader).map(textOf)).toEqual(expected);
    expect(reader.position).toEqual({ part: 1, offset: 10 });
  });

  it("reads what a writer writes, from any place, over any number of parts, at any time", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 30, max: 300 }),
        fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 12 }),
        fc.nat(),
        (partBytes, batches, startAt) => {
          const { writer, read } = setUp();
          const log = writer(partBytes);
          const follower = read();
          const followed: BinlogEntry[] = [];
          let written = 0;
          for (const batch of batches) {
            for (let i = 0; i < batch; i++) log.append(written, "C", `name${written++}`);
            followed.push(...drain(follower));
          }
          const expected = Array.from({ length: written }, (_, i) => `${i} C name${i}`);
          expect(followed.map(textOf)).toEqual(expected);
          expect(follower.position).toEqual(written === 0 ? logStart : log.position);
          followed.forEach((entry, i) => {
            expect(comparePositions(entry.at, entry.after)).toBeLessThan(0);
            if (i > 0) expect(comparePositions(followed[i - 1]!.after, entry.at)).toBeLessThanOrEqual(0);
          });
          if (written === 0) return;
          const from = startAt % written;
          expect(drain(read(followed[from]!.at)).map(textOf)).toEqual(expected.slice(from));
        },
      ),
      { numRuns: 100 },
    );
  });

  it("fails with the disk and goes on where it was", () => {
    const { write, read, host } = setUp();
    write(0, "5 C first\n");
    const reader = read();
    host.diskFaults.inject({ code: "EIO", operations: ["read"], times: 1 });
    expect(() => reader.next()).toThrow(expect.objectContaining({ kind: "IO_FAILED" }) as Error);
    expect(drain(reader).map(textOf)).toEqual(["5 C first"]);
    reader.close();
    reader.close();
  });
});
