// How far each source has pushed its records to this storage: the highest time of a record that was dealt with
// (cluster-behaviour.md §4.7, §4.9). Trackers are told (89) and send readers here by it. C forgets the times when it stops,
// and readers stay away until each source has pushed something again; here they are kept in a file.
//
// The file may lag behind: a time that is too low only keeps readers away for a while. It must not be ahead of the files,
// though: after a power cut the times are taken back to those of which all files were certain to be on the disk.
import { MAX_STORAGES_PER_GROUP, type SyncStamp } from "@fastdfs-ts/protocol";
import type { Clock, Disk, Logger, Timer } from "@fastdfs-ts/runtime";

import { StateFile } from "../formats/state-file.ts";
import { isStorageId } from "../identity.ts";
import { WrittenBack } from "../store/written-back.ts";

/** Written at most this often, and when the storage stops. */
const SAVE_MS = 30_000;
/** The time in a record has 32 bits with a sign. */
const MAX_SECONDS = 2 ** 31 - 1;

interface ReceivedStampsOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Logger;
  readonly basePath: string;
}

/** By source: Unix times. */
type Stamps = ReadonlyMap<string, number>;

export class ReceivedStamps {
  private readonly file: StateFile;
  private readonly log: Logger;
  private readonly clock: Clock;
  private readonly timer: Timer;
  private readonly bySource: Map<string, number>;
  private readonly writtenBack: WrittenBack<Stamps>;
  private savedText: string;

  private constructor(file: StateFile, { received, certain }: FoundStamps, { clock, log }: ReceivedStampsOptions) {
    this.file = file;
    this.bySource = received;
    this.savedText = printStamps(received, certain);
    this.writtenBack = new WrittenBack<Stamps>(certain, clock.monotonic());
    this.log = log;
    this.clock = clock;
    this.timer = clock.every(SAVE_MS, () => void this.save());
  }

  /** Reads what an earlier process knew. What cannot be read counts as nothing: it will be learned again. */
  static open(options: ReceivedStampsOptions): ReceivedStamps {
    const file = fileOf(options);
    const found = parseStamps(file.read() ?? "");
    const { unreadable } = found;
    if (unreadable > 0) options.log.warn("received-stamps.unreadable", { path: file.path, lines: unreadable });
    return new ReceivedStamps(file, found, options);
  }

  /** A record of `source` was dealt with. Takes no lower time than before. */
  note(source: string, seconds: number): void {
    const known = this.bySource.get(source);
    if (known !== undefined && known >= seconds) return;
    if (known === undefined && this.bySource.size >= MAX_STORAGES_PER_GROUP) this.forgetOldest();
    this.bySource.set(source, seconds);
  }

  /** Unix time of the source's latest record that is here; 0 if there is none. */
  get(source: string): number {
    return this.bySource.get(source) ?? 0;
  }

  /** What trackers are told; undefined as long as nothing was received. */
  stamps(): readonly SyncStamp[] | undefined {
    if (this.bySource.size === 0) return undefined;
    return [...this.bySource].map(([sourceStorageId, untilSeconds]) => ({ sourceStorageId, untilSeconds }));
  }

  /** Saves for the last time. May be called twice. */
  async close(): Promise<void> {
    this.timer.cancel();
    await this.save();
  }

  /** More sources than a group can have: members came and went. The one with the lowest time is gone for longest. */
  private forgetOldest(): void {
    const [oldest] = [...this.bySource].reduce((a, b) => (b[1] < a[1] ? b : a));
    this.bySource.delete(oldest);
  }

  private async save(): Promise<void> {
    this.writtenBack.note(new Map(this.bySource), this.clock.monotonic());
    const text = printStamps(this.bySource, this.writtenBack.certain);
    if (text === this.savedText) return;
    const before = this.savedText;
    this.savedText = text;
    try {
      await this.file.replaceInBackground(text);
    } catch (error) {
      this.savedText = before;
      this.log.error("received-stamps.save-failed", { path: this.file.path, error });
    }
  }
}

/**
 * The machine lost its power: what came last may be gone. Call it before the new process counts as running. Throws FdfsError
 * if the file cannot be replaced.
 */
export function takeStampsBack(disk: Disk, basePath: string): void {
  const file = fileOf({ disk, basePath });
  const text = file.read();
  if (text === undefined) return;
  const { certain } = parseStamps(text);
  file.replace(printStamps(certain, certain));
}

function fileOf({ disk, basePath }: Pick<ReceivedStampsOptions, "disk" | "basePath">): StateFile {
  return new StateFile(disk, `${basePath}/data/.received_stamps`);
}

/** One line per source: its id, its time, and the time that is certain, 0 if none is. */
function printStamps(received: Stamps, certain: Stamps): string {
  return [...received].map(([source, seconds]) => `${source} ${seconds} ${certain.get(source) ?? 0}\n`).join("");
}

interface FoundStamps {
  readonly received: Map<string, number>;
  readonly certain: Stamps;
}

function parseStamps(text: string): FoundStamps & { readonly unreadable: number } {
  const received = new Map<string, number>();
  const certain = new Map<string, number>();
  const lines = text.split("\n").filter((line) => line !== "");
  let unreadable = 0;
  for (const line of lines) {
    const [source = "", ...times] = line.split(" ");
    const [latest = 0, written = 0] = times.map((time) => (/^\d{1,10}$/.test(time) ? Number(time) : Infinity));
    const isStamp = times.length === 2 && isStorageId(source) && written <= latest && latest <= MAX_SECONDS;
    if (isStamp && received.size < MAX_STORAGES_PER_GROUP) {
      received.set(source, latest);
      if (written > 0) certain.set(source, written);
    } else unreadable++;
  }
  return { received, certain, unreadable };
}
