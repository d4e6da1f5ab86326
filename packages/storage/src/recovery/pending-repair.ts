// The repair that a storage still owes its group, on the disk: for which time its memory is uncertain, and which members have
// told what they know of it. Their logs lie beside it. The file stays when it is done: what the repair itself changed may
// not be on the disk yet, and then the next power cut takes it back.
import type { Disk } from "@fastdfs-ts/runtime";

import { type BinlogPosition, comparePositions } from "../binlog/binlog-position.ts";
import { parseKeyValues, parseWhole, printKeyValues } from "../formats/key-values.ts";
import { StateFile } from "../formats/state-file.ts";
import { isStorageId } from "../identity.ts";
import { parseLogPosition, printLogPosition } from "./running-file.ts";
import { isWithin, joinSpans, parseSpans, printSpans, type TimeSpan } from "./time-spans.ts";

export interface UncertainTime extends TimeSpan {
  /** Other times that belong to it, because the clock was set. */
  readonly clockWas?: readonly TimeSpan[] | undefined;
  /** What our log says from here on was done in that time, whatever time it gives. */
  readonly logFrom?: BinlogPosition | undefined;
}

/** Whether something of this time may be lost. */
export function isUncertain(time: UncertainTime, seconds: number): boolean {
  return isWithin([time, ...(time.clockWas ?? [])], seconds);
}

/** The same for what is still here: the clock may be ahead by now, so nothing is too young. */
export function isYoung(time: UncertainTime, seconds: number): boolean {
  return seconds >= time.fromSeconds || isUncertain(time, seconds);
}

/** What a member has told. */
export interface Consulted {
  /** Whether its log is whole (123), or only of what exists (26). */
  readonly told: "everything" | "files";
  /** When it last found that it had lost its power, Unix milliseconds, 0 if never or if it does not say. */
  readonly powerLossMs: number;
}

export interface RepairState extends UncertainTime {
  /** Whether files of that time may be damaged and have not all been looked at. */
  readonly needsScan: boolean;
  /** Store paths that were filled from other members: what our log says of their files may be more than the copies hold. */
  readonly refilledPaths: ReadonlySet<number>;
  /** Members whose logs were fetched. */
  readonly consulted: ReadonlyMap<string, Consulted>;
  /** Unix time when nothing was owed any more. */
  readonly doneSeconds?: number | undefined;
  /** Unix milliseconds of the start that found the last power loss, 0 if there was none. */
  readonly powerLossMs: number;
}

export class PendingRepair {
  private readonly disk: Disk;
  private readonly folder: string;
  private readonly file: StateFile;
  private current: RepairState | undefined;

  private constructor(disk: Disk, folder: string) {
    this.disk = disk;
    this.folder = folder;
    this.file = new StateFile(disk, `${folder}/.repair`);
    this.current = parseRepairState(this.file.read());
  }

  /** Throws FdfsError if the file cannot be read. */
  static open(disk: Disk, basePath: string): PendingRepair {
    return new PendingRepair(disk, `${basePath}/data`);
  }

  /** Undefined if nothing is owed. */
  get state(): RepairState | undefined {
    return this.current?.doneSeconds === undefined ? this.current : undefined;
  }

  /** When it was last found that the machine had lost its power, Unix milliseconds; 0 if it never was. */
  get powerLossMs(): number {
    return this.current?.powerLossMs ?? 0;
  }

  /** The machine lost its power: what was written in that time may be lost or torn. */
  requireAfterPowerLoss(time: UncertainTime, nowMs: number): void {
    this.add(time, { needsScan: true, powerLossMs: nowMs });
  }

  /** A store path is filled from other members: its copies may be those of a member that was behind, ours was not. */
  requireAfterDiskLoss(time: UncertainTime, storePathIndex: number): void {
    const { powerLossMs } = this;
    this.add(time, { needsScan: false, powerLossMs, refilledPath: storePathIndex });
  }

  /**
   * One more time of which the memory is uncertain. Who was consulted before is asked again. A repair that was done in that
   * time is repeated.
   */
  private add(
    time: UncertainTime,
    why: Pick<RepairState, "needsScan" | "powerLossMs"> & { readonly refilledPath?: number },
  ): void {
    const doneSeconds = this.current?.doneSeconds ?? Infinity;
    const before = isYoung(time, doneSeconds) ? this.current : undefined;
    this.removeLogs();
    this.save({
      fromSeconds: Math.min(time.fromSeconds, before?.fromSeconds ?? Infinity),
      untilSeconds: Math.max(time.untilSeconds, before?.untilSeconds ?? 0),
      clockWas: joinSpans([...(time.clockWas ?? []), ...(before?.clockWas ?? [])]),
      logFrom: earlier(time.logFrom, before?.logFrom),
      needsScan: why.needsScan || before?.needsScan === true,
      refilledPaths: new Set(
        [...(before?.refilledPaths ?? []), why.refilledPath].filter((index) => index !== undefined),
      ),
      consulted: new Map(),
      powerLossMs: why.powerLossMs,
    });
  }

