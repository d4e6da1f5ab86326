// The tables and pure rules of replication, looked at whole.
import { storageCommands } from "@fastdfs-ts/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { type BinlogOp, binlogOps, type SourceOp } from "../binlog/binlog-record.ts";
import type { SyncMark } from "../formats/mark-file.ts";
import { feedingObstacle } from "./feeding-obstacle.ts";
import { Fifo } from "./fifo.ts";
import { formOf, outcomeOf, type PushForm, pushForms } from "./push-forms.ts";
import { namesOf } from "./push-task.ts";
import { isPushed } from "./record-choice.ts";
import { permissions, replicatorTable } from "./replicator-states.ts";
import { mustAskForSource, startFromMark } from "./start-position.ts";
import { millisecondsUntilWindow } from "./sync-window.ts";

const record = (op: BinlogOp, seconds = 10, extra?: string) => ({ op, seconds, logicalName: "name", extra });

describe("the answer to a push", () => {
  // wire-protocol.md §9.10; 37 answered 2 differs from C.
  it.each<[PushForm, number, Record<number, string>]>([
    ["create", 16, { 0: "done", 17: "done", 2: "refused", 22: "refused", 28: "trouble" }],
    ["update", 18, { 0: "done", 17: "done", 2: "refused", 5: "refused", 11: "trouble" }],
    ["delete", 17, { 0: "done", 2: "done", 17: "refused", 22: "refused" }],
    ["append", 25, { 0: "done", 17: "done", 2: "update", 22: "refused" }],
    ["modify", 35, { 0: "done", 17: "done", 2: "update", 22: "refused" }],
    ["truncate", 37, { 0: "done", 17: "done", 2: "update", 22: "refused" }],
    ["link", 19, { 0: "done", 2: "done", 17: "refused", 110: "trouble" }],
    ["rename", 40, { 0: "done", 17: "done", 2: "create", 22: "refused" }],
    ["renameAndUpdate", 40, { 0: "update", 17: "update", 2: "create", 22: "refused", 28: "trouble" }],
  ])("%s (%i)", (form, code, meanings) => {
    expect(pushForms[form].command.code).toBe(code);
    for (const [status, meaning] of Object.entries(meanings)) {
      const outcome = outcomeOf(form, Number(status));
      expect(outcome.kind === "instead" ? outcome.form : outcome.kind, `status ${status}`).toBe(meaning);
    }
  });

  it("is known for every form and every operation", () => {
    expect(Object.keys(pushForms)).toHaveLength(10);
    const forms = (Object.keys(binlogOps) as SourceOp[]).flatMap((op) => [
      formOf(record(op)),
      formOf(record(op.toLowerCase() as BinlogOp)),
    ]);
    expect(new Set([...forms, "createAndUpdate", "renameAndUpdate"])).toEqual(new Set(Object.keys(pushForms)));
    expect(pushForms.create.command).toBe(storageCommands.syncCreateFile);
  });
});

describe("what keeps a peer from being fed", () => {
  const timeOfDay = (hour: number, minute = 0) => ({ hour, minute, second: 0 });
  const always = { heartBeatIntervalMs: 30_000, syncStartTime: timeOfDay(0), syncEndTime: timeOfDay(23, 59) };
  const noon = new Date(2026, 10, 26, 12).getTime();

  it("is its status, or that another member gives it its old files first", () => {
    for (const [status, permission] of Object.entries(permissions) as [keyof typeof permissions, string][]) {
      const asSource = feedingObstacle(status, { needsBackfill: true }, noon, always);
      const unsettled = feedingObstacle(status, undefined, noon, always);
      const asOther = feedingObstacle(status, { needsBackfill: false }, noon, always);
      const mayBeFed = permission === "feed" || permission === "backfill";
      expect(asSource === undefined, status).toBe(mayBeFed);
      expect(unsettled === undefined, status).toBe(mayBeFed);
      expect(asOther === undefined, status).toBe(permission === "feed");
      expect(asOther?.asksAgain ?? false, status).toBe(permission === "backfill");
      expect(asOther?.waitMs ?? 30_000, status).toBe(30_000);
    }
  });

  it("is the time of day, looked at again every minute at least, as the clock may be set", () => {
    const atNight = { ...always, syncStartTime: timeOfDay(22), syncEndTime: timeOfDay(6) };
    const waitAt = (nowMs: number) => feedingObstacle("ACTIVE", { needsBackfill: false }, nowMs, atNight)?.waitMs;
    expect(waitAt(noon)).toBe(60_000);
    expect(waitAt(noon + 10 * 3_600_000 - 5000)).toBe(5000);
    expect(waitAt(noon + 10 * 3_600_000)).toBeUndefined();
  });
});

