// One change at a time per file: appends, modifications, truncations, renames and metadata merges of the same file wait
// for each other, those of different files do not. Uploads and downloads take no lock.

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
}
