import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { parseBinlogRecord, printBinlogRecord } from "../binlog/binlog-record.ts";
import { type HistoryRecord, historyOf, inOrder, judgeName, type MemberHistory } from "./name-history.ts";

const NAME = "M00/00/00/the-file";
const OLD = "M00/00/00/its-old-name";

/** "5 A 0 3, 6 D": records about NAME; "7 R" a renaming of OLD to NAME, "7 R>" one of NAME to another name. */
function records(text: string): HistoryRecord[] {
  return text
    .split(", ")
    .filter((each) => each !== "")
    .map((each) => {
      const [seconds = "", op = "", ...extra] = each.split(" ");
      const line = op.endsWith(">")
        ? `${seconds} ${op[0]!} M00/00/00/another ${NAME}`
        : [seconds, op, NAME, ...(op.toUpperCase() === "R" ? [OLD] : extra)].join(" ");
      return historyOf(parseBinlogRecord(line)).find(([name]) => name === NAME)![1];
    });
}

function judge(
  own: string,
  others: Record<string, string>,
  facts: {
    heard?: boolean;
    named?: boolean;
    c?: boolean;
    doubtful?: string;
    since?: number;
    name?: string;
    once?: boolean;
  } = {},
) {
  const members = Object.entries(others).map(([storageId, text]): MemberHistory => ({
    storageId,
    isDoubtful: facts.doubtful?.includes(storageId) === true,
    isPresent: true,
    toldEverything: facts.c !== true,
    records: records(text),
  }));
  const {
    action,
    members: holders,
    doubtful,
    missing,
    loggedSize,
    onlyAppended,
    sizeTells,
    isTold,
    isOurs,
  } = judgeName(facts.name ?? NAME, {
    ownId: "a",
    isOwnDoubtful: facts.doubtful?.includes("a") === true,
    repairSinceSeconds: facts.since ?? 100,
    own: records(own),
    others: members,
    isHeir: facts.heard ?? true,
    wasAskedFor: (seconds) => seconds > 1,
    isNamedAfterUs: facts.named ?? false,
    isGivenOnce: facts.once ?? false,
  });
  const lines = missing.map((record) =>
    printBinlogRecord(record).trim().replace(` ${NAME}`, "").replace(` ${OLD}`, ""),
  );
  return { action, holders, doubtful, missing: lines, loggedSize, onlyAppended, sizeTells, isTold, isOurs };
}

