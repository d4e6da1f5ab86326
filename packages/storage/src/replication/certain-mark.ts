// How far a peer has taken our log with everything on its disk for certain. A mark tells what the peer has confirmed, and that
// may be in its memory only: a peer that lost its power is fed again from here. Records that it kept are answered "there
// already". The place is in a file beside the mark, because this storage may have been started anew meanwhile.
import type { Clock, Disk, Logger } from "@fastdfs-ts/runtime";

import { type BinlogPosition, comparePositions } from "../binlog/binlog-position.ts";
import { parseKeyValues, parseWhole, printKeyValues } from "../formats/key-values.ts";
import { StateFile } from "../formats/state-file.ts";
import { WrittenBack } from "../store/written-back.ts";

export interface CertainMarkOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Logger;
  /** Of the mark. */
  readonly markPath: string;
}

export class CertainMark {
  private readonly options: CertainMarkOptions;
  private readonly file: StateFile;
  private confirmed: WrittenBack<BinlogPosition> | undefined;
  /** When the peer last found that it had lost its power, as it told us; undefined before it has. */
  private powerLossMs: number | undefined;

  constructor(options: CertainMarkOptions) {
    this.options = options;
    // An older text sends the peer more than it needs.
    this.file = new StateFile(options.disk, certainMarkPath(options.markPath), { mayComeBack: true });
  }

  /** Undefined before `begin`. */
  get position(): BinlogPosition | undefined {
    return this.confirmed?.certain;
  }

  /** The peer is fed from `start`: by its mark, or, if it `isNew`, as one that has nothing yet. Throws FdfsError. */
  begin(start: BinlogPosition, isNew: boolean): void {
    const found = isNew ? undefined : parseCertainMark(this.file.read() ?? "");
    this.powerLossMs = found?.powerLossMs;
    const isBehind = found !== undefined && comparePositions(found.position, start) < 0;
    this.confirmed = new WrittenBack(isBehind ? found.position : start, this.options.clock.monotonic());
  }

  /** The peer answered, and has confirmed everything before `position`. */
  note(position: BinlogPosition): void {
    if (this.confirmed?.note(position, this.options.clock.monotonic()) === true) void this.save();
  }

  /** Where the peer has to be fed from, as it says now when it last lost its power; undefined: where it was. */
  whereToGoBack(powerLossMs: number): BinlogPosition | undefined {
    return this.powerLossMs !== undefined && this.powerLossMs !== powerLossMs ? this.position : undefined;
  }

  /** The peer is fed from where it has to be. Trouble with the disk is logged: then it may be fed once more. */
  async noteFed(powerLossMs: number): Promise<void> {
    if (this.powerLossMs === powerLossMs) return;
    this.powerLossMs = powerLossMs;
    await this.save();
  }

  private async save(): Promise<void> {
    const { position, powerLossMs } = this;
    if (position === undefined || powerLossMs === undefined) return;
    try {
      await this.file.replaceInBackground(printCertainMark({ position, powerLossMs }));
    } catch (error) {
      this.options.log.warn("replication.certain-mark-not-saved", { path: this.file.path, error });
    }
  }
}

/** Beside the mark. */
function certainMarkPath(markPath: string): string {
  return `${markPath}.certain`;
}

interface CertainMarkFile {
  readonly position: BinlogPosition;
  readonly powerLossMs: number;
}

function printCertainMark({ position: { part, offset }, powerLossMs }: CertainMarkFile): string {
  return printKeyValues([
    ["binlog_index", part],
    ["binlog_offset", offset],
    ["peer_power_loss_ms", powerLossMs],
  ]);
}

function parseCertainMark(text: string): CertainMarkFile | undefined {
  const values = parseKeyValues(text);
  const [part, offset, powerLossMs] = ["binlog_index", "binlog_offset", "peer_power_loss_ms"].map((key) =>
    parseWhole(values.get(key)),
  );
  if (part === undefined || offset === undefined || powerLossMs === undefined) return undefined;
  return part < 0 || offset < 0 ? undefined : { position: { part, offset }, powerLossMs };
}
