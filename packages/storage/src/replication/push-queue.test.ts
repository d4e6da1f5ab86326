import { Logger, nullSink } from "@fastdfs-ts/runtime";
import { SimWorld } from "@fastdfs-ts/simulation";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { type BinlogOp, printBinlogRecord } from "../binlog/binlog-record.ts";
import { type BinlogPosition, comparePositions, logStart } from "../binlog/binlog-position.ts";
import { BinlogReader } from "../binlog/binlog-reader.ts";
import { BinlogWriter } from "../binlog/binlog-writer.ts";
import { ParkedRecords } from "./parked-records.ts";
import { PushQueue } from "./push-queue.ts";
import { isOwn, type PushTask } from "./push-task.ts";

const FOLDER = "/base/data/sync";
const PARKED = `${FOLDER}/peer.mark.parked`;

function setUp(partBytes?: number) {
  const world = SimWorld.create(1);
  const { disk, clock } = world.host("192.0.2.1").world;
  const log = Logger.create({ sink: nullSink, clock, level: "info" });
  const binlog = BinlogWriter.open({ ...world.host("192.0.2.1").world }, FOLDER, log, partBytes);
  const stuck: string[] = [];
  const open = (from: BinlogPosition) => {
    const parked = ParkedRecords.open(disk, PARKED, log);
    const onProgress = () => undefined;
    const queue = PushQueue.open({
      disk,
      clock,
      log,
      binlog,
      from,
      isPushed: isOwn,
      parked,
      peerId: "peer",
      onProgress,
    });
    queue.onStuck = (reason) => stuck.push(reason);
    return queue;
  };
  return { world, disk, clock, binlog, stuck, open };
}

/** What the test does with the peer's answers. */
type Step =
  | { readonly kind: "take" | "restart" | "lose" | "wait" }
  | { readonly kind: "answer"; readonly which: number; readonly outcome: "confirm" | "instead" | "refuse" | "skip" };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.constant({ kind: "take" } as const) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("answer" as const),
      which: fc.nat(50),
      outcome: fc.constantFrom("confirm", "confirm", "confirm", "instead", "refuse", "skip"),
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom<Step>({ kind: "lose" }, { kind: "wait" }, { kind: "restart" }) },
);

const names = ["a", "b", "c", "d"].map(
  (letter) => `M00/00/00/CmAAC2sCaA-ACKP8AAAAKnl8CjM57${letter.charCodeAt(0) - 97}.txt`,
);
const record = fc.record({
  op: fc.constantFrom<BinlogOp[]>("C", "A", "D", "R", "c", "d"),
  name: fc.constantFrom(...names),
  other: fc.constantFrom(...names),
});

