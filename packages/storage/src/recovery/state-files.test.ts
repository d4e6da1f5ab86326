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
    const members = fc.array(
      fc.tuple(fc.constantFrom("10.0.0.1", "100001", "fe80"), fc.constantFrom("everything" as const, "files" as const)),
    );
    const seconds = fc.integer({ min: 0, max: 2 ** 40 });
    const position = fc.option(fc.record({ part: fc.nat(), offset: fc.nat() }), { nil: undefined });
    fc.assert(
      fc.property(
        seconds,
        seconds,
        position,
        fc.boolean(),
        members,
        fc.option(seconds, { nil: undefined }),
        seconds,
        (fromSeconds, untilSeconds, logFrom, needsScan, members, doneSeconds, powerLossMs) => {
          const consulted = new Map(members);
          const state = { fromSeconds, untilSeconds, logFrom, needsScan, consulted, doneSeconds, powerLossMs };
          expect(parseRepairState(printRepairState(state))).toEqual(state);
        },
      ),
    );
  });

  it("that is damaged asks everybody for everything", () => {
    expect(parseRepairState(undefined)).toBeUndefined();
    expect(parseRepairState("\0\0\0")).toEqual({
      fromSeconds: 0,
      untilSeconds: Number.MAX_SAFE_INTEGER,
      logFrom: undefined,
      needsScan: true,
      consulted: new Map(),
      powerLossMs: 0,
    });
  });
});

describe(".running", () => {
  const text = "boot_id=one\nalive_seconds=1700000000\n";
  const cases: [string | undefined, string | undefined, ReturnType<typeof lastLife>][] = [
    [undefined, "one", { kind: "ended" }],
    [text, "one", { kind: "killed", logFrom: undefined }],
    [`${text}log_part=3\nlog_offset=99\n`, "one", { kind: "killed", logFrom: { part: 3, offset: 99 } }],
    [text, "two", { kind: "dark", aliveSeconds: 1_700_000_000, logFrom: undefined }],
    // A system that does not tell its boots apart: better once too often.
    [text, undefined, { kind: "dark", aliveSeconds: 1_700_000_000, logFrom: undefined }],
    ["boot_id=unknown\nalive_seconds=7\n", undefined, { kind: "dark", aliveSeconds: 7, logFrom: undefined }],
    [
      `${text}log_part=3\nlog_offset=99\n`,
      "two",
      { kind: "dark", aliveSeconds: 1_700_000_000, logFrom: { part: 3, offset: 99 } },
    ],
    ["boot_id=unknown\nalive_seconds=7\n", "two", { kind: "dark", aliveSeconds: 7, logFrom: undefined }],
  ];
  it.each(cases)("%j found by boot %s", (found, bootId, life) => {
    expect(lastLife(found, bootId)).toEqual(life);
  });
});
