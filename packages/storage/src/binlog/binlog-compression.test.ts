import { gunzipSync } from "node:zlib";

import { Logger, nullSink } from "@fastdfs-ts/runtime";
import { SimWorld } from "@fastdfs-ts/simulation";
import { describe, expect, it } from "vitest";

import { readBinlogIndex } from "../formats/binlog-index-file.ts";
import { BinlogCompression, compressParts } from "./binlog-compression.ts";
import { logStart } from "./binlog-position.ts";
import { BinlogReader } from "./binlog-reader.ts";
import { BinlogWriter } from "./binlog-writer.ts";

const FOLDER = "/base/data/sync";

/** A log of several parts. */
function setUp(records = 400) {
  const world = SimWorld.create(1);
  const host = world.host("192.0.2.1");
  const open = () => {
    const { world: own } = host;
    const log = Logger.create({ sink: nullSink, clock: own.clock, level: "info" });
    const binlog = BinlogWriter.open(own, FOLDER, log, 4000);
    const time = { hour: 1, minute: 30, second: 0 };
    return { disk: own.disk, clock: own.clock, log, binlog, time };
  };
  const opened = open();
  for (let i = 0; i < records; i++) opened.binlog.append(1_700_000_000 + i, "C", `M00/00/00/name${i}`);
  return { world, host, open, ...opened };
}

function names(reader: BinlogReader): string[] {
  const found: string[] = [];
  for (let entry = reader.next(); entry !== undefined; entry = reader.next()) {
    found.push(entry.kind === "record" ? entry.record.logicalName : entry.reason);
  }
  return found;
}

const expected = Array.from({ length: 400 }, (_, i) => `M00/00/00/name${i}`);
const neverStops = new AbortController().signal;

describe("compression of the log", () => {
  it("takes the parts that nobody needs, and readers do not notice", async () => {
    const { world, disk, ...rest } = setUp();
    const last = rest.binlog.position.part;
    expect(last).toBeGreaterThan(2);
    const plain = disk.readFile(`${FOLDER}/binlog.000`);
    const early = BinlogReader.open(disk, FOLDER, logStart);
    early.next();
    await world.run(compressParts({ disk, ...rest, firstNeededPart: () => 2 }, neverStops));
    expect(disk.readDirectory(FOLDER).filter((name) => /^binlog\.00[012]/.test(name))).toEqual([
      "binlog.000.gz",
      "binlog.001.gz",
      "binlog.002",
    ]);
    // Any gzip program reads it.
    expect(gunzipSync(disk.readFile(`${FOLDER}/binlog.000.gz`)).equals(plain)).toBe(true);
    expect(readBinlogIndex(disk, FOLDER)).toEqual({ currentWrite: last, currentCompress: 2 });
    expect(names(BinlogReader.open(disk, FOLDER, logStart))).toEqual(expected);
    expect(names(early)).toEqual(expected.slice(1));
  });

  it("lets a reader begin at any record of a compressed part, and behind its end", async () => {
    const { world, disk, ...rest } = setUp();
    const reader = BinlogReader.open(disk, FOLDER, logStart);
    const places = expected.map(() => reader.next()!.at);
    await world.run(compressParts({ disk, ...rest, firstNeededPart: () => 2 }, neverStops));
    for (const i of [0, 1, 17, 60, 90]) {
      expect(names(BinlogReader.open(disk, FOLDER, places[i]!))).toEqual(expected.slice(i));
      const inside = { ...places[i]!, offset: places[i]!.offset + 3 };
      expect(names(BinlogReader.open(disk, FOLDER, inside))).toEqual(expected.slice(i));
    }
    const firstOfNext = places.findIndex(({ part }) => part === 1);
    expect(names(BinlogReader.open(disk, FOLDER, { part: 0, offset: 9999 }))).toEqual(expected.slice(firstOfNext));
  });

  it("never takes the part that is written, nor one that a peer needs", async () => {
    const { world, disk, ...rest } = setUp();
    await world.run(compressParts({ disk, ...rest, firstNeededPart: () => 0 }, neverStops));
    expect(disk.readDirectory(FOLDER).some((name) => name.endsWith(".gz"))).toBe(false);
    await world.run(compressParts({ disk, ...rest, firstNeededPart: () => 99 }, neverStops));
    expect(disk.stat(`${FOLDER}/binlog.${String(rest.binlog.position.part).padStart(3, "0")}`)).toBeDefined();
  });

  it("is finished by a later run, wherever the process is killed", async () => {
    for (let call = 1; ; call++) {
      const { world, host, open, ...first } = setUp();
      host.crashAtDiskCall(call, "process");
      let isKilled = false as boolean;
      await world.run(
        compressParts({ ...first, firstNeededPart: () => 2 }, neverStops).catch(() => {
          isKilled = true;
        }),
      );
      if (!isKilled) break;
      host.restart();
      host.diskFaults.crashAtCall(Infinity, () => {
        throw new Error("never");
      });
      const next = open();
      expect(names(BinlogReader.open(next.disk, FOLDER, logStart)), `killed at disk call ${call}`).toEqual(expected);
      await world.run(compressParts({ ...next, firstNeededPart: () => 2 }, neverStops));
      expect(names(BinlogReader.open(next.disk, FOLDER, logStart)), `killed at disk call ${call}`).toEqual(expected);
      expect(next.disk.readDirectory(FOLDER).filter((name) => /^binlog\.00[01]/.test(name))).toEqual([
        "binlog.000.gz",
        "binlog.001.gz",
      ]);
    }
  });

  it("happens every day at its time, until stopped", async () => {
    const { world, disk, binlog, ...rest } = setUp();
    const compression = BinlogCompression.start({ disk, binlog, ...rest, firstNeededPart: () => 1 });
    await world.runFor(25 * 3600 * 1000);
    expect(disk.stat(`${FOLDER}/binlog.000.gz`)).toBeDefined();
    await world.run(compression.stop());
    await world.run(compression.stop());
  });
});