describe("the records that a peer is given", () => {
  it("are our own, and all up to its join if we are its source, or until it is filled if that is later", () => {
    const source = { needsBackfill: true, backfillUntilSeconds: 10 };
    const other = { needsBackfill: false, backfillUntilSeconds: 10 };
    for (const op of Object.keys(binlogOps) as SourceOp[]) {
      const replica = op.toLowerCase() as BinlogOp;
      for (const seconds of [1, 10, 11]) {
        for (const status of ["SYNCING", "ACTIVE"] as const) {
          expect(isPushed(record(op, seconds), source, status)).toBe(true);
          expect(isPushed(record(op, seconds), other, status)).toBe(true);
          expect(isPushed(record(replica, seconds), source, status)).toBe(seconds <= 10 || status === "SYNCING");
          expect(isPushed(record(replica, seconds), other, status)).toBe(false);
        }
      }
    }
  });

  it("wait for each other if they share a name", () => {
    expect(namesOf(record("C"))).toEqual(["name"]);
    expect(namesOf(record("A", 1, "0 5"))).toEqual(["name"]);
    expect(namesOf(record("r", 1, "old"))).toEqual(["name", "old"]);
    expect(namesOf(record("L", 1, "target"))).toEqual(["name", "target"]);
    expect(namesOf(record("L", 1, "name"))).toEqual(["name"]);
  });
});

describe("the start", () => {
  const mark: SyncMark = {
    binlogIndex: 1,
    binlogOffset: 2,
    needsBackfill: true,
    isBackfillDone: false,
    backfillUntilSeconds: 100,
    scannedRows: 0,
    syncedRows: 0,
  };
  const fromMark = {
    position: { part: 1, offset: 2 },
    needsBackfill: true,
    isBackfillDone: false,
    backfillUntilSeconds: 100,
  };
  const us = (untilSeconds: number) => ({ sourceStorageId: "us", untilSeconds });
  const them = (untilSeconds: number) => ({ sourceStorageId: "them", untilSeconds });

  it("is asked for without a mark, and while the peer is not complete", () => {
    expect(mustAskForSource(undefined, "ACTIVE")).toBe(true);
    expect(mustAskForSource(mark, "ACTIVE")).toBe(false);
    expect(mustAskForSource(mark, "WAIT_SYNC")).toBe(true);
    expect(mustAskForSource(mark, "SYNCING")).toBe(true);
  });

  it.each([
    ["no mark", undefined, "ACTIVE", undefined, undefined],
    ["a complete peer", mark, "ACTIVE", undefined, fromMark],
    ["the same join and task", mark, "WAIT_SYNC", us(100), fromMark],
    ["the same while copying", mark, "SYNCING", us(100), fromMark],
    ["nobody named while copying", mark, "SYNCING", undefined, fromMark],
    ["nobody named before", mark, "WAIT_SYNC", undefined, undefined],
    ["another join", mark, "WAIT_SYNC", us(101), undefined],
    ["another task", mark, "SYNCING", them(100), undefined],
    ["we became its source", { ...mark, needsBackfill: false }, "SYNCING", us(100), undefined],
  ] as const)("%s", (_, given, status, source, expected) => {
    expect(startFromMark(given, status, source, "us")).toEqual(expected);
  });
});

