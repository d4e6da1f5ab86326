// Did the machine go down under the last process? While a storage runs, a small file says so, with the boot of the machine
// and a time that is renewed now and then; an orderly end removes it. A start that finds it from another boot knows that
// what was written shortly before that time may never have reached the disk (docs/decisions/0009-power-loss.md).
import type { Clock, Disk, Logger, Timer } from "@fastdfs-ts/runtime";

import type { BinlogPosition } from "../binlog/binlog-position.ts";
import { parseKeyValues, parseWhole, printKeyValues } from "../formats/key-values.ts";
import { StateFile } from "../formats/state-file.ts";
import { WRITE_BACK_SECONDS, WrittenBack } from "../store/written-back.ts";
import { ClockWatch } from "./clock-watch.ts";
import { joinSpans, parseSpans, printSpans, type TimeSpan } from "./time-spans.ts";

/** How often the time is renewed. */
export const ALIVE_MS = 30_000;
/** How often it is looked whether the clock was set. */
const CLOCK_LOOK_MS = 1000;

/**
 * ended   in order, or there was none
 * killed  the kernel went on and kept everything that was written
 * dark    the machine may have gone down: what was written after about `aliveSeconds` may be lost or torn
 *
 * What our log says before `logFrom` was done long before. The clock was set if it showed other times before (`clockWas`).
 */
export type LastLife =
  | { readonly kind: "ended" }
  | { readonly kind: "killed"; readonly logFrom: BinlogPosition | undefined; readonly clockWas: readonly TimeSpan[] }
  | {
      readonly kind: "dark";
      readonly aliveSeconds: number;
      readonly logFrom: BinlogPosition | undefined;
      readonly clockWas: readonly TimeSpan[];
    };

/** What the text of the file says of the last life. A damaged one is of a start that was cut short. */
export function lastLife(text: string | undefined, bootId: string | undefined): LastLife {
  if (text === undefined) return { kind: "ended" };
  const values = parseKeyValues(text);
  const logFrom = parseLogPosition(values);
  const clockWas = parseSpans(values.get("clock_was"));
  const aliveSeconds = parseWhole(values.get("alive_seconds"));
  if (aliveSeconds === undefined) return { kind: "killed", logFrom, clockWas };
  if (bootId === undefined || values.get("boot_id") !== bootId)
    return { kind: "dark", aliveSeconds, logFrom, clockWas };
  // It may have been set since.
  const fromSeconds = Math.max(0, aliveSeconds - WRITE_BACK_SECONDS);
  const last = { fromSeconds, untilSeconds: aliveSeconds + ALIVE_MS / 1000 };
  return { kind: "killed", logFrom, clockWas: joinSpans([...clockWas, last]) };
}

/** A process that counts as running. */
export class RunningFile {
  private readonly file: StateFile;
  private readonly options: RunningFileOptions;
  private readonly timers: Timer[] = [];
  private readonly clockWatch: ClockWatch;
  /** What a killed process wrote last is no more certain than what this one writes first. */
  private readonly inherited: BinlogPosition | undefined;
  private log: { readonly end: () => BinlogPosition; readonly ends: WrittenBack<BinlogPosition> } | undefined;

  private constructor(file: StateFile, options: RunningFileOptions) {
    this.file = file;
    this.options = options;
    const before = lastLife(file.read(), options.bootId);
    this.inherited = before.kind === "killed" ? before.logFrom : undefined;
    this.clockWatch = new ClockWatch(options.clock, before.kind === "killed" ? before.clockWas : []);
  }

  /** What became of the process that ran before; changes nothing. Throws FdfsError if that cannot be read. */
  static lastLife({ disk, basePath, bootId }: Pick<RunningFileOptions, "disk" | "basePath" | "bootId">): LastLife {
    return lastLife(fileOf(disk, basePath).read(), bootId);
  }

  /** From now on this process counts as running. Call it when what follows from the last life is written down. */
  static begin(options: RunningFileOptions): RunningFile {
    const running = new RunningFile(fileOf(options.disk, options.basePath), options);
    running.file.replace(running.text());
    const { clock } = options;
    running.timers.push(
      clock.every(ALIVE_MS, () => running.renew()),
      clock.every(CLOCK_LOOK_MS, () => {
        if (running.clockWatch.look()) running.renew();
      }),
    );
    return running;
  }

  /** The log is open: from now on its end is remembered with the time. */
  watchLog(end: () => BinlogPosition): void {
    this.log = { end, ends: new WrittenBack(this.inherited ?? end(), this.options.clock.monotonic()) };
    this.renew();
  }

  /** An orderly end. */
  end(): void {
    for (const timer of this.timers) timer.cancel();
    this.options.disk.unlink(this.file.path);
  }

  private renew(): void {
    this.log?.ends.note(this.log.end(), this.options.clock.monotonic());
    // What cannot be renewed says less than it could, not something wrong.
    this.file
      .replaceInBackground(this.text())
      .catch((error: unknown) => this.options.log.warn("running-file.failed", { error }));
  }

  private text(): string {
    const { clock, bootId } = this.options;
    const logFrom = this.log?.ends.certain ?? this.inherited;
    const clockWas = printSpans(this.clockWatch.clockWas);
    return printKeyValues([
      ["boot_id", bootId ?? "unknown"],
      ["alive_seconds", Math.floor(clock.now() / 1000)],
      ...(clockWas === "" ? [] : [["clock_was", clockWas] as const]),
      ...(logFrom === undefined ? [] : printLogPosition(logFrom)),
    ]);
  }
}

export interface RunningFileOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Logger;
  readonly basePath: string;
  readonly bootId: string | undefined;
}

function fileOf(disk: Disk, basePath: string): StateFile {
  return new StateFile(disk, `${basePath}/data/.running`);
}

/** The two lines of a place in our log. */
export function printLogPosition({ part, offset }: BinlogPosition): [string, number][] {
  return [
    ["log_part", part],
    ["log_offset", offset],
  ];
}

/** Undefined if the lines are not there. */
export function parseLogPosition(values: ReadonlyMap<string, string>): BinlogPosition | undefined {
  const part = parseWhole(values.get("log_part"));
  const offset = parseWhole(values.get("log_offset"));
  return part === undefined || offset === undefined || part < 0 || offset < 0 ? undefined : { part, offset };
}
