// Who has what from whom, up to when: per group a matrix of source × destination, in seconds of the source's clock
// (cluster-behaviour.md §4.9). An entry means: of this source the destination has every change before this second, itself
// not included, because several changes can share a second. Asked for every download, so it is a plain array.
import { MAX_STORAGES_PER_GROUP } from "@fastdfs-ts/protocol";

const WIDTH = MAX_STORAGES_PER_GROUP;

export class SyncMatrix {
  private readonly stamps = new Float64Array(WIDTH * WIDTH);

  /** Entry by the slots of two members; 0 if nothing was ever reported. */
  get(sourceSlot: number, destinationSlot: number): number {
    return this.stamps[sourceSlot * WIDTH + destinationSlot]!;
  }

  /** What was once complete stays complete, so a lower report changes nothing. */
  raise(sourceSlot: number, destinationSlot: number, seconds: number): void {
    const at = sourceSlot * WIDTH + destinationSlot;
    if (seconds > this.stamps[at]!) this.stamps[at] = seconds;
  }

  /** The member in this slot has nothing of anybody: it is being filled anew. */
  forgetDestination(slot: number): void {
    for (let source = 0; source < WIDTH; source++) this.stamps[source * WIDTH + slot] = 0;
  }

  /** The member in this slot was removed, or the slot gets another one. */
  forget(slot: number): void {
    this.stamps.fill(0, slot * WIDTH, (slot + 1) * WIDTH);
    this.forgetDestination(slot);
  }
}
