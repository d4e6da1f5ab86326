// One change at a time per file: appends, modifications, truncations, renames and metadata merges of the same file wait
// for each other, those of different files do not. Downloads take no lock; an upload holds that of its new name only where
// the disk keeps it waiting between log and rename, so that replication does not take the file for a deleted one.
import type { Awaitable } from "../store/awaitable.ts";

export class FileLocks {
  private readonly tails = new Map<string, Promise<unknown>>();

  /** Runs `change` when all earlier changes of `key` have ended, however they ended. */
  async run<T>(key: string, change: () => Promise<T>): Promise<T> {
    const before = this.tails.get(key);
    const mine = before === undefined ? change() : before.then(change, change);
    this.tails.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.tails.get(key) === mine) this.tails.delete(key);
    }
  }

  /** Whether nobody is at it now. */
  isFree(key: string): boolean {
    return !this.tails.has(key);
  }

  /** As `run`, in this turn if nobody else is at it; then the lock is held for as long as `work` makes wait. */
  soon<T>(key: string, work: () => Awaitable<T>): Awaitable<T> {
    if (this.tails.has(key)) return this.run(key, async () => work());
    const result = work();
    return result instanceof Promise ? this.run(key, () => result) : result;
  }
}
