// What is remembered of a power cut, on the simulated disk: by the file of the running process, and by the note of what the
// repair owes.
import { Logger, nullSink } from "@fastdfs-ts/runtime";
import { SimWorld } from "@fastdfs-ts/simulation";
import { describe, expect, it } from "vitest";
import { PendingRepair } from "../src/recovery/pending-repair.ts";
import { RunningFile } from "../src/recovery/running-file.ts";
import { isWithin } from "../src/recovery/time-spans.ts";

const BASE = "/base";

function open(seed: string) {
  const sim = SimWorld.create(seed);
  const host = sim.host("192.0.2.1");
  host.world.disk.makeDirectory(`${BASE}/data`);
  for (const path of ["/", BASE]) host.world.disk.syncDirectory(path);
  const begin = () => {
    const { world } = host;
    const log = Logger.create({ sink: nullSink, clock: world.clock, level: "info" });
    return RunningFile.begin({ ...world, log, basePath: BASE });
  };
  const lastLife = () => RunningFile.lastLife({ ...host.world, basePath: BASE });
  return { sim, host, begin, lastLife };
}

describe("a process that runs", () => {
  it("is found to have been killed, or to have lost its machine, unless it ended", () => {
    const { host, begin, lastLife } = open("how it ended");
    expect(lastLife().kind).toBe("ended");
    begin().end();
    expect(lastLife().kind).toBe("ended");
    begin();
    host.crash("process");
    host.restart();
    expect(lastLife().kind).toBe("killed");
    host.crash("power");
    host.restart();
    expect(lastLife().kind).toBe("dark");
  });

  it("says where the log ended when all before was on the disk, and so does the one after it that was killed", async () => {
    const { sim, host, begin, lastLife } = open("log");
    let offset = 0;
    const run = async (seconds: number) => {
      begin().watchLog(() => ({ part: 0, offset }));
      for (; seconds > 0; seconds--) {
        await sim.runFor(1000);
        offset++;
      }
    };
    await run(300);
    host.crash("process");
    host.restart();
    const found = lastLife();
    if (found.kind !== "killed" || found.logFrom === undefined) throw new Error(found.kind);
    expect(found.logFrom.offset).toBeGreaterThan(300 - 120 - 61);
    expect(found.logFrom.offset).toBeLessThanOrEqual(300 - 120);
    await run(50);
    host.crash("power");
    host.restart();
    expect(lastLife()).toMatchObject({ kind: "dark", logFrom: found.logFrom });
  });
});

it("says what a clock showed that was set meanwhile, for as long as that may not be on the disk", async () => {
  const { sim, host, begin, lastLife } = open("clock");
  const clockWas = () => {
    const found = lastLife();
    return found.kind === "ended" ? undefined : found.clockWas;
  };
  const startSeconds = Math.floor(host.world.clock.now() / 1000);
  begin();
  await sim.runFor(40_000);
  host.wallClock.startMs -= 600_000;
  host.crash("process");
  host.restart();
  begin();
  await sim.runFor(40_000);
  host.wallClock.startMs += 600_000;
  await sim.runFor(2000);
  host.crash("power");
  host.restart();
  const spans = clockWas()!;
  const seen = (seconds: number) => isWithin(spans, startSeconds + seconds);
  expect([seen(0), seen(39), seen(-600 + 40), seen(-600 + 79), seen(-300)]).toEqual([true, true, true, true, false]);
  begin();
  await sim.runFor(200_000);
  host.crash("power");
  host.restart();
  expect(clockWas()).toEqual([]);
});

describe("what the repair owes", () => {
  const first = { fromSeconds: 1000, untilSeconds: 1400, logFrom: { part: 0, offset: 70 } };
  const pendingAt = (host: ReturnType<typeof open>["host"]) => PendingRepair.open(host.world.disk, BASE);

  it("is owed until it is done, over restarts, and the power loss is remembered", () => {
    const { host } = open("owed");
    expect(pendingAt(host).state).toBeUndefined();
    expect(pendingAt(host).powerLossMs).toBe(0);
    pendingAt(host).requireAfterPowerLoss(first, 1_300_000);
    host.crash("power");
    host.restart();
    const pending = pendingAt(host);
    pending.noteScanned();
    const word = { told: "everything", powerLossMs: 1_250_000 } as const;
    pending.noteConsulted("10.0.0.1", word);
    expect(pendingAt(host).state).toMatchObject({ ...first, needsScan: false });
    expect([...pendingAt(host).state!.consulted]).toEqual([["10.0.0.1", word]]);
    pending.done(1310);
    host.crash("power");
    host.restart();
    expect(pendingAt(host).state).toBeUndefined();
    expect(pendingAt(host).powerLossMs).toBe(1_300_000);
  });

  it("is owed again if it was done in the time that the next power cut makes uncertain", () => {
    const { host } = open("again");
    const pending = pendingAt(host);
    pending.requireAfterPowerLoss(first, 1_300_000);
    pending.done(1310);
    pending.requireAfterPowerLoss(
      {
        fromSeconds: 1300,
        untilSeconds: 1700,
        clockWas: [{ fromSeconds: 5, untilSeconds: 9 }],
        logFrom: { part: 0, offset: 90 },
      },
      1_600_000,
    );
    expect(pending.state).toMatchObject({ ...first, untilSeconds: 1700, needsScan: true, powerLossMs: 1_600_000 });
    expect(pending.state?.clockWas).toEqual([{ fromSeconds: 5, untilSeconds: 9 }]);
    pending.done(1610);
    const later = { fromSeconds: 1611, untilSeconds: 2000, logFrom: { part: 0, offset: 95 } };
    pending.requireAfterPowerLoss(later, 1_900_000);
    expect(pending.state).toMatchObject(later);
  });

  it("reaches further when changes bear times of a wrong clock, over a restart, until it is done", () => {
    const { host } = open("wider");
    expect(pendingAt(host).widen({ fromSeconds: 100, untilSeconds: 110 })).toBe(false);
    pendingAt(host).requireAfterPowerLoss(first, 1_300_000);
    expect(pendingAt(host).widen({ fromSeconds: 1100, untilSeconds: 1200 })).toBe(false);
    expect(pendingAt(host).widen({ fromSeconds: 100, untilSeconds: 110 })).toBe(true);
    host.crash("power");
    host.restart();
    expect(pendingAt(host).widen({ fromSeconds: 100, untilSeconds: 110 })).toBe(false);
    expect(pendingAt(host).widen({ fromSeconds: 105, untilSeconds: 120 })).toBe(true);
    const clockWas = [{ fromSeconds: 100, untilSeconds: 120 }];
    expect(pendingAt(host).state).toMatchObject({ ...first, clockWas, needsScan: true, powerLossMs: 1_300_000 });
    pendingAt(host).done(1310);
    expect(pendingAt(host).widen({ fromSeconds: 5, untilSeconds: 6 })).toBe(false);
    expect(pendingAt(host).state).toBeUndefined();
  });

  it("for a refilled disk needs no look at files and is no power loss, but its copies are in doubt", () => {
    const { host } = open("rebuilt");
    const pending = pendingAt(host);
    pending.requireAfterDiskLoss({ fromSeconds: 5, untilSeconds: 9 }, 1);
    pending.requireAfterDiskLoss({ fromSeconds: 6, untilSeconds: 9 }, 0);
    const refilledPaths = new Set([0, 1]);
    expect(pending.state).toMatchObject({ needsScan: false, powerLossMs: 0, refilledPaths });
    expect(pendingAt(host).state).toMatchObject({ fromSeconds: 5, refilledPaths });
  });
});
