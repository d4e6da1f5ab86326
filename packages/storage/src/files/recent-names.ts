// The names that were noted last, with something about each: at least so many as the limit says, and at most twice as many.

export class RecentNames<Value = number> {
  private readonly limit: number;
  private young = new Map<string, Value>();
  private old = new Map<string, Value>();

  constructor(limit: number) {
    this.limit = limit;
  }

  get(name: string): Value | undefined {
    return this.young.get(name) ?? this.old.get(name);
  }

  /** Makes it the youngest. */
  set(name: string, value: Value): void {
    // A map keeps the place of what it has already.
    this.young.delete(name);
    if (this.young.size >= this.limit) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(name, value);
  }

  /** At most `count` of them, the youngest last. */
  youngest(count: number): string[] {
    const young = [...this.young.keys()].slice(-count);
    const old = [...this.old.keys()].filter((name) => !this.young.has(name));
    return [...old.slice(Math.max(0, old.length - (count - young.length))), ...young];
  }

  delete(name: string): void {
    this.young.delete(name);
    this.old.delete(name);
  }
}
