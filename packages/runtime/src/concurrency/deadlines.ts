// Many deadlines on one timer. A server holds a deadline per connection and moves it on with every chunk, so adding,
// refreshing and cancelling are O(1), and refreshing only writes a number.
//
// It is a wheel of time slots. A deadline sits in the slot in which it would expire if nobody refreshed it; when the
// wheel reaches that slot, a deadline that was refreshed meanwhile moves on to its new slot, and the others expire.
import { invariant } from "../invariant.ts";
import type { Clock, Timer } from "../ports/clock.ts";

export interface Deadline {
  /** Never calls `onExpired`. Does nothing if it already ran. */
  cancel(): void;
  /** Starts the wait afresh, with another length if one is given. Does nothing after it ran or was cancelled. */
  refresh(delayMs?: number): void;
}

/** Deadlines further away than the wheel reaches are looked at once per turn of the wheel. */
const slotCount = 256;

/** A ring of deadlines; the ring's head is a node that is no deadline. */
class Node {
  before: Node = this;
  after: Node = this;

  unlink(): void {
    this.before.after = this.after;
    this.after.before = this.before;
    this.before = this;
    this.after = this;
  }

  append(node: Node): void {
    node.before = this.before;
    node.after = this;
    this.before.after = node;
    this.before = node;
  }

  /** Moves all nodes of this ring behind another, empty head. */
  moveAllTo(head: Node): void {
    if (this.after === this) return;
    head.after = this.after;
    head.before = this.before;
    head.after.before = head;
    head.before.after = head;
    this.before = this;
    this.after = this;
  }
}

class WheelDeadline extends Node implements Deadline {
  readonly #owner: Deadlines;
  readonly onExpired: () => void;
  delayMs: number;
  expiresAtMs: number;
  isPending = true;

  constructor(owner: Deadlines, delayMs: number, expiresAtMs: number, onExpired: () => void) {
    super();
    this.#owner = owner;
    this.delayMs = delayMs;
    this.expiresAtMs = expiresAtMs;
    this.onExpired = onExpired;
  }

  cancel(): void {
    this.#owner.cancel(this);
  }

  refresh(delayMs = this.delayMs): void {
    this.#owner.refresh(this, delayMs);
  }
}

export class Deadlines {
  readonly #clock: Clock;
  readonly #resolutionMs: number;
  readonly #slots = Array.from({ length: slotCount }, () => new Node());
  /** Taken out of their slot and being looked at. */
  readonly #due = new Node();
  readonly #originMs: number;
  /** The last slot that was looked at, counted from the origin without end. */
  #doneTick = 0;
  #timer: Timer | undefined;
  #pending = 0;
  #isCatchingUp = false;

  private constructor(clock: Clock, resolutionMs: number) {
    this.#clock = clock;
    this.#resolutionMs = resolutionMs;
    this.#originMs = clock.monotonic();
  }

  /** Deadlines expire at their time or up to two `resolutionMs` later, never before. */
  static open(clock: Clock, resolutionMs: number): Deadlines {
    invariant(resolutionMs > 0, "a resolution is longer than 0 ms");
    return new Deadlines(clock, resolutionMs);
  }

  /** How many deadlines are waiting. */
  get pending(): number {
    return this.#pending;
  }

  /** Calls `onExpired` once, `delayMs` from now, unless it is cancelled or refreshed before. */
  add(delayMs: number, onExpired: () => void): Deadline {
    const nowMs = this.#clock.monotonic();
    if (!this.#timer) {
      this.#doneTick = this.#tickAt(nowMs);
      this.#timer = this.#clock.after(this.#resolutionMs, this.#onTimer);
    }
    const deadline = new WheelDeadline(this, delayMs, nowMs + delayMs, onExpired);
    this.#pending++;
    this.#place(deadline);
    return deadline;
  }

  /** Called by the deadline itself. */
  refresh(deadline: WheelDeadline, delayMs: number): void {
    if (!deadline.isPending) return;
    const expiresAtMs = this.#clock.monotonic() + delayMs;
    const isSooner = expiresAtMs < deadline.expiresAtMs;
    deadline.delayMs = delayMs;
    deadline.expiresAtMs = expiresAtMs;
    // A later time is noticed when the wheel comes to the old slot; a sooner one would be noticed too late.
    if (!isSooner) return;
    deadline.unlink();
    this.#place(deadline);
  }

  /** Called by the deadline itself. */
  cancel(deadline: WheelDeadline): void {
    if (!deadline.isPending) return;
    deadline.isPending = false;
    deadline.unlink();
    this.#pending--;
  }

  /** Cancels every deadline. */
  close(): void {
    for (const slot of [...this.#slots, this.#due]) {
      for (let node = slot.after; node instanceof WheelDeadline; node = slot.after) this.cancel(node);
    }
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #tickAt(timeMs: number): number {
    return Math.floor((timeMs - this.#originMs) / this.#resolutionMs);
  }

  #place(deadline: WheelDeadline): void {
    const tick = Math.ceil((deadline.expiresAtMs - this.#originMs) / this.#resolutionMs);
    this.#slots[Math.max(tick, this.#doneTick + 1) % slotCount]!.append(deadline);
  }

  readonly #onTimer = (): void => {
    // Nobody waits: the timer rests until the next `add`.
    this.#timer = this.#pending > 0 ? this.#clock.after(this.#resolutionMs, this.#onTimer) : undefined;
    const nowMs = this.#clock.monotonic();
    const nowTick = this.#tickAt(nowMs);
    if (this.#mustLetInputBeReadFirst(nowTick)) return;
    // Callbacks may add deadlines, so `#doneTick` keeps step: those go into slots that are still ahead.
    this.#doneTick = Math.max(this.#doneTick, nowTick - slotCount);
    while (this.#doneTick < nowTick) this.#lookAt(++this.#doneTick, nowMs);
  };

  /**
   * When the process itself was held up (a slow disk, a stopped virtual machine), the bytes that would have refreshed a
   * deadline are still unread: one round is skipped, so that our own pause is not taken for the peers' silence.
   */
  #mustLetInputBeReadFirst(nowTick: number): boolean {
    this.#isCatchingUp = !this.#isCatchingUp && nowTick - this.#doneTick > 3;
    return this.#isCatchingUp;
  }

  #lookAt(tick: number, nowMs: number): void {
    this.#slots[tick % slotCount]!.moveAllTo(this.#due);
    // A callback may cancel or add others, so the ring is asked anew each time; its head ends the loop.
    for (let deadline = this.#due.after; deadline instanceof WheelDeadline; deadline = this.#due.after) {
      if (deadline.expiresAtMs <= nowMs) {
        this.cancel(deadline);
        deadline.onExpired();
      } else {
        deadline.unlink();
        this.#place(deadline);
      }
    }
  }
}
