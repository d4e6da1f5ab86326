// How far each source has pushed its records to this storage: the highest time of a record that was dealt with
// (cluster-behaviour.md §4.7, §4.9). Trackers are told (89) and send readers here by it. C forgets the times when it stops,
// and readers stay away until each source has pushed something again; here they are kept in a file.
//
// The file may lag behind: a time that is too low only keeps readers away for a while.
import { MAX_STORAGES_PER_GROUP, type SyncStamp } from "@fastdfs-ts/protocol";
import type { Clock, Disk, Logger, Timer } from "@fastdfs-ts/runtime";

import { StateFile } from "../formats/state-file.ts";
import { isStorageId } from "../identity.ts";

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

export class ReceivedStamps {
  private readonly file: StateFile;
  private readonly log: Logger;
  private readonly timer: Timer;
  private readonly bySource: Map<string, number>;
  private isSaved = true;

  private constructor(file: StateFile, stamps: Map<string, number>, { clock, log }: ReceivedStampsOptions) {
    this.file = file;
    this.bySource = stamps;
    this.log = log;
    this.timer = clock.every(SAVE_MS, () => void this.save());
  }

  /** Reads what an earlier process knew. What cannot be read counts as nothing: it will be learned again. */
  static open(options: ReceivedStampsOptions): ReceivedStamps {
    const file = new StateFile(options.disk, `${options.basePath}/data/.received_stamps`);
    const { stamps, unreadable } = parseStamps(file.read() ?? "");
    if (unreadable > 0) options.log.warn("received-stamps.unreadable", { path: file.path, lines: unreadable });
    return new ReceivedStamps(file, stamps, options);
  }

  /** A record of `source` was dealt with. Takes no lower time than before. */
  note(source: string, seconds: number): void {
    const known = this.bySource.get(source);
    if (known !== undefined && known >= seconds) return;
    if (known === undefined && this.bySource.size >= MAX_STORAGES_PER_GROUP) this.forgetOldest();
    this.bySource.set(source, seconds);
    this.isSaved = false;
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
    if (this.isSaved) return;
    this.isSaved = true;
    try {
      await this.file.replaceInBackground(printStamps(this.bySource));
    } catch (error) {
      this.isSaved = false;
      this.log.error("received-stamps.save-failed", { path: this.file.path, error });
    }
  }
}

/** One line per source: its id, the Unix time. */
function printStamps(stamps: ReadonlyMap<string, number>): string {
  return [...stamps].map(([source, seconds]) => `${source} ${seconds}\n`).join("");
}

function parseStamps(text: string): { readonly stamps: Map<string, number>; readonly unreadable: number } {
  const stamps = new Map<string, number>();
  const lines = text.split("\n").filter((line) => line !== "");
  let unreadable = 0;
  for (const line of lines) {
    const [source = "", seconds = "", ...rest] = line.split(" ");
    const isStamp = rest.length === 0 && isStorageId(source) && /^\d{1,10}$/.test(seconds);
    if (isStamp && Number(seconds) <= MAX_SECONDS && stamps.size < MAX_STORAGES_PER_GROUP) {
      stamps.set(source, Number(seconds));
    } else unreadable++;
  }
  return { stamps, unreadable };
}
