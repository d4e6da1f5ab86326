// The last records of the log in memory, with the contents of small new files, for those who push them to other members
// at once: reading the line again, and opening, reading and closing each file, would cost a sender more than all the rest.
// Nothing is kept while nobody follows the log. What is not here any more is read from the disk (log-follower.ts).
import { type BinlogPosition, comparePositions } from "./binlog-position.ts";
import type { BinlogRecord } from "./binlog-record.ts";
import { ContentRing, type KeptContent } from "./content-ring.ts";

/** Fifty milliseconds of 20,000 uploads per second; those who follow are behind by ten. More would cost the garbage collector. */
const RECORDS_MAX = 1024;
const CONTENTS_BYTES = 4 * 1024 * 1024;

export interface TailRecord {
  readonly kind: "record";
  readonly at: BinlogPosition;
  /** Where the next line begins. */
  readonly after: BinlogPosition;
  readonly record: BinlogRecord;
  /** For `content`. Only of files that never change under their name. */
  content: KeptContent | undefined;
}

export class LogTail {
  private readonly recordsMax: number;
  private followers = 0;
  /** The last ones, each at its number modulo `recordsMax`. */
  private records: TailRecord[] = [];
  /** Records that were ever noted: the number of the next one. */
  private count = 0;
  private readonly contents: ContentRing;

  constructor(recordsMax = RECORDS_MAX, contentsBytes = CONTENTS_BYTES) {
    this.recordsMax = recordsMax;
    this.contents = new ContentRing(contentsBytes);
  }

  /** Records are kept from now on. Returns how to follow no more; that may be called twice. */
  follow(): () => void {
    this.followers++;
    let isFollowing = true;
    return () => {
      if (isFollowing && --this.followers === 0) this.forgetAll();
      isFollowing = false;
    };
  }

  get isFollowed(): boolean {
    return this.followers > 0;
  }

  /** A record was written to the log. */
  note(at: BinlogPosition, after: BinlogPosition, record: BinlogRecord): void {
    this.records[this.count++ % this.recordsMax] = { kind: "record", at, after, record, content: undefined };
  }

  /** The file of the record that was written last has its name, and this content for ever. Copies it. */
  keepContent(logicalName: string, content: Uint8Array): void {
    const last = this.record(this.count - 1);
    if (last?.record.logicalName === logicalName) last.content = this.contents.keep(content);
  }

  /** The content, as long as it is here; valid for this turn. */
  content(kept: KeptContent): Buffer | undefined {
    return this.contents.read(kept);
  }

  /** The record with this number, if it is here. */
  record(number: number): TailRecord | undefined {
    return number >= this.firstNumber && number < this.count ? this.records[number % this.recordsMax] : undefined;
  }

  /** The number of the record that begins at `position`, if it is here. */
  numberAt(position: BinlogPosition): number | undefined {
    let low = this.firstNumber;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (comparePositions(this.record(middle)!.at, position) < 0) low = middle + 1;
      else high = middle;
    }
    const found = this.record(low);
    return found !== undefined && comparePositions(found.at, position) === 0 ? low : undefined;
  }

  private get firstNumber(): number {
    return this.count - this.records.length;
  }

  private forgetAll(): void {
    this.records = [];
    this.count = 0;
    this.contents.forgetAll();
  }
}
