// The names that were noted last, with a time each: at least so many as the limit says, and at most twice as many.

export class RecentNames {
  private readonly limit: number;
  private young = new Map<string, number>();
  private old = new Map<string, number>();

  constructor(limit: number) {
    this.limit = limit;
  }

  get(name: string): number | undefined {
    return this.young.get(name) ?? this.old.get(name);
  }

  /** Makes it the youngest. */
  set(name: string, seconds: number): void {
    if (this.young.size >= this.limit && !this.young.has(name)) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(name, seconds);
  }

  delete(name: string): void {
    this.young.delete(name);
    this.old.delete(name);
  }
}