describe("PushQueue", () => {
  it("keeps the order of each name and never says confirmed of what is not, whatever the peer does", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(record, { maxLength: 60 }),
        fc.array(step, { maxLength: 200 }),
        async (records, steps) => {
          const { world, binlog, disk, open } = setUp(300);
          const lines: string[] = [];
          for (const [i, { op, name, other }] of records.entries()) {
            const extra = op === "A" ? "0 1" : op === "R" ? other : undefined;
            // The time tells records apart.
            binlog.append(1000 + i, op, name, extra);
            lines.push(printBinlogRecord({ seconds: 1000 + i, op, logicalName: name, extra }));
          }
          let queue = open(logStart);
          let underWay: PushTask[] = [];
          const settled = new Set<number>();
          const lastOfName = new Map<string, number>();
          const settle = (task: PushTask): void => {
            const { seconds } = task.record;
            for (const name of task.names) {
              // A restart may bring back what was settled and not marked yet.
              if (!settled.has(seconds)) expect(seconds, name).toBeGreaterThan(lastOfName.get(name) ?? 0);
              lastOfName.set(name, Math.max(seconds, lastOfName.get(name) ?? 0));
            }
            settled.add(seconds);
          };
          const check = (): void => {
            const held = underWay.flatMap((task) => task.names);
            expect(new Set(held).size, "one at a time per name").toBe(held.length);
            const parkedLines = disk.stat(PARKED) === undefined ? "" : disk.readFile(PARKED).toString();
            const reader = BinlogReader.open(disk, FOLDER, logStart);
            for (let entry = reader.next(); entry !== undefined; entry = reader.next()) {
              if (comparePositions(entry.after, queue.confirmed) > 0 || entry.kind !== "record") break;
              const isPushed = entry.record.op < "a";
              const isSafe = settled.has(entry.record.seconds) || parkedLines.includes(printBinlogRecord(entry.record));
              expect(!isPushed || isSafe, `${entry.record.seconds} is confirmed or noted`).toBe(true);
            }
            reader.close();
          };
          const answer = (task: PushTask, outcome: "confirm" | "instead" | "refuse" | "skip"): void => {
            if (outcome === "instead") queue.pushInstead(task, "update");
            else if (outcome === "refuse") queue.refuse(task, "refused");
            else {
              settle(task);
              if (outcome === "confirm") queue.confirm(task);
              else queue.skip(task);
            }
          };
          const play = async (each: Step): Promise<void> => {
            switch (each.kind) {
              case "take": {
                const task = queue.next();
                if (task !== undefined && task !== "later") underWay.push(task);
                return;
              }
              case "answer": {
                const [task] = underWay.splice(each.which % Math.max(1, underWay.length), 1);
                if (task !== undefined) answer(task, each.outcome);
                return;
              }
              case "lose":
                queue.giveBack(underWay.splice(0));
                return;
              case "wait":
                await world.runFor(100);
                return;
              case "restart": {
                const { confirmed } = queue;
                queue.close();
                await world.runFor(100);
                underWay = [];
                queue = open(confirmed);
              }
            }
          };
          for (const each of steps) {
            await play(each);
            check();
          }
          // In the end the peer takes everything.
          queue.giveBack(underWay.splice(0));
          for (let round = 0; round < 30 && (!queue.isDrained || queue.parked.count > 0); round++) {
            await world.runFor(1000);
            queue.retryParked("all");
            for (let task = queue.next(); task !== undefined && task !== "later"; task = queue.next())
              answer(task, "confirm");
          }
          check();
          expect(queue.isDrained).toBe(true);
          expect(queue.parked.count).toBe(0);
          const pushed = lines.filter((line) => /^\d+ [A-Z]/.test(line)).map((line) => Number(line.split(" ")[0]));
          expect([...settled].sort()).toEqual(pushed.sort());
        },
      ),
      { numRuns: 150 },
    );
  });

  it("says since when everything is confirmed, parked records not counted as such", async () => {
    const { world, binlog, clock, open } = setUp();
    const now = Math.floor(clock.now() / 1000);
    const queue = open(logStart);
    expect(queue.confirmedSeconds(clock.now())).toBe(now - 1);
    binlog.append(now - 100, "C", names[0]!);
    binlog.append(now - 50, "C", names[1]!);
    binlog.append(now - 20, "C", names[2]!);
    // Nothing was seen of the log so far.
    expect(queue.confirmedSeconds(clock.now())).toBe(0);
    const [first, second, third] = [queue.next(), queue.next(), queue.next()] as PushTask[];
    queue.confirm(second!);
    expect(queue.confirmedSeconds(clock.now())).toBe(0);
    queue.confirm(first!);
    expect(queue.confirmedSeconds(clock.now())).toBe(now - 51);
    queue.refuse(third!, "no");
    await world.runFor(100);
    expect(queue.isDrained).toBe(true);
    expect(queue.confirmedSeconds(clock.now())).toBe(now - 21);
  });

  it("passes over what is appended and not for this peer, as long as it is at the end of the log", () => {
    const { binlog, open } = setUp();
    const queue = open(logStart);
    const passed: boolean[] = [];
    binlog.onAppend((record, at, after) => passed.push(queue.passAppended(record, at, after)));
    binlog.appendAll([
      { seconds: 1, op: "c", logicalName: names[0]!, extra: undefined },
      { seconds: 1, op: "c", logicalName: names[1]!, extra: undefined },
    ]);
    expect(passed).toEqual([true, true]);
    expect(queue.confirmed).toEqual(binlog.position);
    expect(queue.isDrained).toBe(true);
    // Something of our own comes first now.
    binlog.append(2, "C", names[2]!);
    const before = queue.confirmed;
    binlog.append(2, "c", names[3]!);
    expect(passed.slice(2)).toEqual([false, false]);
    const own = queue.next() as PushTask;
    expect(own.record.logicalName).toBe(names[2]);
    expect(queue.next()).toBeUndefined();
    binlog.append(3, "c", names[0]!);
    expect(passed.at(-1)).toBe(true);
    expect(queue.confirmed).toEqual(before);
    expect(queue.isDrained).toBe(false);
    queue.confirm(own);
    expect(queue.confirmed).toEqual(binlog.position);
    expect(queue.isDrained).toBe(true);
    expect(queue.scannedRows).toBe(5);
  });

  it("takes no time from the deletion of a slave, which may be ahead of the clock", () => {
    const { binlog, clock, open } = setUp();
    const now = Math.floor(clock.now() / 1000);
    const queue = open(logStart);
    binlog.append(now - 100, "C", names[0]!);
    binlog.append(now + 600, "D", `${names[0]!}-m`);
    binlog.append(now - 20, "C", names[1]!);
    const [first, second] = [queue.next(), queue.next(), queue.next()] as PushTask[];
    queue.confirm(first!);
    queue.confirm(second!);
    expect(queue.confirmedSeconds(clock.now())).toBe(now - 101);
  });

  it("says so also of a log that never rests, because others push here all the time", async () => {
    const { world, binlog, clock, open } = setUp();
    const queue = open(logStart);
    const began = Math.floor(clock.now() / 1000);
    let logged = 0;
    const replicas = () => binlog.append(began, "c", names[logged++ % names.length]!);
    replicas();
    queue.takeStock();
    await world.runFor(3000);
    expect(queue.takeStock(), "its place is not reached").toBeUndefined();
    expect(queue.next()).toBeUndefined();
    replicas();
    expect(queue.takeStock()).toBe(3);
    await world.runFor(3000);
    expect(queue.next()).toBeUndefined();
    replicas();
    expect(queue.takeStock()).toBe(3);
    expect(queue.isDrained).toBe(false);
    expect(queue.confirmedSeconds(clock.now())).toBe(began + 2);
    // One of our own is under way: nothing is claimed for its time, nor for later.
    binlog.append(began + 6, "C", names[0]!);
    const own = queue.next() as PushTask;
    replicas();
    await world.runFor(3000);
    queue.takeStock();
    expect(queue.confirmedSeconds(clock.now())).toBe(began + 5);
    queue.confirm(own);
    queue.takeStock();
    await world.runFor(1000);
    expect(queue.next()).toBeUndefined();
    replicas();
    queue.takeStock();
    expect(queue.confirmedSeconds(clock.now())).toBe(began + 8);
  });

  it("does not read on for ever behind a record that is not confirmed", () => {
    const { binlog, open } = setUp();
    for (let i = 0; i < 20_000; i++) binlog.append(1, "C", `M00/00/00/${i}`);
    const queue = open(logStart);
    let taken = 0;
    while (queue.next() !== undefined) taken++;
    expect(taken).toBe(16_384);
    expect(queue.unreadBytes).toBeGreaterThan(0);
  });

  it("lets others have their turn while it looks at what is not for the peer", () => {
    const { binlog, open } = setUp();
    for (let i = 0; i < 5000; i++) binlog.append(1, "c", `M00/00/00/${i}`);
    const queue = open(logStart);
    expect([queue.next(), queue.next(), queue.next(), queue.next()]).toEqual(["later", "later", undefined, undefined]);
    expect(queue.isDrained).toBe(true);
  });

  it("keeps what is refused while the disk does not take the note, and goes on when it does", async () => {
    const { world, binlog, stuck, open } = setUp();
    for (const [i, name] of ["a", "a", "b"].entries()) binlog.append(1 + i, "C", `M00/00/00/${name}`);
    const queue = open(logStart);
    const { diskFaults } = world.host("192.0.2.1");
    const endFault = diskFaults.inject({ code: "ENOSPC", operations: ["write"] });
    const first = queue.next() as PushTask;
    queue.refuse(first, "no");
    await world.runFor(1000);
    expect(stuck).toEqual([expect.stringContaining("cannot note")]);
    expect(queue.confirmed).toEqual(logStart);
    // Only the other name goes on.
    expect((queue.next() as PushTask).record.logicalName).toBe("M00/00/00/b");
    expect(queue.next()).toBeUndefined();
    endFault();
    queue.retryParked("due");
    expect(queue.next()).toBe(first);
    queue.refuse(first, "no");
    await world.runFor(1000);
    expect(queue.parked.count).toBe(2);
    expect(stuck).toHaveLength(1);
  });

  it("has tried all that is parked when only later records of a name wait", async () => {
    const { world, binlog, open } = setUp();
    for (const seconds of [1, 2]) binlog.append(seconds, "C", "M00/00/00/a");
    const queue = open(logStart);
    for (let tries = 1; tries <= 3; tries++) {
      expect(queue.parked.hasTriedLessThan(tries)).toBe(tries > 1);
      queue.retryParked("all");
      queue.refuse(queue.next() as PushTask, "no");
      // The second record of the name has no turn.
      expect(queue.next()).toBeUndefined();
      await world.runFor(1000);
    }
    expect(queue.parked.count).toBe(2);
    expect(queue.parked.hasTriedLessThan(3)).toBe(false);
  });

  it("stops where a peer refuses too much", async () => {
    const { world, binlog, stuck, open } = setUp();
    for (let i = 0; i < 1001; i++) binlog.append(1, "C", `M00/00/00/${i}`);
    const queue = open(logStart);
    for (let task = queue.next(); task !== undefined && stuck.length === 0; task = queue.next()) {
      if (task !== "later") queue.refuse(task, "no");
    }
    await world.runFor(1000);
    expect(stuck).toEqual([expect.stringContaining("1000 records")]);
    expect(queue.isDrained).toBe(false);
  });
});