describe("what the logs say of a name", () => {
  // own log, logs of others, action, who has the file, lines that are missing in our log
  const cases: [string, Record<string, string>, string, string[], string[]][] = [
    // Nobody else knows anything.
    ["5 C", {}, "seek", [], []],
    ["5 C, 6 D", {}, "leave", [], []],
    ["", {}, "leave", [], []],
    // The end of our log is lost.
    ["", { b: "5 C" }, "hold", ["b"], ["5 c"]],
    ["", { b: "5 c", d: "5 C" }, "hold", ["b", "d"], ["5 c"]],
    ["", { b: "5 c", d: "5 c" }, "hold", ["b", "d"], ["5 C"]],
    ["5 C", { b: "5 c, 6 a 0 3" }, "hold", ["b"], ["6 A 0 3"]],
    ["5 c", { b: "5 C, 6 D" }, "delete", [], ["6 d"]],
    ["5 C", { b: "5 c, 6 d" }, "delete", [], ["6 D"]],
    // What comes before a deletion does not matter any more.
    ["", { b: "5 C, 6 A 0 3, 6 D" }, "delete", [], ["6 d"]],
    // Both know the same.
    ["5 C", { b: "5 c" }, "hold", ["b"], []],
    ["5 c", { b: "5 C" }, "hold", ["b"], []],
    // Somebody has it as a copy of ours that we took for a copy of theirs.
    ["5 c", { b: "5 c" }, "hold", ["b"], ["5 C"]],
    ["5 C, 6 D", { b: "5 c, 6 d" }, "delete", [], []],
    // We know more: others will learn it from us.
    ["5 C, 6 A 0 3", { b: "5 c" }, "trust", ["b"], []],
    ["5 C, 6 D", { b: "5 c" }, "delete", ["b"], []],
    ["5 C, 5 D", { b: "5 c" }, "delete", ["b"], []],
    ["5 U, 5 U", { b: "5 u" }, "trust", ["b"], []],
    // They know more of the same second.
    ["5 u", { b: "5 U, 5 U" }, "hold", ["b"], []],
    // Only who knows most has what it should be.
    ["", { b: "5 c", d: "5 c, 5 a 0 3" }, "hold", ["d"], ["5 C", "5 A 0 3"]],
    ["", { b: "5 c, 5 c, 5 c", d: "5 C, 6 A 0 3" }, "hold", ["d"], ["5 c", "6 a 0 3"]],
    ["", { b: "5 c", d: "5 C, 6 D" }, "delete", ["b"], ["6 d"]],
    // Renaming makes one name and takes the other.
    ["5 C", { b: "5 c, 6 r>" }, "delete", [], []],
    ["", { b: "6 r" }, "hold", ["b"], ["6 R"]],
    ["6 R", {}, "seek", [], []],
    // Made again after it was deleted: slaves and metadata.
    ["5 C", { b: "5 c, 6 d, 7 c" }, "hold", ["b"], ["6 D", "7 C"]],
  ];

  it.each(cases)("own %j, others %j: %s", (own, others, action, holders, missing) => {
    expect(judge(own, others)).toMatchObject({ action, holders, missing });
  });

  it("does not call a change ours before everybody was heard, unless the name says so", () => {
    expect(judge("", { b: "5 c, 6 a 0 3" }, { heard: false }).missing).toEqual(["5 c", "6 a 0 3"]);
    expect(judge("", { b: "5 c, 6 a 0 3" }, { heard: false, named: true }).missing).toEqual(["5 C", "6 a 0 3"]);
    expect(judge("5 c", { b: "5 c" }, { heard: false }).missing).toEqual([]);
    expect(judge("", { b: "5 c" }, { heard: false }).isOurs).toBe(false);
    expect(judge("", { b: "5 C" }).isOurs).toBe(false);
    expect(judge("", { b: "5 c" }).isOurs).toBe(true);
  });

  it("makes us tell what we received of somebody who has forgotten it", () => {
    expect(judge("5 c", {})).toMatchObject({ action: "seek", missing: ["5 C"] });
    expect(judge("5 c, 6 a 0 3, 6 a 0 3", { b: "5 c" })).toMatchObject({
      action: "trust",
      missing: ["5 C", "6 A 0 3"],
    });
    expect(judge("5 c, 6 d", { b: "5 c" })).toMatchObject({ action: "delete", missing: ["6 D"] });
    // He has not, it is not for us to tell it, or the others were not asked for anything so old.
    expect(judge("5 c, 6 a 0 3", { b: "5 C" })).toMatchObject({ action: "trust", missing: ["6 A 0 3"] });
    expect(judge("5 c", {}, { heard: false }).missing).toEqual([]);
    expect(judge("1 c", {}).missing).toEqual([]);
  });

  it("takes nothing from the silence of a C storage, which tells only of files", () => {
    expect(judge("5 C, 6 D", { b: "5 c" }, { c: true }).action).toBe("delete");
    expect(judge("5 C, 5 D", { b: "5 c" }, { c: true }).action).toBe("delete");
    // It tells a rename as a creation.
    expect(judge("5 r", { b: "5 C" }, { c: true })).toMatchObject({ action: "hold", missing: [] });
    expect(judge("", { b: "5 C" }, { c: true, heard: false })).toMatchObject({ action: "hold", missing: ["5 c"] });
  });

  it("is that it was deleted, of a name that is given once, although a clock that was wrong gave later times", () => {
    for (const [own, theirs, missing] of [
      ["9 C", "9 c, 6 d", ["6 D"]],
      ["9 C, 6 D", "9 c", []],
      ["9 c", "9 C, 6 r>", []],
      ["", "6 d, 9 c", ["6 D"]],
      // Known as received, and nobody calls it his own: it falls to us to tell who does not know it.
      ["6 d, 9 C", "9 c, 6 d", ["6 D"]],
      ["6 d, 9 C", "9 c, 6 D", []],
    ] as const) {
      expect(judge(own, { b: theirs }, { once: true })).toMatchObject({ action: "delete", missing });
      expect(judge(own, { b: theirs }).action).not.toBe("delete");
    }
    expect(judge("9 C", { b: "9 c" }, { once: true }).action).toBe("hold");
    // A member with a clock of its own.
    expect(judge("9 c", { b: "9 C, 9 A 0 3", d: "9 c, 5 D" }, { once: true })).toMatchObject({
      action: "delete",
      missing: ["5 d"],
    });
  });

  it("is that a slave was deleted, although another member's repair told all that it had it later", () => {
    expect(judge("5 c, 9 u", { b: "5 c, 9 u", d: "5 C, 7 D" })).toMatchObject({ action: "delete", missing: ["7 d"] });
    expect(judge("5 c, 7 d, 9 u", { b: "5 C, 9 U" })).toMatchObject({ action: "delete" });
    expect(judge("5 c, 7 d", { b: "5 C, 8 C, 9 U" })).toMatchObject({ action: "hold", missing: ["8 c", "9 u"] });
    // Clients update metadata.
    expect(judge("5 c, 7 d", { b: "5 C, 9 U" }, { name: `${NAME}-m` })).toMatchObject({ action: "hold" });
  });

  it("is not more because a record was received twice", () => {
    expect(judge("5 c, 5 c", { b: "5 C" })).toMatchObject({ action: "hold", missing: [] });
    expect(judge("5 c, 5 a 0 3, 5 c, 5 a 0 3", { b: "5 C, 5 A 0 3" })).toMatchObject({ action: "hold", missing: [] });
    expect(judge("5 U, 5 U", { b: "5 u" })).toMatchObject({ action: "trust", onlyAppended: false });
    // Nor does it hide what comes behind it.
    expect(judge("5 C, 6 A 0 3", { b: "5 c, 5 c" })).toMatchObject({
      action: "trust",
      onlyAppended: true,
      sizeTells: true,
    });
  });

  it("tells an update that stands for another change from one of ours that we forgot", () => {
    // The source of "6 A" pushed the whole file instead.
    expect(judge("5 c", { b: "5 C, 6 A 0 3", c: "5 c, 6 u" }).missing).toEqual(["6 a 0 3", "6 u"]);
    expect(judge("5 C, 6 A 0 3", { b: "5 c, 6 u" }).missing).toEqual([]);
    expect(judge("5 C", { b: "5 c, 6 u" }).missing).toEqual(["6 U"]);
  });

  it("takes an update for the change of its second, also if the file was deleted in that second before", () => {
    // The last of three repairs of one member: the deletion fell to it in the second.
    expect(judge("3 d, 3 u, 3 c, 3 D, 4 t 3 1, 4 C", { b: "3 C", d: "4 c, 4 T 3 1" }).missing).toEqual([]);
  });

  it("goes by time: what is told once more comes where it belongs", () => {
    const times = (text: string) => inOrder(records(text)).map(({ seconds, record }) => `${seconds} ${record.op}`);
    expect(times("5 c, 6 a 0 3, 7 t 3 1, 5 c, 6 u")).toEqual(["5 c", "5 c", "6 a", "6 u", "7 t"]);
  });

  const exact = (bytes: number) => ({ bytes, isExact: true });
  const atLeast = (bytes: number) => ({ bytes, isExact: false });
  const sizes: [string, ReturnType<typeof exact> | undefined, boolean][] = [
    ["5 C, 6 A 10 5", exact(15), true],
    ["5 C, 6 A 10 5, 7 T 15 4", exact(4), false],
    ["5 C, 6 M 0 5", atLeast(5), false],
    ["5 C, 6 M 10 5, 7 M 0 5", atLeast(15), false],
    ["5 C, 6 T 10 4, 7 M 2 5", exact(7), false],
    ["5 C, 6 A 10 5, 7 M 0 3, 8 A 15 1", exact(16), false],
    ["5 C, 6 A 10 5, 7 U", undefined, false],
    // Twice in a second: theirs is no beginning of ours.
    ["5 C, 5 U, 5 U", undefined, false],
  ];
  it.each(sizes)("after %s a file has %j, only appended to: %s", (own, loggedSize, onlyAppended) => {
    expect(judge(own, { b: "5 c" })).toMatchObject({ action: "trust", loggedSize, onlyAppended });
    expect(judge(own, {})).toMatchObject({ action: "seek", loggedSize });
  });

  // Names of those who lost their power; "a" are we.
  const doubts: [string, Record<string, string>, string, string, string[]][] = [
    ["5 C", { b: "5 c", d: "5 c" }, "a", "hold", ["b", "d"]],
    ["5 C", { b: "5 c", d: "5 c" }, "ab", "hold", ["d"]],
    // The source decides, else the first by its id; nobody else does, so that two do not take each other's.
    ["5 C", { b: "5 c", d: "5 c" }, "abd", "keep", ["b", "d"]],
    ["5 c", { b: "5 c", d: "5 C" }, "abd", "hold", ["d", "b"]],
    ["5 c", { b: "5 c", d: "5 c" }, "abd", "keep", ["b", "d"]],
    // What was sent whole for another change is nothing new beside that.
    ["5 c, 5 u", { b: "5 c, 5 u", d: "5 C" }, "ab", "hold", ["d"]],
    ["5 C", { b: "5 c, 5 u", d: "5 c" }, "ab", "hold", ["d"]],
    ["5 C, 6 T 3 1", { b: "5 c, 6 u" }, "a", "hold", ["b"]],
    ["5 C, 6 A 0 3, 6 A 3 3", { b: "5 c, 6 u" }, "a", "trust", ["b"]],
    // Who knows more has more, torn or not.
    ["5 C", { b: "5 c", d: "5 c, 6 m 0 3" }, "abd", "hold", ["d"]],
    ["5 C", { b: "5 c", d: "5 c, 6 m 0 3" }, "ad", "hold", ["d"]],
    ["", { b: "5 c", d: "5 C" }, "abd", "hold", ["d", "b"]],
    // Only a disk was replaced here.
    ["5 c", { b: "5 c", d: "5 C" }, "bd", "keep", ["b", "d"]],
    ["5 c", { b: "5 c", d: "5 C" }, "d", "hold", ["b"]],
  ];
  it.each(doubts)("own %j, others %j, in doubt %s: %s", (own, others, doubtful, action, holders) => {
    expect(judge(own, others, { doubtful })).toMatchObject({ action, holders });
  });

  it("names those whose copies may be torn, or older, in case that nobody else has the file any more", () => {
    expect(judge("5 C", { b: "5 c", d: "5 c" }, { doubtful: "ab" }).doubtful).toEqual(["b"]);
    expect(judge("", { b: "5 c", d: "5 C, 6 A 0 3", e: "5 c, 6 a 0 3" }, { doubtful: "ae" })).toMatchObject({
      holders: ["d"],
      doubtful: ["e", "b"],
    });
    expect(judge("5 C", { b: "5 c", d: "5 c" }, { doubtful: "a" }).doubtful).toEqual([]);
  });

  it("takes no update of this repair for knowledge of ours", () => {
    const facts = { doubtful: "ab", since: 8 };
    expect(judge("5 C, 6 M 0 3, 9 U", { b: "5 c, 6 m 0 3, 9 u", d: "5 c, 6 m 0 3" }, facts)).toMatchObject({
      action: "hold",
      holders: ["d"],
      missing: [],
      isTold: true,
    });
    expect(judge("5 C, 6 M 0 3, 7 U", { d: "5 c, 6 m 0 3" }, facts)).toMatchObject({ action: "trust", isTold: false });
  });

  const tellingSizes: [string, boolean][] = [
    ["5 C, 6 T 10 15", true],
    ["5 C, 6 M 0 3, 7 A 10 5", true],
    ["5 C, 6 A 10 5, 7 M 0 3", false],
    ["5 C, 6 A 10 5, 7 T 15 10", false],
    ["5 C, 6 T 10 10", false],
    ["5 C, 6 U", false],
  ];
  it.each(tellingSizes)("after %s the size tells whether a file has it all: %s", (own, sizeTells) => {
    expect(judge(own, { b: "5 c" })).toMatchObject({ action: "trust", sizeTells });
  });

  it("is settled when it is done, at the second time at the latest: the same again misses nothing", () => {
    const op = fc.constantFrom("C", "c", "U", "u", "D", "d", "A 0 3", "a 0 3", "T 3 1", "t 3 1");
    const log = fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), op), { maxLength: 5 });
    const inTime = (lines: readonly string[]) =>
      lines
        .filter((each) => each !== "")
        .toSorted((x, y) => Number.parseInt(x, 10) - Number.parseInt(y, 10))
        .join(", ");
    fc.assert(
      fc.property(log, log, log, (own, b, d) => {
        const text = (entries: [number, string][]) => inTime(entries.map(([seconds, what]) => `${seconds} ${what}`));
        const others = { b: text(b), d: text(d) };
        const first = judge(text(own), others);
        if (first.action !== "hold") return;
        const after = inTime([...text(own).split(", "), ...first.missing]);
        // Now that our log goes on behind theirs, what nobody calls his own may fall to us.
        const second = inTime([...after.split(", "), ...judge(after, others).missing]);
        expect(judge(second, others).missing).toEqual([]);
      }),
    );
  });
});
