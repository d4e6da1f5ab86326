// Records that a peer refuses. They lie in a small file beside its mark while the queue goes on, with the later records of
// their names behind them, and are tried again with growing pauses (cluster-behaviour.md §11.1, W6).
import { FdfsError } from "@fastdfs-ts/protocol";
import type { Disk, Logger } from "@fastdfs-ts/runtime";

import { type BinlogRecord, parseBinlogRecord, printBinlogRecord } from "../binlog/binlog-record.ts";
import { StateFile } from "../formats/state-file.ts";
import { namesOf } from "./push-task.ts";

/** A peer that refuses more than this has another trouble than single records: its queue stops, as with C. */
const PARKED_MAX = 1000;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 600_000;

export interface ParkedRecord {
  readonly record: BinlogRecord;
  /** Why it was refused last, and how often. */
  reason: string;
  refusals: number;
  retryAtMs: number;
  isUnderWay: boolean;
}

export class ParkedRecords {
  private readonly file: StateFile;
  private readonly all: ParkedRecord[] = [];
  /** How many records each name has here. */
  private readonly names = new Map<string, number>();

  private constructor(file: StateFile) {
    this.file = file;
  }

  /** Those that an earlier process left in the file at `path`; they are due at once. Throws FdfsError IO_FAILED. */
  static open(disk: Disk, path: string, log: Logger): ParkedRecords {
    const parked = new ParkedRecords(new StateFile(disk, path));
    for (const line of (parked.file.read() ?? "").split("\n")) {
      if (line === "") continue;
      try {
        const record = parseBinlogRecord(line);
        parked.keep({ record, reason: "refused before the restart", refusals: 0, retryAtMs: 0, isUnderWay: false });
      } catch (error) {
        log.warn("replication.parked-line-unreadable", { path, reason: FdfsError.fromUnknown(error).message });
      }
    }
    return parked;
  }

  get records(): readonly BinlogRecord[] {
    return this.all.map(({ record }) => record);
  }

  get count(): number {
    return this.all.length;
  }

  get isFull(): boolean {
    return this.all.length >= PARKED_MAX;
  }

  /** The one that waits longest. */
  get first(): ParkedRecord | undefined {
    return this.all[0];
  }

  /** The time of the earliest parked record, Infinity if there is none. */
  get earliestSeconds(): number {
    return this.all.reduce((earliest, { record }) => Math.min(earliest, record.seconds), Infinity);
  }

  /** Whether one has been refused fewer than `times` times. Those behind another one of their names are not tried. */
  hasTriedLessThan(times: number): boolean {
    return this.firstOfNames().some(({ refusals }) => refusals < times);
  }

  /** Whether a record has to wait here because an earlier one of its names does. */
  holds(names: readonly string[]): boolean {
    return this.all.length > 0 && names.some((name) => this.names.has(name));
  }

  /** Remembers a record. It is on the disk, and the mark may pass it, when the promise resolves; rejects with FdfsError. */
  async add(record: BinlogRecord, reason: string, nowMs: number): Promise<void> {
    const parked = { record, reason, refusals: 1, retryAtMs: nowMs + FIRST_PAUSE_MS, isUnderWay: false };
    this.keep(parked);
    try {
      await this.save();
    } catch (error) {
      this.drop(parked);
      throw error;
    }
  }

  /**
   * Takes over what another peer refuses, which this one was to get from there; due at once. On the disk when the promise
   * resolves; rejects with FdfsError.
   */
  async adopt(records: readonly BinlogRecord[]): Promise<void> {
    const known = new Set(this.records.map(printBinlogRecord));
    const added = records.filter((record) => !known.has(printBinlogRecord(record)));
    if (added.length === 0) return;
    for (const record of added) {
      const reason = "its source of old files refuses it";
      this.keep({ record, reason, refusals: 0, retryAtMs: 0, isUnderWay: false });
    }
    await this.save();
  }

  /** The records whose turn it is, each the first of its names; they count as under way. */
  takeDue(nowMs: number): ParkedRecord[] {
    const due = this.firstOfNames().filter(({ isUnderWay, retryAtMs }) => !isUnderWay && retryAtMs <= nowMs);
    for (const parked of due) parked.isUnderWay = true;
    return due;
  }

  /** Those that wait for no other one. */
  private firstOfNames(): ParkedRecord[] {
    const earlierNames = new Set<string>();
    return this.all.filter(({ record }) => {
      const names = namesOf(record);
      const isFirst = !names.some((name) => earlierNames.has(name));
      for (const name of names) earlierNames.add(name);
      return isFirst;
    });
  }

  /** The peer has been away: what it refused before it may take now. */
  makeAllDue(): void {
    for (const parked of this.all) parked.retryAtMs = 0;
  }

  /** What kept them here is over: they are due as if none had been tried. */
  startOver(): void {
    this.makeAllDue();
    for (const parked of this.all) parked.refusals = 0;
  }

  /** Refused again: tried later. */
  refused(parked: ParkedRecord, reason: string, nowMs: number): void {
    parked.reason = reason;
    parked.isUnderWay = false;
    parked.retryAtMs = nowMs + Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(parked.refusals, 20));
    parked.refusals++;
  }

  /** Confirmed. If the file cannot be written the record is pushed once more after a restart, which does no harm. */
  async remove(parked: ParkedRecord): Promise<void> {
    this.drop(parked);
    await this.save();
  }

  private keep(parked: ParkedRecord): void {
    this.all.push(parked);
    for (const name of namesOf(parked.record)) this.names.set(name, (this.names.get(name) ?? 0) + 1);
  }

  private drop(parked: ParkedRecord): void {
    this.all.splice(this.all.indexOf(parked), 1);
    for (const name of namesOf(parked.record)) {
      const left = this.names.get(name)! - 1;
      if (left === 0) this.names.delete(name);
      else this.names.set(name, left);
    }
  }

  private save(): Promise<void> {
    return this.file.replaceInBackground(this.all.map(({ record }) => printBinlogRecord(record)).join(""));
  }
}
