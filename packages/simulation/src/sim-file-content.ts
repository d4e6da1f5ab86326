// The bytes of a simulated file, and which of them would survive a power cut. Content lies in pages; the first change of a
// page after a sync keeps the page as it was, so that a crash can bring it back, or tear it.
import type { Prng } from "./prng.ts";

export const pageBytes = 4096;
/** What is older than this has been written back by the kernel without being asked (dirty_expire_centisecs of Linux). */
export const writeBackMs = 30_000;
/** A disk writes whole sectors; a power cut tears a page between two of them. */
const sectorBytes = 512;

/** What changed between two syncs, or in a few seconds. */
interface Generation {
  /** Virtual time of the first change. */
  readonly sinceMs: number;
  /** Virtual time of the last change. */
  untilMs: number;
  /** Pages as they were before; `undefined` where there was none. */
  readonly before: Map<number, Buffer | undefined>;
  readonly sizeBefore: number;
}

/** So long a file's changes are counted as one when it comes to what the kernel has written back. */
const generationMs = 5000;

/** Counts pages. `take` throws ENOSPC when none is left. */
export interface PageBudget {
  take(): void;
  give(): void;
}

export class SimFileContent {
  readonly #budget: PageBudget;
  readonly #pages = new Map<number, Buffer>();
  #sizeBytes = 0;
  /** Not known to be on the disk, oldest first. The last one is being written; the others are being synced. */
  #generations: [...Generation[], Generation];
  #changes = 0;
  readonly #nowMs: () => number;

  /** `nowMs`: virtual time. */
  constructor(budget: PageBudget, nowMs: () => number) {
    this.#budget = budget;
    this.#nowMs = nowMs;
    this.#generations = [this.#newGeneration()];
  }

  /** Advances with every change. */
  get version(): number {
    return this.#changes;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get pageCount(): number {
    return this.#pages.size;
  }

  read(into: Uint8Array, offset: number, length: number, position: number): number {
    const wanted = Math.max(0, Math.min(length, this.#sizeBytes - position));
    for (let done = 0; done < wanted;) {
      const at = position + done;
      const start = at % pageBytes;
      const count = Math.min(wanted - done, pageBytes - start);
      const page = this.#pages.get(Math.floor(at / pageBytes));
      if (page) into.set(page.subarray(start, start + count), offset + done);
      else into.fill(0, offset + done, offset + done + count);
      done += count;
    }
    return wanted;
  }

  /** Throws ENOSPC when the disk is full; the pages before stay written. */
  write(from: Uint8Array, offset: number, length: number, position: number): void {
    this.#noteChange();
    for (let done = 0; done < length;) {
      const at = position + done;
      const start = at % pageBytes;
      const count = Math.min(length - done, pageBytes - start);
      this.#pageForChange(Math.floor(at / pageBytes)).set(from.subarray(offset + done, offset + done + count), start);
      done += count;
      this.#sizeBytes = Math.max(this.#sizeBytes, at + count);
    }
  }

  truncate(sizeBytes: number): void {
    this.#noteChange();
    if (sizeBytes < this.#sizeBytes) this.#cut(sizeBytes, (index) => this.#drop(index));
    this.#sizeBytes = sizeBytes;
  }

  /** Begins to bring what was written so far to the disk. Call the answer when it is there. */
  beginSync(): () => void {
    const syncing = this.#generations.at(-1)!;
    this.#generations.push(this.#newGeneration());
    return () => {
      const index = this.#generations.indexOf(syncing);
      if (index >= 0) this.#generations.splice(0, index + 1);
    };
  }

  /** What was last changed before `durableMs` is taken to be on the disk: the kernel has written it back. */
  writeBack(durableMs: number): void {
    const last = this.#generations.at(-1)!;
    while (this.#generations.length > 1 && this.#generations[0].untilMs < durableMs) this.#generations.shift();
    if (this.#generations[0] === last && last.untilMs < durableMs) {
      this.#generations = [this.#newGeneration()];
    }
  }

  /** The power fails: each page that was not synced is as before, as now, or torn; the size is one it has had since. */
  losePower(random: Prng): void {
    this.#changes++;
    const dirty = new Set(this.#generations.flatMap(({ before }) => [...before.keys()]));
    for (const index of [...dirty].sort((a, b) => a - b)) {
      const versions = this.#generations
        .filter(({ before }) => before.has(index))
        .map(({ before }) => before.get(index));
      versions.push(this.#pages.get(index));
      const survivor = tear(random.pick(versions), random.pick(versions), random);
      if (survivor) this.#pages.set(index, survivor);
      else this.#pages.delete(index);
    }
    const sizes = [...this.#generations.map(({ sizeBefore }) => sizeBefore), this.#sizeBytes];
    const size = random.pick(sizes);
    // Space is counted afresh after a power cut, so the budget is not told.
    this.#cut(size, (index) => this.#pages.delete(index));
    this.#sizeBytes = size;
    this.#generations = [this.#newGeneration()];
  }

  #newGeneration(): Generation {
    const nowMs = this.#nowMs();
    return { before: new Map(), sizeBefore: this.#sizeBytes, sinceMs: nowMs, untilMs: nowMs };
  }

  #noteChange(): void {
    this.#changes++;
    const nowMs = this.#nowMs();
    if (nowMs - this.#generations.at(-1)!.sinceMs > generationMs) {
      this.#generations.push(this.#newGeneration());
      this.writeBack(nowMs - writeBackMs);
    }
    this.#generations.at(-1)!.untilMs = nowMs;
  }

  /** Nothing of what lies behind `sizeBytes` may show up when the file grows again. */
  #cut(sizeBytes: number, drop: (index: number) => void): void {
    const lastPage = Math.floor(sizeBytes / pageBytes);
    const tail = sizeBytes % pageBytes;
    const firstDropped = tail === 0 ? lastPage : lastPage + 1;
    for (const index of [...this.#pages.keys()]) if (index >= firstDropped) drop(index);
    if (tail > 0 && this.#pages.has(lastPage)) this.#pageForChange(lastPage).fill(0, tail);
  }

  #pageForChange(index: number): Buffer {
    const { before } = this.#generations.at(-1)!;
    const page = this.#pages.get(index);
    if (page && before.has(index)) return page;
    if (!page) this.#budget.take();
    if (!before.has(index)) before.set(index, page);
    const fresh = page ? Buffer.from(page) : Buffer.alloc(pageBytes);
    this.#pages.set(index, fresh);
    return fresh;
  }

  #drop(index: number): void {
    const { before } = this.#generations.at(-1)!;
    if (!before.has(index)) before.set(index, this.#pages.get(index));
    if (this.#pages.delete(index)) this.#budget.give();
  }
}

function tear(head: Buffer | undefined, tail: Buffer | undefined, random: Prng): Buffer | undefined {
  if (head === tail) return head;
  const page = tail ? Buffer.from(tail) : Buffer.alloc(pageBytes);
  const sectors = random.below(pageBytes / sectorBytes + 1);
  page.fill(0, 0, sectors * sectorBytes);
  head?.copy(page, 0, 0, sectors * sectorBytes);
  return page;
}
