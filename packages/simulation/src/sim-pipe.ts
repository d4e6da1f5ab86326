// One direction of a simulated connection: bytes in order, cut into pieces anywhere, late, and no more of them under way
// than the receiver has room for.
import type { Timer } from "@fastdfs-ts/runtime";
import type { EventQueue } from "./event-queue.ts";
import type { Prng } from "./prng.ts";
import type { HeldTraffic, SimLink } from "./sim-link.ts";

/** What the receiver's kernel takes in before its process reads. */
const windowBytes = 128 * 1024;
/** Largest piece that arrives at once, as from a real socket. */
const pieceBytesMax = 64 * 1024;

export interface PipeReceiver {
  /** Bytes that came but were not read; they count against the window. */
  readonly unreadBytes: number;
  receiveData(bytes: Buffer): void;
  receiveEnd(): void;
  receiveReset(): void;
}

export interface PipeModules {
  readonly queue: EventQueue;
  readonly random: Prng;
  readonly link: SimLink;
}

type Piece =
  | { readonly kind: "data"; readonly atMs: number; readonly bytes: Uint8Array }
  | { readonly kind: "end"; readonly atMs: number }
  | { readonly kind: "reset"; readonly atMs: number };

export class SimPipe implements HeldTraffic {
  readonly #modules: PipeModules;
  #receiver!: PipeReceiver;
  /** Told when all that was written is under way. */
  #onEmpty: () => void = () => {};
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #isEnding = false;
  #isOver = false;
  #isReset = false;
  #underWay: Piece[] = [];
  #underWayBytes = 0;
  #timer: Timer | undefined;

  constructor(modules: PipeModules) {
    this.#modules = modules;
  }

  connect(receiver: PipeReceiver, onEmpty: () => void): void {
    this.#receiver = receiver;
    this.#onEmpty = onEmpty;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Bytes that are still the writer's own memory: they are copied when they arrive. */
  get uncopiedBytes(): number {
    return this.#waitingBytes + this.#underWayBytes;
  }

  /** True when the last byte and the end are under way. */
  get isOver(): boolean {
    return this.#isOver;
  }

  write(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.#isEnding) return;
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.pump();
  }

  /** Sends what waits, then the end. */
  end(): void {
    this.#isEnding = true;
    this.pump();
  }

  /** Drops what waits and breaks the connection. What is under way still arrives before. */
  reset(): void {
    this.dropWaiting();
    if (this.#isReset) return;
    this.#isReset = true;
    this.#isEnding = true;
    this.#isOver = true;
    this.#send({ kind: "reset", atMs: this.#arrivalMs() });
  }

  dropWaiting(): void {
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
  }

  /** Puts under way what there is room for. Called again when the receiver has read. */
  pump(): void {
    const hadWaiting = this.#waitingBytes > 0;
    for (let room = this.#room(); room > 0 && this.#waitingBytes > 0; room = this.#room()) {
      const bytes = this.#takePiece(Math.min(room, pieceBytesMax));
      this.#underWayBytes += bytes.length;
      this.#send({ kind: "data", bytes, atMs: this.#arrivalMs() });
    }
    if (this.#waitingBytes > 0) return;
    const endsNow = this.#isEnding && !this.#isOver;
    if (endsNow) {
      this.#isOver = true;
      this.#send({ kind: "end", atMs: this.#arrivalMs() });
    }
    if (hadWaiting || endsNow) this.#onEmpty();
  }

  /** The link is whole again. */
  goOn(): void {
    this.#schedule(this.#modules.link.drawDelayMs());
  }

  #room(): number {
    return windowBytes - this.#underWayBytes - this.#receiver.unreadBytes;
  }

  /** The network may cut a write anywhere; half of the time it leaves it whole. */
  #takePiece(limit: number): Uint8Array {
    const { random } = this.#modules;
    const head = this.#waiting[0]!;
    const most = Math.min(limit, head.length);
    const length = most === 1 || random.chance(0.5) ? most : 1 + random.below(most);
    if (length === head.length) this.#waiting.shift();
    else this.#waiting[0] = head.subarray(length);
    this.#waitingBytes -= length;
    return head.subarray(0, length);
  }

  #arrivalMs(): number {
    const { queue, link } = this.#modules;
    return Math.max(queue.nowMs + link.drawDelayMs(), this.#underWay.at(-1)?.atMs ?? 0);
  }

  #send(piece: Piece): void {
    this.#underWay.push(piece);
    if (!this.#timer) this.#schedule(piece.atMs - this.#modules.queue.nowMs);
  }

  #schedule(delayMs: number): void {
    this.#timer = this.#modules.queue.after(delayMs, () => this.#arrive());
  }

  #arrive(): void {
    const { queue, link } = this.#modules;
    // The timer stays set: what is sent meanwhile queues up behind.
    if (link.isCut) {
      link.hold(this);
      return;
    }
    const piece = this.#underWay.shift()!;
    this.#timer = undefined;
    const next = this.#underWay[0];
    if (next) this.#schedule(next.atMs - queue.nowMs);
    if (piece.kind === "end") this.#receiver.receiveEnd();
    else if (piece.kind === "reset") this.#receiver.receiveReset();
    else {
      this.#underWayBytes -= piece.bytes.length;
      // Copied only now, so that a sender that changes its buffer too early is found out.
      this.#receiver.receiveData(Buffer.from(piece.bytes));
      this.pump();
    }
  }
}
