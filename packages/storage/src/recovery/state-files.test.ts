// The texts of the files by which recovery and repair go on after a stop.
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { parseRepairState, printRepairState } from "./pending-repair.ts";
import { parseRecoveryFlag, printRecoveryFlag } from "./recovery-files.ts";
import { lastLife } from "./running-file.ts";

describe(".recovery.flag", () => {
  it("has C's form", () => {
    const text = "saved_storage_status=5\nfetch_binlog_done=1\nrecovery_threads=4\n";
    expect(parseRecoveryFlag(text)).toEqual({ savedStatus: 5, hasLists: true, lists: 4 });
    expect(printRecoveryFlag({ savedStatus: 5, hasLists: true, lists: 4 })).toBe(text);
  });

  it("of a C before 6.04, which had one list without a number, begins anew", () => {
    expect(parseRecoveryFlag("saved_storage_status=5\nfetch_binlog_done=1\n")).toMatchObject({ hasLists: false });
  });

  it("that is none is said to be none", () => {
    expect(parseRecoveryFlag("")).toBeUndefined();
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        parseRecoveryFlag(text);
      }),
    );
  });
});

describe(".repair", () => {
  it("round-trips", () => {
    const seconds = fc.integer({ min: 0, max: 2 ** 40 });
    const word = fc.record({ told: fc.constantFrom("everything" as const, "files" as const), powerLossMs: seconds });
    const members = fc.array(fc.tuple(fc.constantFrom("10.0.0.1", "100001", "fe80"), word));
    const position = fc.option(fc.record({ part: fc.nat(), offset: fc.nat() }), { nil: undefined });
    fc.assert(
      fc.property(
        seconds,
        seconds,
        fc.constantFrom([], [{ fromSeconds: 3, untilSeconds: 7 }]),
        position,
        fc.boolean(),
        fc.uniqueArray(fc.nat(255)),
        members,
        fc.option(seconds, { nil: undefined }),
        seconds,
        (fromSeconds, untilSeconds, clockWas, logFrom, needsScan, paths, members, doneSeconds, powerLossMs) => {
          const consulted = new Map(members);
          const refilledPaths = new Set(paths);
          const state = {
            fromSeconds,
            untilSeconds,
            clockWas,
            logFrom,
            needsScan,
            refilledPaths,
            consulted,
            doneSeconds,
            powerLossMs,
          };
          expect(parseRepairState(printRepairState(state))).toEqual(state);
        },
      ),
    );
  });

  it("asks a member again of which it says less than is needed", () => {
    const consulted = new Map([["10.0.0.3", { told: "files", powerLossMs: 7 }]]);
    const text = "consulted=10.0.0.1/everything,10.0.0.2/everything/,10.0.0.3/files/7,10.0.0.4/nothing/7\n";
    expect(parseRepairState(text)?.consulted).toEqual(consulted);
  });

  it("that is damaged asks everybody for everything", () => {
    expect(parseRepairState(undefined)).toBeUndefined();
    expect(parseRepairState("\0\0\0")).toEqual({
      fromSeconds: 0,
      untilSeconds: Number.MAX_SAFE_INTEGER,
      clockWas: [],
      logFrom: undefined,
      needsScan: true,
      refilledPaths: new Set(),
      consulted: new Map(),
      powerLossMs: 0,
    });
  });
});

describe(".running", () => {
  const text = "boot_id=one\nalive_seconds=1700000000\n";
  const place = "log_part=3\nlog_offset=99\n";
  const logFrom = { part: 3, offset: 99 };
  const killed = {
    kind: "killed",
    logFrom: undefined,
    clockWas: [{ fromSeconds: 1_699_999_880, untilSeconds: 1_700_000_030 }],
  };
  const dark = { kind: "dark", aliveSeconds: 1_700_000_000, logFrom: undefined, clockWas: [] };
  const was = { fromSeconds: 5, untilSeconds: 9 };
  it.each<[string | undefined, string | undefined, object]>([
    [undefined, "one", { kind: "ended" }],
    [text, "one", killed],
    [text + place, "one", { ...killed, logFrom }],
    [`${text}clock_was=5-9\n`, "one", { ...killed, clockWas: [was, ...killed.clockWas] }],
    [text, "two", dark],
    // A system that does not tell its boots apart: better once too often.
    [text, undefined, dark],
    ["boot_id=unknown\nalive_seconds=7\n", undefined, { ...dark, aliveSeconds: 7 }],
    [text + place, "two", { ...dark, logFrom }],
    [`${text}clock_was=5-9\n`, "two", { ...dark, clockWas: [was] }],
    ["boot_id=unknown\nalive_seconds=7\n", "two", { ...dark, aliveSeconds: 7 }],
    ["\0\0\0", "two", { kind: "killed", logFrom: undefined, clockWas: [] }],
  ])("%j found by boot %s", (found, bootId, life) => {
    expect(lastLife(found, bootId)).toEqual(life);
  });
});
