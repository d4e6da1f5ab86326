// The repair that a storage still owes its group, on the disk until it is done: for which time its memory is uncertain, and
// which members have told what they know of it. Their logs lie beside it.
import type { Disk } from "@fastdfs-ts/runtime";

import { type BinlogPosition, comparePositions } from "../binlog/binlog-position.ts";
import { parseKeyValues, parseWhole, printKeyValues } from "../formats/key-values.ts";
import { StateFile } from "../formats/state-file.ts";
import { isStorageId } from "../identity.ts";
import { parseLogPosition, printLogPosition } from "./running-file.ts";

/** Unix times, both included. */
export interface UncertainTime {
  readonly fromSeconds: number;
  readonly untilSeconds: number;
  /** What our log says from here on was done in that time, whatever time it gives. */
  readonly logFrom?: BinlogPosition | undefined;
}

export interface RepairState extends UncertainTime {
  /** Whether files of that time may be damaged and have not all been looked at. */
  readonly needsScan: boolean;
  /** Members whose logs were fetched, and whether they told everything (123) or only what exists (26). */
  readonly consulted: ReadonlyMap<string, "everything" | "files">;
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
    return this.current;
  }

  /** One more time of which the memory is uncertain. Who was consulted before is asked again. */
  require(time: UncertainTime, needsScan: boolean): void {
    const before = this.current;
    this.removeLogs();
    this.save({
      fromSeconds: Math.min(time.fromSeconds, before?.fromSeconds ?? Infinity),
      untilSeconds: Math.max(time.untilSeconds, before?.untilSeconds ?? 0),
      logFrom: earlier(time.logFrom, before?.logFrom),
      needsScan: needsScan || before?.needsScan === true,
      consulted: new Map(),
    });
  }

  noteScanned(): void {
    if (this.current !== undefined) this.save({ ...this.current, needsScan: false });
  }

  /** The log of a member is complete at `logPath`. */
  noteConsulted(storageId: string, told: "everything" | "files"): void {
    if (this.current === undefined) return;
    this.disk.syncDirectory(this.folder);
    this.save({ ...this.current, consulted: new Map([...this.current.consulted, [storageId, told]]) });
  }

  /** Where the log of a member (or our own, as "own") is kept. */
  logPath(storageId: string): string {
    return `${this.folder}/.repair.${storageId}.log`;
  }

  /** Nothing is owed any more. */
  done(): void {
    this.removeLogs();
    this.disk.unlink(this.file.path);
    this.disk.syncDirectory(this.folder);
    this.current = undefined;
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
  const { fromSeconds, untilSeconds, logFrom, needsScan, consulted } = state;
  return printKeyValues([
    ["from_seconds", fromSeconds],
    ["until_seconds", untilSeconds],
    ...(logFrom === undefined ? [] : printLogPosition(logFrom)),
    ["needs_scan", needsScan ? 1 : 0],
    ["consulted", [...consulted].map(([id, told]) => `${id}/${told}`).join(",")],
  ]);
}

/** The state, or undefined for no text. A damaged one asks everybody for everything. */
export function parseRepairState(text: string | undefined): RepairState | undefined {
  if (text === undefined) return undefined;
  const values = parseKeyValues(text);
  const consulted = (values.get("consulted") ?? "")
    .split(",")
    .map((entry) => entry.split("/"))
    .filter((entry): entry is [string, "everything" | "files"] => {
      const [id, told] = entry;
      return isStorageId(id ?? "") && (told === "everything" || told === "files");
    });
  return {
    fromSeconds: parseWhole(values.get("from_seconds")) ?? 0,
    untilSeconds: parseWhole(values.get("until_seconds")) ?? Number.MAX_SAFE_INTEGER,
    logFrom: parseLogPosition(values),
    needsScan: values.get("needs_scan") !== "0",
    consulted: new Map(consulted),
  };
}
