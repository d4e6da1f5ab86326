// How far each source has come, across restarts, on the simulated disk.
import { Logger, nullSink } from "@fastdfs-ts/runtime";
import { SimWorld } from "@fastdfs-ts/simulation";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ReceivedStamps, takeStampsBack } from "../src/replication/received-stamps.ts";

const BASE = "/base";
const FILE = `${BASE}/data/.received_stamps`;

function open(seed: string) {
  const sim = SimWorld.create(seed);
  const host = sim.host("192.0.2.1");
  host.world.disk.makeDirectory(`${BASE}/data`);
  for (const path of ["/", BASE]) host.world.disk.syncDirectory(path);
  const start = () => {
    const { disk, clock } = host.world;
    const log = Logger.create({ sink: nullSink, clock, level: "info" });
    return ReceivedStamps.open({ disk, clock, log, basePath: BASE });
  };
  const pass = (ms: number) => sim.run(new Promise<void>((resolve) => host.world.clock.after(ms, resolve)));
  const write = (text: string) => {
    const file = host.world.disk.open(FILE, "replace");
    file.write(Buffer.from(text), 0, text.length, 0);
    file.close();
  };
  const read = () => host.world.disk.readFile(FILE).toString();
  return { sim, host, start, pass, write, read };
}

describe("received stamps", () => {
  it("are the highest time per source, and nothing before anything came", () => {
    const stamps = open("highest").start();
    expect(stamps.stamps()).toBeUndefined();
    expect(stamps.get("10.0.0.1")).toBe(0);
    stamps.note("10.0.0.1", 100);
    stamps.note("10.0.0.1", 90);
    stamps.note("100002", 5);
    expect(stamps.get("10.0.0.1")).toBe(100);
    expect(stamps.stamps()).toEqual([
      { sourceStorageId: "10.0.0.1", untilSeconds: 100 },
      { sourceStorageId: "100002", untilSeconds: 5 },
    ]);
  });

  it("survive an orderly stop at once, and a kill as they were up to half a minute before", async () => {
    const { sim, host, start, pass } = open("survive");
    let stamps = start();
    stamps.note("10.0.0.1", 100);
    await sim.run(stamps.close());
    await sim.run(stamps.close());
    stamps = start();
    expect(stamps.get("10.0.0.1")).toBe(100);
    stamps.note("10.0.0.1", 200);
    await pass(31_000);
    stamps.note("10.0.0.1", 300);
    host.crash("power");
    host.restart();
    expect(start().get("10.0.0.1")).toBe(200);
  });

  it("are taken back by a power cut to what was certain to be on the disk", async () => {
    const { sim, host, start, pass } = open("taken back");
    let stamps = start();
    stamps.note("10.0.0.1", 100);
    await pass(31_000);
    stamps.note("10.0.0.1", 200);
    stamps.note("10.0.0.2", 7);
    await pass(121_000);
    stamps.note("10.0.0.1", 300);
    await pass(31_000);
    expect(start().get("10.0.0.1")).toBe(300);
    host.crash("power");
    host.restart();
    takeStampsBack(host.world.disk, BASE);
    // 200 was noted 152 s before, and remembered as certain with the next beat of the file.
    stamps = start();
    expect([stamps.get("10.0.0.1"), stamps.get("10.0.0.2")]).toEqual([200, 7]);
    stamps.note("10.0.0.1", 350);
    await sim.run(stamps.close());
    // A killed process does not make certain what was not.
    host.crash("process");
    host.restart();
    expect(start().get("10.0.0.1")).toBe(350);
    host.crash("power");
    host.restart();
    takeStampsBack(host.world.disk, BASE);
    expect(start().get("10.0.0.1")).toBe(200);
  });

  it("of a source of which nothing is certain are forgotten, and taking back nothing is no trouble", async () => {
    const { host, start, pass } = open("nothing certain");
    takeStampsBack(host.world.disk, BASE);
    const stamps = start();
    stamps.note("10.0.0.1", 100);
    await pass(31_000);
    takeStampsBack(host.world.disk, BASE);
    expect(start().stamps()).toBeUndefined();
  });

  it("are written at most every half minute, and only if they have changed", async () => {
    const { start, pass, host } = open("bounded");
    const stamps = start();
    let writes = 0;
    const rename = host.world.disk.rename.bind(host.world.disk);
    host.world.disk.rename = (from, to) => {
      writes++;
      rename(from, to);
    };
    for (let second = 1; second <= 120; second++) {
      stamps.note("10.0.0.1", second);
      await pass(1000);
    }
    await pass(1000);
    expect(writes).toBe(4);
    // What is certain follows.
    await pass(120_000);
    expect(writes).toBe(8);
    await pass(120_000);
    expect(writes).toBe(8);
  });

  it("are kept for as many sources as a group can have, the latest ones", () => {
    const stamps = open("bound").start();
    for (let n = 1; n <= 100; n++) stamps.note(`10.0.0.${n}`, n);
    expect(stamps.stamps()?.map(({ untilSeconds }) => untilSeconds)).toEqual(
      Array.from({ length: 32 }, (_, index) => 69 + index),
    );
  });

  it("that cannot be read are left out, whatever the file holds", () => {
    const { start, write } = open("damaged");
    write("10.0.0.1 100 90\n10.0.0.2\n../x 5 5\n10.0.0.3 -1 0\n10.0.0.4 99999999999 0\n10.0.0.5 5 6\n10.0.0.6 7 0");
    expect(start().stamps()).toEqual([
      { sourceStorageId: "10.0.0.1", untilSeconds: 100 },
      { sourceStorageId: "10.0.0.6", untilSeconds: 7 },
    ]);
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
        write(text);
        for (const { untilSeconds } of start().stamps() ?? []) expect(untilSeconds).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 100 },
    );
  });
});
