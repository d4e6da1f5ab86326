// How far into the log everything is confirmed. Records are confirmed in any order; the place moves over those that are
// confirmed without a gap, so a mark never passes one that is not.
import { mayBeAhead } from "../files/record-seconds.ts";
import type { BinlogPosition } from "../binlog/binlog-position.ts";
import type { BinlogRecord } from "../binlog/binlog-record.ts";
import { Fifo } from "./fifo.ts";
import { isOwn, type PushTask } from "./push-task.ts";

export class ConfirmedPrefix {
  /** Everything before is confirmed, or was not for this peer. */
  position: BinlogPosition;
  /** The time of the latest own record before `position` that has the time of our clock, 0 if none has been seen. */
  ownSeconds = 0;
  private readonly open = new Fifo<PushTask>();

  constructor(position: BinlogPosition) {
    this.position = position;
  }

  /** Tasks that are not confirmed, and those behind them. */
  get size(): number {
    return this.open.length;
  }

  /** The next record of the log is pushed. */
  add(task: PushTask): void {
    this.open.push(task);
  }

  /** The next entries of the log, up to `after`, are not for this peer. */
  pass(after: BinlogPosition): void {
    const { last } = this.open;
    if (last === undefined) this.position = after;
    else last.after = after;
  }

  /** A task is confirmed. */
  settle(task: PushTask): void {
    task.isSettled = true;
    for (let { first } = this.open; first?.isSettled === true; { first } = this.open) {
      this.open.shift();
      if (first.after !== undefined) this.position = first.after;
      this.noteTime(first.record);
    }
  }

  private noteTime(record: BinlogRecord): void {
    const { seconds, logicalName } = record;
    if (seconds > this.ownSeconds && isOwn(record) && !mayBeAhead(logicalName)) this.ownSeconds = seconds;
  }

  /** The time of the earliest own record that is not confirmed; Infinity if none is open. */
  earliestOpenOwnSeconds(): number {
    let earliest = Infinity;
    for (const { record, isSettled } of this.open) {
      if (!isSettled && isOwn(record)) earliest = Math.min(earliest, record.seconds);
    }
    return earliest;
  }
}