describe("the states", () => {
  it("of a peer that is gone, or not ready, permit nothing", () => {
    expect(permissions).toMatchObject({ INIT: "wait", OFFLINE: "wait", ONLINE: "wait", RECOVERY: "wait" });
    expect(permissions).toMatchObject({ DELETED: "never", IP_CHANGED: "never", NONE: "never" });
    expect(permissions).toMatchObject({ WAIT_SYNC: "backfill", SYNCING: "backfill", ACTIVE: "feed" });
  });

  it("of a replicator all end, and never go on after it", () => {
    for (const state of replicatorTable.states) {
      expect(replicatorTable.next(state, "stopped")).toBe("STOPPED");
      if (state !== "STOPPED") expect(replicatorTable.next(state, "failed")).toBe("RESTING");
    }
    expect(replicatorTable.next("STOPPED", "dial")).toBeUndefined();
  });
});

describe("the sync window", () => {
  const at = (hour: number, minute: number, second = 0) => new Date(2026, 10, 22, hour, minute, second).getTime();
  const time = (text: string) => {
    const [hour = 0, minute = 0] = text.split(":").map(Number);
    return { hour, minute, second: 0 };
  };
  const until = (nowMs: number, start: string, end: string) =>
    millisecondsUntilWindow(nowMs, { syncStartTime: time(start), syncEndTime: time(end) });

  it("is open all day by default, and if it begins when it ends", () => {
    for (const hour of [0, 12, 23]) {
      expect(until(at(hour, 59, 59), "00:00", "23:59")).toBe(0);
      expect(until(at(hour, 59, 59), "07:00", "07:00")).toBe(0);
    }
  });

  it("begins with its first second and is over with its last", () => {
    expect(until(at(1, 59, 58), "02:00", "03:00")).toBe(2000);
    expect(until(at(2, 0), "02:00", "03:00")).toBe(0);
    expect(until(at(2, 59, 59), "02:00", "03:00")).toBe(0);
    expect(until(at(3, 0), "02:00", "03:00")).toBe(23 * 3_600_000);
  });

  it("may cross midnight", () => {
    expect(until(at(23, 30), "23:00", "01:00")).toBe(0);
    expect(until(at(0, 59, 59), "23:00", "01:00")).toBe(0);
    expect(until(at(1, 0), "23:00", "01:00")).toBe(22 * 3_600_000);
  });
});

describe("Fifo", () => {
  it("is a list that is taken from the front", () => {
    const step = fc.oneof(
      fc.record({ push: fc.nat() }),
      fc.record({ shift: fc.integer({ min: 1, max: 1500 }) }),
      fc.record({ fill: fc.integer({ min: 1, max: 2000 }) }),
      fc.record({ putBack: fc.array(fc.nat(), { maxLength: 5 }) }),
      fc.constant({ drain: true as const }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const fifo = new Fifo<number>();
        let model: number[] = [];
        for (const each of steps) {
          if ("push" in each) {
            fifo.push(each.push);
            model.push(each.push);
          } else if ("fill" in each) {
            for (let i = 0; i < each.fill; i++) {
              fifo.push(i);
              model.push(i);
            }
          } else if ("putBack" in each) {
            fifo.putBack(each.putBack);
            model = [...each.putBack, ...model];
          } else if ("shift" in each) {
            for (let i = 0; i < each.shift; i++) expect(fifo.shift()).toBe(model.shift());
          } else {
            expect(fifo.drain()).toEqual(model);
            model = [];
          }
          expect([fifo.length, fifo.first, fifo.last]).toEqual([model.length, model[0], model.at(-1)]);
        }
        expect([...fifo]).toEqual(model);
      }),
      { numRuns: 100 },
    );
  });
});