  /** What is uncertain bears other times, because the clock was wrong. Nobody was consulted yet. Tells whether that is new. */
  widen(span: TimeSpan): boolean {
    const { state } = this;
    if (state === undefined || (isUncertain(state, span.fromSeconds) && isUncertain(state, span.untilSeconds)))
      return false;
    this.save({ ...state, clockWas: joinSpans([...(state.clockWas ?? []), span]) });
    return true;
  }

  noteScanned(): void {
    if (this.state !== undefined) this.save({ ...this.state, needsScan: false });
  }

  /** The log of a member is complete at `logPath`. */
  noteConsulted(storageId: string, consulted: Consulted): void {
    if (this.state === undefined) return;
    this.disk.syncDirectory(this.folder);
    this.save({ ...this.state, consulted: new Map([...this.state.consulted, [storageId, consulted]]) });
  }

  /** Where the log of a member (or our own, as "own") is kept. */
  logPath(storageId: string): string {
    return `${this.folder}/.repair.${storageId}.log`;
  }

  /** Nothing is owed any more. */
  done(nowSeconds: number): void {
    if (this.state === undefined) return;
    this.save({ ...this.state, consulted: new Map(), doneSeconds: nowSeconds });
    this.removeLogs();
  }

  private save(state: RepairState): void {
    this.file.replace(printRepairState(state));
    this.current = state;
  }

  private removeLogs(): void {
    for (const name of this.disk.readDirectory(this.folder)) {
      if (/^\.repair\..*\.log$/.test(name)) this.disk.unlink(`${this.folder}/${name}`);
    }
  }
}

function earlier(a: BinlogPosition | undefined, b: BinlogPosition | undefined): BinlogPosition | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return comparePositions(a, b) < 0 ? a : b;
}

export function printRepairState(state: RepairState): string {
  const { fromSeconds, untilSeconds, clockWas = [], logFrom, needsScan, refilledPaths, consulted } = state;
  const { doneSeconds, powerLossMs } = state;
  return printKeyValues([
    ["from_seconds", fromSeconds],
    ["until_seconds", untilSeconds],
    ["clock_was", printSpans(clockWas)],
    ...(logFrom === undefined ? [] : printLogPosition(logFrom)),
    ["needs_scan", needsScan ? 1 : 0],
    ["refilled_paths", [...refilledPaths].join(",")],
    ["consulted", [...consulted].map(([id, { told, powerLossMs }]) => `${id}/${told}/${powerLossMs}`).join(",")],
    ["power_loss_ms", powerLossMs],
    ...(doneSeconds === undefined ? [] : [["done_seconds", doneSeconds] as [string, number]]),
  ]);
}

/** The state, or undefined for no text. A damaged one asks everybody for everything. */
export function parseRepairState(text: string | undefined): RepairState | undefined {
  if (text === undefined) return undefined;
  const values = parseKeyValues(text);
  return {
    fromSeconds: parseWhole(values.get("from_seconds")) ?? 0,
    untilSeconds: parseWhole(values.get("until_seconds")) ?? Number.MAX_SAFE_INTEGER,
    clockWas: parseSpans(values.get("clock_was")),
    logFrom: parseLogPosition(values),
    needsScan: values.get("needs_scan") !== "0",
    refilledPaths: parseIndexes(values.get("refilled_paths")),
    consulted: parseConsulted(values.get("consulted")),
    doneSeconds: parseWhole(values.get("done_seconds")),
    powerLossMs: parseWhole(values.get("power_loss_ms")) ?? 0,
  };
}

/** An entry that says less, as earlier versions wrote it, is left out: the member is asked again. */
function parseConsulted(text = ""): Map<string, Consulted> {
  const consulted = new Map<string, Consulted>();
  for (const entry of text.split(",")) {
    const [id = "", told, loss] = entry.split("/");
    const powerLossMs = parseWhole(loss);
    if (!isStorageId(id) || (told !== "everything" && told !== "files") || powerLossMs === undefined) continue;
    consulted.set(id, { told, powerLossMs });
  }
  return consulted;
}

function parseIndexes(text = ""): Set<number> {
  return new Set(
    text
      .split(",")
      .map(parseWhole)
      .filter((index) => index !== undefined),
  );
}
