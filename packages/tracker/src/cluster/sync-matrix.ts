// Who has what from whom, up to when: per group a matrix of source × destination, in seconds of the source's clock
// (cluster-behaviour.md §4.9). The destinations report it with command 89.

export class SyncMatrix {
  /** source id → destination id → seconds */
  private readonly rows = new Map<string, Map<string, number>>();

  /** 0 if nothing was ever reported. */
  get(sourceId: string, destinationId: string): number {
    return this.rows.get(sourceId)?.get(destinationId) ?? 0;
  }

  set(sourceId: string, destinationId: string, seconds: number): void {
    let row = this.rows.get(sourceId);
    if (row === undefined) this.rows.set(sourceId, (row = new Map<string, number>()));
    row.set(destinationId, seconds);
  }

  /** A member took a new id, its history goes with it (command 78). */
  rename(oldId: string, newId: string): void {
    this.forget(newId);
    const row = this.rows.get(oldId);
    if (row !== undefined) this.rows.set(newId, row);
    this.rows.delete(oldId);
    for (const other of this.rows.values()) {
      const seconds = other.get(oldId);
      if (seconds === undefined) continue;
      other.delete(oldId);
      other.set(newId, seconds);
    }
  }

  /** A member was removed, or starts over. */
  forget(id: string): void {
    this.rows.delete(id);
    for (const row of this.rows.values()) row.delete(id);
  }
}
