// How busy a simulated machine is: what a story says, counted on virtual time. Nothing that simulated servers do counts.
import type { SystemCounters, SystemSnapshot } from "@fastdfs-ts/runtime";

/** Shares are between 0 and 1. */
export interface Busyness {
  readonly processors: number;
  readonly memory: number;
  /** Of the one device under all paths. */
  readonly disk: number;
  readonly diskBytesPerSecond: number;
  /** Received; as much is sent. */
  readonly networkBytesPerSecond: number;
}

const idle: Busyness = { processors: 0, memory: 0, disk: 0, diskBytesPerSecond: 0, networkBytesPerSecond: 0 };
const memoryBytes = 2 ** 34;
const linkBitsPerSecond = 1_000_000_000;

export class SimLoad implements SystemCounters {
  readonly #now: () => number;
  #busyness = idle;
  #countedMs: number;
  /** Milliseconds and bytes since the beginning. */
  readonly #sums = { used: 0, total: 0, diskBusyMs: 0, diskBytes: 0, networkBytes: 0 };

  /** `now` is the virtual time in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
    this.#countedMs = now();
  }

  /** From now on; what is not named stays as it is. */
  set(busyness: Partial<Busyness>): void {
    this.#count();
    this.#busyness = { ...this.#busyness, ...busyness };
  }

  watch(): () => SystemSnapshot {
    return () => {
      this.#count();
      const { used, total, diskBusyMs, diskBytes, networkBytes } = this.#sums;
      const bytes = Math.floor(networkBytes);
      return {
        processors: { used, total },
        memory: { totalBytes: memoryBytes, availableBytes: memoryBytes * (1 - this.#busyness.memory) },
        disks: [{ device: "simulated", busyMs: diskBusyMs, bytes: Math.floor(diskBytes) }],
        interfaces: [{ name: "sim0", receivedBytes: bytes, sentBytes: bytes, bitsPerSecond: linkBitsPerSecond }],
      };
    };
  }

  #count(): void {
    const passedMs = this.#now() - this.#countedMs;
    this.#countedMs += passedMs;
    const { processors, disk, diskBytesPerSecond, networkBytesPerSecond } = this.#busyness;
    this.#sums.used += processors * passedMs;
    this.#sums.total += passedMs;
    this.#sums.diskBusyMs += disk * passedMs;
    this.#sums.diskBytes += (diskBytesPerSecond * passedMs) / 1000;
    this.#sums.networkBytes += (networkBytesPerSecond * passedMs) / 1000;
  }
}
