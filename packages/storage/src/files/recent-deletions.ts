// Names of files that were deleted here a while ago at most. Such a file may still be at the member that took it, until that
// one has heard of the deletion: it must not be fetched from there (replication/read-through.ts).

/** Twice so many names are remembered at most, about 10 MB. */
const NAMES = 50_000;

export class RecentDeletions {
  private readonly limit: number;
  private young = new Set<string>();
  private old: ReadonlySet<string> = new Set();

  constructor(limit = NAMES) {
    this.limit = limit;
  }

  note(logicalName: string): void {
    if (this.young.size >= this.limit && !this.young.has(logicalName)) {
      this.old = this.young;
      this.young = new Set();
    }
    this.young.add(logicalName);
  }

  has(logicalName: string): boolean {
    return this.young.has(logicalName) || this.old.has(logicalName);
  }
}
