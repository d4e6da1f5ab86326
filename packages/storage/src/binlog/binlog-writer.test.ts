import { FdfsError } from "@fastdfs-ts/protocol";
import { Logger, nullSink, type World } from "@fastdfs-ts/runtime";
import { SimWorld } from "@fastdfs-ts/simulation";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { binlogPartPath } from "./binlog-position.ts";
import { parseBinlogRecord } from "./binlog-record.ts";
import { BinlogWriter } from "./binlog-writer.ts";

const FOLDER = "/base/data/sync";

function setUp(seed: number | string = 1) {
  const host = SimWorld.create(seed).host("192.0.2.1");
  return { host, open: (partBytes?: number) => openOn(host.world, partBytes) };
}

function openOn(world: World, partBytes?: number): BinlogWriter {
  return BinlogWriter.open(
    world,
    FOLDER,
    Logger.create({ sink: nullSink, clock: world.clock, level: "info" }),
    partBytes,
  );
}

const linesOf = (world: World): string[] =>
  world.disk
    .readDirectory(FOLDER)
    .filter((name) => /^binlog\.\d+$/.test(name))
    .flatMap((name) => world.disk.readFile(`${FOLDER}/${name}`).toString("latin1").split("\n").slice(0, -1));

describe("BinlogWriter", () => {
  it("has a line on the disk when append returns", () => {
    const { host, open } = setUp();
    const log = open();
    log.append(5, "C", "M00/00/00/name");
    log.append(6, "A", "M00/00/00/name", "3 4");
    expect(linesOf(host.world)).toEqual(["5 C M00/00/00/name", "6 A M00/00/00/name 3 4"]);
  });

  it("goes on behind what was there, at any number of restarts", () => {
    const { host, open } = setUp();
    for (let i = 0; i < 5; i++) {
      const log = open();
      log.append(i, "C", `name${i}`);
      log.close();
    }
    expect(linesOf(host.world)).toEqual(["0 C name0", "1 C name1", "2 C name2", "3 C name3", "4 C name4"]);
  });

  it("begins a new part when one is full, and never cuts a line in two", () => {
    const { host, open } = setUp();
    let log = open(100);
    for (let i = 0; i < 30; i++) {
      if (i % 7 === 0) log = open(100);
      log.append(i, "C", `name${i}`);
    }
    expect(linesOf(host.world)).toEqual(Array.from({ length: 30 }, (_, i) => `${i} C name${i}`));
    const parts = host.world.disk.readDirectory(FOLDER).filter((name) => name.startsWith("binlog."));
    expect(parts.length).toBeGreaterThan(3);
    expect(log.position.part).toBe(parts.length - 1);
    for (const part of parts)
      expect(host.world.disk.readFile(`${FOLDER}/${part}`).toString().endsWith("\n")).toBe(true);
  });

  it("cuts off a line that was cut short", () => {
    const { host, open } = setUp();
    open().append(1, "C", "whole");
    const file = host.world.disk.open(binlogPartPath(FOLDER, 0), "append");
    file.write(Buffer.from("2 C ha"), 0, 6, 0);
    file.close();
    const log = open();
    log.append(3, "C", "next");
    expect(linesOf(host.world)).toEqual(["1 C whole", "3 C next"]);
  });

  it("writes no line that no reader could take", () => {
    const { host, open } = setUp();
    const log = open();
    const long = (letter: string) => `M00/00/00/${letter.repeat(117)}`;
    expect(() => log.append(1_795_321_147, "L", long("a"), long("b"))).toThrow(FdfsError);
    log.append(2, "C", long("c"));
    expect(linesOf(host.world)).toEqual([`2 C ${long("c")}`]);
    for (const line of linesOf(host.world)) parseBinlogRecord(line);
  });

  it.each(["ENOSPC", "EIO"] as const)("leaves nothing of a line that the disk refuses (%s)", (code) => {
    const { host, open } = setUp();
    const log = open();
    log.append(1, "C", "before");
    host.diskFaults.inject({ code, operations: ["write"], times: 1 });
    expect(() => log.append(2, "C", "refused")).toThrow(FdfsError);
    log.append(3, "C", "after");
    expect(linesOf(host.world)).toEqual(["1 C before", "3 C after"]);
  });

  it("keeps every line whose append returned, wherever it is killed", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 120 }), (seed, call) => {
        const { host } = setUp(seed);
        const kept: string[] = [];
        let next = 0;
        for (let life = 0; life < 3; life++) {
          host.crashAtDiskCall(call, "process");
          try {
            const log = openOn(host.world, 60);
            for (let i = 0; i < 20; i++) {
              log.append(next++, "C", `name${next}`);
              kept.push(`${next - 1} C name${next}`);
            }
          } catch {
            // killed
          }
          // A crash that has not come yet must not come later.
          host.diskFaults.crashAtCall(Infinity, () => {
            throw new Error("never");
          });
          host.restart();
          openOn(host.world, 60).close();
          // The line in progress may have made it.
          const found = linesOf(host.world);
          const extra = found.filter((line) => !kept.includes(line));
          expect(found.filter((line) => kept.includes(line))).toEqual(kept);
          expect(extra.length).toBeLessThanOrEqual(1);
          kept.push(...extra);
          kept.sort((a, b) => Number(a.split(" ")[0]) - Number(b.split(" ")[0]));
        }
      }),
      { numRuns: 100 },
    );
  });
});
