// What a value was when everything that had been written by then was on the disk: kernels write back what is not synced
// only after a while, and a power cut takes the rest.

/** What was written so long ago is on the disk: four times what kernels take by default. */
export const WRITE_BACK_SECONDS = 120;
/** Values are remembered at most this often, so a handful of them at a time. */
const NOTE_MS = 30_000;

export class WrittenBack<T> {
  /** The oldest first, which is the certain one. */
  private readonly entries: { readonly atMs: number; readonly value: T }[];

  /** `certain` is a value of which that is known. Times are monotonic milliseconds. */
  constructor(certain: T, nowMs: number) {
    this.entries = [{ atMs: nowMs, value: certain }];
  }

  /** What was true at `nowMs`. Call it as often as you like. Tells whether another value is certain now. */
  note(value: T, nowMs: number): boolean {
    const { entries } = this;
    if (entries.length > 1 && nowMs - entries.at(-1)!.atMs < NOTE_MS) return false;
    entries.push({ atMs: nowMs, value });
    const certain = entries.findLastIndex(({ atMs }) => nowMs - atMs >= WRITE_BACK_SECONDS * 1000);
    entries.splice(0, Math.max(0, certain));
    return certain > 0;
  }

  get certain(): T {
    return this.entries[0]!.value;
  }
}
