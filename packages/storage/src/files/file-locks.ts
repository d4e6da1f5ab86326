// One change at a time per file: appends, modifications, truncations, renames and metadata merges of the same file wait
// for each other, those of different files do not; so do changes that a peer pushes. Uploads and downloads take no lock.
import type { Awaitable } from "../store/awaitable.ts";

export class FileLocks {
  private readonly tails = new Map<string, Promise<unknown>>();

  /**
   * Runs `change` when all earlier changes of `key` have ended, however they ended. A change of a free file that is done
   * at once costs no promise.
   */
  run<T>(key: string, change: () => Awaitable<T>): Awaitable<T> {
    const before = this.tails.get(key);
    const mine = before === undefined ? change() : before.then(change, change);
    if (!(mine instanceof Promise)) return mine;
    const leave = () => {
      if (this.tails.get(key) === mine) this.tails.delete(key);
    };
    this.tails.set(key, mine);
    mine.then(leave, leave);
    return mine;
  }
}
